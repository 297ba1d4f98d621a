"""YOLO: ultralytics weights, run by OpenVINO on CPUs and by torch on CUDA."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.detectors.device import choose_device, choose_precision
from videoprep_nb.tracking.detectors.letterbox import Letterbox
from videoprep_nb.tracking.detectors.tiles import Tiling
from videoprep_nb.tracking.detectors.weights import resolve_weights
from videoprep_nb.tracking.detectors.yolo_output import OutputReader, read_output
from videoprep_nb.tracking.params import pictures_per_frame

_CODE_VERSION = 1  # raise it when the same frames would give other boxes


class _Network(Protocol):
    def run(self, frames: Iterable[RgbFrame], letterbox: Letterbox, read: OutputReader) -> list[Detections]: ...


class YoloDetector(Detector):
    """Finds persons with a YOLO network of ultralytics (YOLOv8 and later).

    Args:
        weights: A ``.pt`` file or a name; see ``resolve_weights``.
        image_size: Longer side of the picture the network sees, in pixels.
        nms_iou: Of two boxes that overlap more than this (IoU), the weaker one goes.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``auto``, ``float32``, ``half`` or ``int8``.
        tiles: Tiles across the picture and down that are looked at beside the whole; 1 for none.

    Raises:
        WeightsError: The weights were not found.
        ParameterError: The machine has no such device or precision.
    """

    def __init__(
        self,
        weights: str = "yolov8n",
        image_size: int = 640,
        nms_iou: float = 0.7,
        device: str = "auto",
        precision: str = "auto",
        tiles: int = 1,
    ) -> None:
        self._weights = resolve_weights(weights)
        self._image_size = image_size
        self._nms_iou = nms_iou
        self._device = choose_device(device)
        self._precision = choose_precision(precision, self._device)
        self._tiles = tiles
        self.batch_size = max(1, Detector.batch_size // pictures_per_frame(tiles))
        self._networks: dict[tuple[int, int], _Network] = {}

    @property
    def fingerprint(self) -> str:
        """Everything that the boxes depend on, apart from the frames."""
        return (
            f"yolo {_CODE_VERSION} {self._weights.sha256} {self._image_size} {self._nms_iou} "
            f"{self._device} {self._precision} {self._tiles}"
        )

    @property
    def description(self) -> str:
        """Such as ``yolov8n at 640 px, 2 x 2 tiles, bfloat16 on cpu (OpenVINO)``."""
        engine = "torch" if self._device == "cuda" else "OpenVINO"
        tiles = f", {self._tiles} x {self._tiles} tiles" if self._tiles > 1 else ""
        size = f"{self._image_size} px{tiles}"
        return f"{self._weights.path.stem} at {size}, {self._precision} on {self._device} ({engine})"

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """The picture inside the network's input, without its bars, or that from which the tiles are cut."""
        tiling = self._tiling(width, height)
        return tiling.width, tiling.height

    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[Detections]:
        """Find the persons in a batch of frames; see ``Detector.detect``."""
        tiling = self._tiling(width, height)
        letterbox = tiling.letterbox
        network = self._network(letterbox.input_width, letterbox.input_height)
        read = partial(read_output, letterbox=letterbox, nms_iou=self._nms_iou)
        return tiling.merge(network.run(tiling.pictures(frames), letterbox, read))

    def _tiling(self, width: int, height: int) -> Tiling:
        return Tiling(Letterbox.fit(width, height, self._image_size), self._tiles)

    def _network(self, width: int, height: int) -> _Network:
        if (width, height) not in self._networks:
            self._networks[width, height] = self._load(width, height)
        return self._networks[width, height]

    def _load(self, width: int, height: int) -> _Network:
        if self._device == "cuda":
            from videoprep_nb.tracking.detectors.torch_network import TorchNetwork

            return TorchNetwork(self._weights, self._device, self._precision)
        from videoprep_nb.tracking.detectors.openvino_network import OpenVinoNetwork

        return OpenVinoNetwork(self._weights, width, height, self._precision)
