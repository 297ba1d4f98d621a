"""Parameters of stage 4, track persons."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Optional, Self

from pydantic import Field, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import MULTILINE, VIDEO_ID_HELP, VIDEO_ID_PATTERN, Params, as_validation_error
from videoprep_nb.core.text import quoted
from videoprep_nb.core.timecode import sampling_stride
from videoprep_nb.tracking.detector_options import (
    DEFAULT_DETECTOR,
    DetectorOptions,
    OutputLayoutName,
    PrecomputedOptions,
    YoloOptions,
)
from videoprep_nb.tracking.params import TrackingParams

if TYPE_CHECKING:
    from videoprep_nb.tracking.appearance import Describer
    from videoprep_nb.tracking.detectors import Detector


def _option(options: type[DetectorOptions], name: str) -> Any:
    """Default, range and help of a parameter that is an option of a detector."""
    return options.model_fields[name]


class DetectPersonsParams(Params):
    """The first half of stage 4: what is sampled, and how."""

    renamed: ClassVar[dict[str, str]] = {"camera_motion": "estimate_camera_motion"}

    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    output_dir: str = Field("work/tracks", description="folder; <clip>.json go to its <video_id> folder")
    detections_dir: str = Field("work/detections", description="folder of the detections cache")
    video_id: str = Field("1", pattern=VIDEO_ID_PATTERN, description=VIDEO_ID_HELP)
    first_clip: int = Field(0, ge=0, description="first clip to work on, counted from 0")
    clip_count: Optional[int] = Field(None, ge=1, description="number of clips to work on; None: all that follow")
    part: Optional[int] = Field(
        None, ge=1, description="part of a long video to work on alone, from 1; None: all of it"
    )
    detector: str = Field(DEFAULT_DETECTOR, description="yolo, precomputed (boxes from detections_file) or a plugin")
    detector_options: list[str] = Field([], description="further options of the detector, each written name:value")
    weights: str = _option(YoloOptions, "weights")
    person_classes: list[str] = _option(YoloOptions, "person_classes")
    output_layout: OutputLayoutName = _option(YoloOptions, "output_layout")
    detections_file: str = Field("", description=PrecomputedOptions.model_fields["detections_file"].description)
    device: Literal["auto", "cpu", "cuda"] = _option(YoloOptions, "device")
    precision: Literal["auto", "float32", "half", "int8"] = _option(YoloOptions, "precision")
    image_size: int = _option(YoloOptions, "image_size")
    tiles: int = _option(YoloOptions, "tiles")
    nms_iou: float = _option(YoloOptions, "nms_iou")
    sampled_fps: float = Field(
        60.0, ge=0.1, le=240, description="frames per second to sample, at least; those between are interpolated"
    )
    frame_stride: int = Field(1, ge=1, le=100, description="sample every n-th frame at most, whatever the frame rate")
    motion_gate: bool = Field(
        False, description="detect one frame per second where nothing moves, and every sampled one around movements"
    )
    estimate_camera_motion: Literal["auto", "off", "sparse_flow"] = Field(
        "auto", description="estimate from the frames how the camera moves; auto: in clips where it does"
    )
    appearance: Literal["off", "auto", "on"] = TrackingParams.model_fields["appearance"]  # type: ignore[assignment]
    reid_weights: str = Field("", description="ONNX network that describes persons; empty: by their colours")
    reset_at_cuts: bool = Field(False, description="end all tracks at shot cuts; needs PySceneDetect")
    frames_per_second: float = Field(1.0, gt=0, le=240, description="as in 03_extract_frames, to name frames in rows")
    preview_dir: str = Field("", description="folder for a preview video and thumbnails with the tracks; empty: none")

    @model_validator(mode="after")
    def _check_detector(self) -> Self:
        """Check name and options of the detector; those of the default one are checked field by field."""
        if self.detector == DEFAULT_DETECTOR and not self.detector_options:
            return self
        try:
            self.create_detector()
        except ParameterError as error:
            raise as_validation_error(error, self) from None
        return self

    @property
    def is_of_part(self) -> bool:
        """Whether only a part of the video is worked on."""
        return self.part is not None or self.clip_count is not None

    def stride(self, rate: Fraction | float) -> int:
        """Every how many frames one is sampled in a video of so many frames per second; see ``sampling_stride``."""
        return sampling_stride(rate, self.sampled_fps, self.frame_stride)

    def create_detector(self) -> "Detector":
        """Make the detector that the parameters choose; loads neither weights nor network yet.

        An option that has the name of a parameter takes its value where that is not the parameter's default, which
        need not be the default of every detector. Other options come from ``detector_options``.

        Raises:
            ParameterError: There is no such detector or option, or a value is wrong.

        Example:
            >>> TrackPersonsParams(tiles=2).create_detector().cost
            5.0
        """
        from videoprep_nb.tracking.detectors import create_detector

        parameters = type(self).model_fields
        for text in self.detector_options:
            name = text.partition(":")[0].strip()
            if name in parameters:
                # a second way to set it would be a way around what a server allows
                reason = f"got {quoted(text)}, but {name} is a parameter itself; set that"
                raise ParameterError("detector_options", reason)
        try:
            return create_detector(self.detector, self.detector_options, self.model_dump(exclude_defaults=True))
        except ParameterError as error:
            if error.field in parameters:
                raise
            raise ParameterError("detector_options", f"{error.field}: {error.reason}") from None

    def create_describer(self) -> "Describer | None":
        """What describes the persons; None if appearance is off, or the detector reads no frames. Reads no file yet."""
        if self.appearance == "off" or not self.create_detector().reads_frames:
            return None
        if self.reid_weights:
            from videoprep_nb.tracking.appearance.reid_network import ReidNetwork

            return ReidNetwork(self.reid_weights)
        from videoprep_nb.tracking.appearance.colours import Colours

        return Colours()


class TrackPersonsParams(TrackingParams, DetectPersonsParams):
    """Stage 4: persons detected and tracked through all clips of one video."""

    original_name: str = Field("", description="file name of the video, for corrections that name it")
    corrections: str = Field(
        "",
        description="what to correct by hand, as YAML: tracks to merge, split or delete; empty: nothing",
        examples=["cam1.avi:\n- {merge: [3, 7]}\n- {split: 5, at_s: 12.4}\n- {delete: 9}"],
        json_schema_extra=MULTILINE,
    )
