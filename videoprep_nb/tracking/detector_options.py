"""Options of the detectors that stage 4 offers as its own parameters.

The single source of their names, ranges, defaults and help. The module imports nothing heavy, so that a page can show
the parameters. Options of other detectors stand beside the detector.
"""

from typing import Any, Literal

from pydantic import Field, field_validator

from videoprep_nb.core.options import Options

DEFAULT_DETECTOR = "yolo"

OutputLayoutName = Literal[
    "auto", "yolo", "yolo_nms_free", "end2end", "rtdetr", "yolov5", "rfdetr", "yolox", "yolox_decoded"
]
"""``auto``, or the name of a layout of ``detectors.inference.layouts``."""


class DetectorOptions(Options):
    """Base of the options of a detector: names, ranges, defaults and help."""


class YoloOptions(DetectorOptions):
    """Options of the detector ``yolo``."""

    weights: str = Field("yolov8n", description="a name such as yolov8n, a .pt or .onnx file, or an OpenVINO folder")
    person_classes: list[str] = Field(
        [], description="classes of the weights that are persons; empty: those named person, people or alike"
    )
    output_layout: OutputLayoutName = Field(
        "auto", description="output of .onnx and OpenVINO weights; auto: as the file says (ultralytics, RF-DETR)"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto, cpu (OpenVINO) or cuda (torch)")
    precision: Literal["auto", "float32", "half", "int8"] = Field(
        "auto", description="auto (half where the device has it), float32, half or int8 (cpu only)"
    )
    image_size: int = Field(640, ge=160, le=2560, multiple_of=32, description="longer side seen by YOLO, in pixels")
    tiles: int = Field(
        1, ge=1, le=4, description="for small persons, detect in n x n overlapping tiles too; 1: whole frames only"
    )
    nms_iou: float = Field(0.7, gt=0, le=1, description="overlap (IoU) above which the weaker of two boxes goes")

    @field_validator("person_classes", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """As an option, written ``name:value``, a list is a text with commas."""
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class PrecomputedOptions(DetectorOptions):
    """Options of the detector ``precomputed``."""

    detections_file: str = Field(
        "", validate_default=True, description="for precomputed: MOT det.txt of the whole standard video"
    )

    @field_validator("detections_file")
    @classmethod
    def _check_given(cls, value: str) -> str:
        if not value:
            raise ValueError("expected the file for the detector precomputed")
        return value


def inputs_per_frame(tiles: int) -> int:
    """Inputs of the network per frame: the whole frame, and its tiles if there is more than one.

    Args:
        tiles: Tiles across and down.
    """
    return 1 if tiles == 1 else 1 + tiles**2
