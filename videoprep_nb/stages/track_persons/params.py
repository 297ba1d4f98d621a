"""Parameters of stage 4, track persons."""

from typing import Literal, Optional

from pydantic import Field, ValidationInfo, field_validator

from videoprep_nb.core.params import VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params
from videoprep_nb.tracking.params import TrackingParams


class DetectPersonsParams(Params):
    """The first half of stage 4: what is looked at, and how."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    output_dir: str = Field("work/tracks", description="folder; <clip>.json go to its <video_id> folder")
    detections_dir: str = Field("work/detections", description="folder of the detections cache")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    first_clip: int = Field(0, ge=0, description="first clip to work on, counted from 0")
    clip_count: Optional[int] = Field(None, ge=1, description="number of clips to work on; None: all that follow")
    detector: Literal["yolo", "precomputed"] = Field(
        "yolo", description="yolo, or precomputed (boxes from detections_file)"
    )
    weights: str = Field("yolov8n", description="YOLO weights: a .pt file or a name such as yolov8n")
    detections_file: str = Field("", description="for precomputed: MOT det.txt of the whole standard video")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto, cpu (OpenVINO) or cuda (torch)")
    precision: Literal["auto", "float32", "half", "int8"] = Field(
        "auto", description="auto (half where the device has it), float32, half or int8 (cpu only)"
    )
    image_size: int = Field(640, ge=160, le=2560, multiple_of=32, description="longer side seen by YOLO, in pixels")
    tiles: int = Field(1, ge=1, le=4, description="for small persons, look also at n x n overlapping tiles; 1: none")
    nms_iou: float = Field(0.7, gt=0, le=1, description="overlap (IoU) above which the weaker of two boxes goes")
    frame_stride: int = Field(1, ge=1, le=100, description="look at every n-th frame; those between are interpolated")
    camera_motion: Literal["off", "sparse_flow"] = Field(
        "off", description="off, or sparse_flow: told from the pictures, for a camera that moves"
    )
    reset_at_cuts: bool = Field(False, description="end all tracks at the cuts of a film; needs PySceneDetect")
    frames_per_second: float = Field(1.0, gt=0, le=240, description="as in 03_extract_frames, to name frames in rows")
    preview_dir: str = Field("", description="folder for a small film and pictures with the tracks; empty: none")

    @field_validator("detections_file")
    @classmethod
    def _check_detections_file(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("detector") == "precomputed" and not value:
            raise ValueError("wanted the file for the detector precomputed")
        return value


class TrackPersonsParams(TrackingParams, DetectPersonsParams):
    """Stage 4: persons detected and tracked through all clips of one video."""
