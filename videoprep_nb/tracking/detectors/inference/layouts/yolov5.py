"""YOLOv5 and YOLOv7, exported to ONNX by the repositories they come from."""

from typing import ClassVar

from videoprep_nb.tracking.detectors.inference.layouts.yolox import DecodedYoloxLayout
from videoprep_nb.tracking.detectors.inference.letterbox import Placing


class YoloV5Layout(DecodedYoloxLayout):
    """The numbers of a decoded YOLOX, from frames like those of YOLO."""

    name: ClassVar[str] = "yolov5"
    placing: ClassVar[Placing] = "centre"
    is_bgr: ClassVar[bool] = False
    scale: ClassVar[tuple[float, float, float]] = (255.0, 255.0, 255.0)
