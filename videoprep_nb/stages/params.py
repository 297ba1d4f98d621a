"""Parameters of the stages: names, types, units, ranges, defaults and help.

This is the single source of truth. The parameter cells of the notebooks, the command line and the table in the
README follow it, and tests compare them. The module imports nothing heavy, so that a page can show it.
"""

from typing import Literal, Optional

from pydantic import Field, ValidationInfo, field_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import Params
from videoprep_nb.core.timecode import parse_rate
from videoprep_nb.tracking.params import TrackingParams

VIDEO_ID_HELP = "number of the video within the job; it begins the names of its clips and frames"


class ResizeParams(Params):
    """Stage 1: one raw video to the standard form."""

    input_file: str = Field("work/sample.mp4", description="raw video file")
    output_dir: str = Field("work/resized", description="folder for <video_id>.mp4 and <video_id>.json")
    video_id: str = Field("1", pattern=r"^[A-Za-z0-9-]{1,40}$", description=VIDEO_ID_HELP)
    original_name: str = Field("", description="name to show in the report; empty: that of the file")
    width: int = Field(1280, ge=16, le=7680, multiple_of=2, description="width in pixels, even")
    height: int = Field(720, ge=16, le=4320, multiple_of=2, description="height in pixels, even")
    fit: Literal["letterbox", "crop", "stretch"] = Field(
        "letterbox", description="letterbox (black bars), crop (cut the overhang) or stretch"
    )
    upscale: bool = Field(True, description="enlarge small pictures; otherwise they keep their size, black around")
    frame_rate: str = Field("keep", description="keep, or frames per second such as 25 or 30000/1001")
    encoder_preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = Field(
        "ultrafast", description="x264 preset, ultrafast (quick, large file) to medium (slow, small file)"
    )
    crf: int = Field(18, ge=0, le=40, description="x264 quality, 0 (lossless) to 40 (poor)")
    timeout_s: float = Field(21600.0, gt=0, description="give up after this many seconds")

    @field_validator("frame_rate")
    @classmethod
    def _check_frame_rate(cls, value: str) -> str:
        if value != "keep":
            try:
                parse_rate(value)
            except ParameterError as error:
                raise ValueError(error.reason) from None
        return value


class ClipParams(Params):
    """Stage 2: one standard video to clips."""

    input_file: str = Field("work/resized/1.mp4", description="standard video written by 01_resize")
    output_dir: str = Field("work/clips", description="folder; clips and clips.json go to its <video_id> folder")
    video_id: str = Field("1", pattern=r"^[A-Za-z0-9-]{1,40}$", description=VIDEO_ID_HELP)
    clip_duration_s: float = Field(15.0, ge=0.5, le=3600, description="length of a clip in seconds, 0.5 to 3600")
    overlap_s: float = Field(0.0, ge=0, description="seconds that a clip shares with the one before it")
    remainder: Literal["keep", "drop", "merge"] = Field(
        "keep", description="the last, shorter clip: keep it, drop it, or merge it into the one before"
    )
    start_s: float = Field(0.0, ge=0, description="leave out what comes before this second of the video")
    end_s: Optional[float] = Field(None, gt=0, description="leave out what comes after this second; without: nothing")

    @field_validator("overlap_s")
    @classmethod
    def _check_overlap(cls, value: float, info: ValidationInfo) -> float:
        duration_s = info.data.get("clip_duration_s", value + 1)
        if value >= duration_s:
            raise ValueError(f"wanted less than the {duration_s:g} s of a clip")
        return value

    @field_validator("end_s")
    @classmethod
    def _check_end(cls, value: Optional[float], info: ValidationInfo) -> Optional[float]:
        start_s = info.data.get("start_s", 0.0)
        if value is not None and value <= start_s:
            raise ValueError(f"wanted more than the {start_s:g} s at which the first clip starts")
        return value


class ExtractFramesParams(Params):
    """Stage 3: the clips of one video to JPEG frames."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    output_dir: str = Field("work/frames", description="folder; frames and frames.json go to its <video_id> folder")
    video_id: str = Field("1", pattern=r"^[A-Za-z0-9-]{1,40}$", description=VIDEO_ID_HELP)
    frames_per_second: float = Field(1.0, gt=0, le=240, description="frames to take per second of a clip")
    jpeg_quality: int = Field(95, ge=1, le=100, description="JPEG quality, 1 to 100")


class DetectPersonsParams(Params):
    """The first half of stage 4: what is looked at, and how."""

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    output_dir: str = Field("work/tracks", description="folder; <clip>.json go to its <video_id> folder")
    detections_dir: str = Field("work/detections", description="folder of the detections cache")
    video_id: str = Field("1", pattern=r"^[A-Za-z0-9-]{1,40}$", description=VIDEO_ID_HELP)
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


class GenerateProposalsParams(Params):
    """Stage 5: tracks on the extracted frames of all videos to dense proposals."""

    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    output_file: str = Field("work/dense_proposals.pkl", description="the pickle to write")
    video_ids: list[str] = Field([], description="videos to take; empty: all in frames_dir")


class PackageParams(Params):
    """Stage 6: frames and proposals to the package."""

    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    proposals_file: str = Field("work/dense_proposals.pkl", description="pickle written by 05_generate_proposals")
    output_file: str = Field("work/final_package.zip", description="the package to write")


STAGES: dict[str, type[Params]] = {
    "resize": ResizeParams,
    "clip": ClipParams,
    "extract_frames": ExtractFramesParams,
    "track_persons": TrackPersonsParams,
    "generate_proposals": GenerateProposalsParams,
    "package": PackageParams,
}
"""The stages in the order of their notebooks."""

VIDEO_STAGES = ("resize", "clip", "extract_frames", "track_persons")
"""Run once per video; the others run once per job."""


def notebook_name(stage: str) -> str:
    """File name of a stage's notebook: ``01_resize.ipynb``."""
    return f"{list(STAGES).index(stage) + 1:02d}_{stage}.ipynb"
