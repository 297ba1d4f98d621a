"""Networks as weights of ultralytics or as exported files, run by OpenVINO on CPUs and by torch on CUDA."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib import metadata
from typing import TYPE_CHECKING, ClassVar, Protocol

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import DetectorOptions, YoloOptions, inputs_per_frame
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.detectors.inference.checkpoint import read_class_names
from videoprep_nb.tracking.detectors.inference.device import Device, Precision, choose_device, choose_precision
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices
from videoprep_nb.tracking.detectors.inference.weights import Weights, is_packaged, resolve_weights

if TYPE_CHECKING:  # they load cv2
    from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
    from videoprep_nb.tracking.detectors.inference.network_form import NetworkForm
    from videoprep_nb.tracking.detectors.inference.output import OutputReader
    from videoprep_nb.tracking.detectors.inference.tiles import Tiling

_USUAL_IMAGE_SIZE = 640


class _Network(Protocol):
    def run(
        self, frames: Iterable[RgbFrame], letterbox: "Letterbox", read: "OutputReader"
    ) -> Iterator[FrameDetections]: ...


class _Model(Protocol):
    form: "NetworkForm"

    def for_size(self, width: int, height: int) -> _Network: ...


class YoloDetector(Detector):
    """YOLO, RT-DETR, YOLO-World and YOLOE of ultralytics; ONNX files and OpenVINO folders, also of RF-DETR and YOLOX.

    Networks for masks and poses give their boxes, too; those for rotated boxes are refused. YOLO-World and YOLOE find
    the classes that were set before they were saved. OpenVINO runs them on CPUs, torch ``.pt`` weights on CUDA;
    exported files always run on the CPU, with the input size that they were exported for.

    Weights and device are looked up when they are first needed: a ``WeightsError`` says that the weights were not
    found, a ``ParameterError`` that the machine has no such device or precision.
    """

    name: ClassVar[str] = "yolo"
    options_type: ClassVar[type[DetectorOptions]] = YoloOptions
    needs_weights: ClassVar[bool] = True
    version: ClassVar[int] = 3
    options: YoloOptions

    def __init__(self, options: YoloOptions | None = None) -> None:
        super().__init__(options)
        self._networks: dict[tuple[int, int], _Network] = {}

    @property
    def fingerprint(self) -> str:
        """Everything that the boxes depend on, apart from the frames."""
        options = self.options
        return (
            f"yolo {self.version} {self._weights.key} {options.image_size} {options.nms_iou} "
            f"{self._device} {self._precision} {options.tiles}"
        )

    @property
    def description(self) -> str:
        """Such as ``yolov8n at 640 px, 2 x 2 tiles, bfloat16 on cpu (OpenVINO)``."""
        engine = "torch" if self._device == "cuda" else "OpenVINO"
        count = self.options.tiles
        size = f"{self.image_size} px" + (f", {count} x {count} tiles" if count > 1 else "")
        return f"{self._weights.path.stem} at {size}, {self._precision} on {self._device} ({engine})"

    @property
    def frames_device(self) -> str | None:
        """``cuda`` where the network runs on it: frames are decoded there, too."""
        return "cuda" if self._device == "cuda" else None

    @property
    def cost(self) -> float:
        """It grows with the pixels that go through the network."""
        return (self.options.image_size / _USUAL_IMAGE_SIZE) ** 2 * inputs_per_frame(self.options.tiles)

    @property
    def image_size(self) -> int:
        """The option of that name, or the longer side that an exported file has no choice about."""
        fixed = self._model.form.input_size if self._weights.is_exported else None
        return max(fixed) if fixed else self.options.image_size

    def find_weights(self) -> None:
        """Find the weights, or download them, and make sure that they are of a detector of persons."""
        _ = self._weights

    def check_weights(self) -> None:
        """Detect in one frame, in a process of its own; not with what is known to work on every machine."""
        options, weights = self.options, self._weights
        usual = options.device != "cuda" and options.precision in ("auto", "float32")
        if is_packaged(weights) and usual:
            return
        from videoprep_nb.tracking.detectors.trial import try_detector

        versions = " ".join(f"{library} {metadata.version(library)}" for library in ("ultralytics", "openvino"))
        whole = options.model_copy(update={"weights": str(weights.path)})
        try_detector(self.name, whole, f"{self.version} {weights.key} {versions}")

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """The frame inside the network's input, without its bars, or that from which the tiles are cut."""
        tiling = self._tiling(width, height)
        return tiling.width, tiling.height

    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[FrameDetections]:
        """Find the persons in a batch of frames; see ``Detector.detect``."""
        return list(self.detect_each(iter(frames), frame_indices, width, height))

    def detect_each(
        self, frames: Iterator[RgbFrame], frame_indices: Iterable[int], width: int, height: int
    ) -> Iterator[FrameDetections]:
        """Find the persons in frames one after the other; see ``Detector.detect_each``."""
        from videoprep_nb.tracking.detectors.inference.output import read_outputs

        tiling = self._tiling(width, height)
        letterbox = tiling.letterbox
        network = self._network(letterbox.input_width, letterbox.input_height)
        read = partial(read_outputs, form=self._model.form, letterbox=letterbox, nms_iou=self.options.nms_iou)
        # of a frame that lies on the device, the tensor
        sampled = (getattr(frame, "pixels", frame) for _, frame in zip(frame_indices, frames, strict=False))
        return tiling.merge(network.run(tiling.inputs(sampled), letterbox, read))

    @cached_property
    def _weights(self) -> Weights:
        options = self.options
        weights = replace(
            resolve_weights(options.weights),
            person_classes=tuple(options.person_classes),
            output_layout=options.output_layout,
        )
        if weights.is_exported:
            return weights
        if options.output_layout != "auto":
            raise ParameterError(
                "output_layout", f"got {options.output_layout!r}, but .pt weights name it; choose auto"
            )
        if (names := read_class_names(weights.path)) is not None:
            person_class_indices(names, weights.person_classes, weights.path)
        return weights

    @cached_property
    def _device(self) -> Device:
        if not self._weights.is_exported:
            return choose_device(self.options.device)
        if self.options.device == "cuda":
            raise ParameterError("device", f"got 'cuda', but {self._weights.path.name} runs on the CPU; choose auto")
        return "cpu"

    @cached_property
    def _precision(self) -> Precision:
        return choose_precision(self.options.precision, self._device)

    @cached_property
    def _model(self) -> _Model:
        if self.frames_device is not None:
            from videoprep_nb.tracking.detectors.inference.torch_network import TorchNetwork

            return TorchNetwork(self._weights, self.frames_device, self._precision)
        from videoprep_nb.tracking.detectors.inference.openvino_network import OpenVinoModel

        return OpenVinoModel(self._weights, self._precision)

    def _tiling(self, width: int, height: int) -> "Tiling":
        from videoprep_nb.tracking.detectors.inference.layouts import LAYOUTS
        from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
        from videoprep_nb.tracking.detectors.inference.tiles import Tiling

        form = self._model.form
        placing = LAYOUTS[form.layout].placing
        letterbox = Letterbox.fit(width, height, self.options.image_size, form.stride_px, placing, form.input_size)
        return Tiling(letterbox, self.options.tiles)

    def _network(self, width: int, height: int) -> _Network:
        if (width, height) not in self._networks:
            self._networks[width, height] = self._model.for_size(width, height)
        return self._networks[width, height]
