"""The network on CPUs: OpenVINO, with several frames in flight."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import cycle

import openvino as ov

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.threads import thread_count
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.layouts import LAYOUTS, OutputLayout
from videoprep_nb.tracking.detectors.inference.layouts.yolo import YoloLayout
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.openvino_models import open_model
from videoprep_nb.tracking.detectors.inference.output import OutputReader
from videoprep_nb.tracking.detectors.inference.weights import Weights

_REQUESTS_AHEAD = 2  # frames that wait in the network, so that its threads go on while detections are taken
_PRECISION_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}  # of int8, what is not quantised


class OpenVinoModel:
    """A network that is compiled for the sizes that are needed.

    Args:
        weights: The weights.
        precision: ``float32``, ``bfloat16`` or ``int8``.

    Attributes:
        form: What is known of it.
    """

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self._model, self.form = open_model(weights, precision)
        self._path, self._precision = weights.path, precision

    def for_size(self, width: int, height: int) -> "OpenVinoNetwork":
        """Compile it for inputs of one size in pixels; takes a second or so.

        Raises:
            WeightsError: It cannot be compiled.
        """
        try:
            layout = LAYOUTS[self.form.layout]
            return OpenVinoNetwork(compile_network(self._model, width, height, self._precision, layout))
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise WeightsError(f"{self._path} cannot be run on inputs of {width} x {height} px: {reason}") from error


class OpenVinoNetwork:
    """A network compiled for one input size.

    Args:
        compiled: See ``compile_network``.
    """

    def __init__(self, compiled: ov.CompiledModel) -> None:
        count = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + _REQUESTS_AHEAD
        self._requests = [compiled.create_infer_request() for _ in range(count)]
        self._output_count = len(compiled.outputs)

    def run(self, frames: Iterable[RgbFrame], letterbox: Letterbox, read: OutputReader) -> Iterator[FrameDetections]:
        """Run the network on frames, several at a time; one call after the other.

        Args:
            frames: ``(h, w, 3)`` uint8 RGB; taken one by one, while earlier ones are in the network.
            letterbox: Puts a frame into the input.
            read: Makes detections of the outputs for one frame; called while later ones are in the network.

        Yields:
            The detections, in the order of the frames.
        """
        running: deque[ov.InferRequest] = deque()
        try:
            for frame, request in zip(frames, cycle(self._requests), strict=False):
                if len(running) == len(self._requests):
                    yield self._finish(running.popleft(), read)
                letterbox.draw(frame, request.get_input_tensor(0).data[0])
                request.start_async()
                running.append(request)
            while running:
                yield self._finish(running.popleft(), read)
        finally:
            for request in running:  # whoever took the detections has left
                request.wait()

    def _finish(self, request: ov.InferRequest, read: OutputReader) -> FrameDetections:
        request.wait()
        return read([request.get_output_tensor(output).data[0] for output in range(self._output_count)])


def compile_network(
    model: ov.Model,
    width: int,
    height: int,
    precision: Precision,
    layout: type[OutputLayout] = YoloLayout,
    hint: str = "THROUGHPUT",
) -> ov.CompiledModel:
    """Compile a network for whole images, ``(1, height, width, 3)`` uint8 RGB; its outputs are float32.

    Args:
        model: The network.
        width: Width of the images in pixels.
        height: Height of the images in pixels.
        precision: ``float32``, ``bfloat16`` or ``int8``.
        layout: Its layout, which says how pixels become numbers.
        hint: OpenVINO's performance hint. ``THROUGHPUT`` works on several frames at once; on two cores that is a
            quarter faster than ``LATENCY``, both cores on one frame.
    """
    model = model.clone()
    model.reshape([1, 3, height, width])
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    numbers = steps.input().preprocess().convert_element_type(ov.Type.f32)
    if layout.is_bgr:
        steps.input().tensor().set_color_format(ov.preprocess.ColorFormat.RGB)
        numbers = numbers.convert_color(ov.preprocess.ColorFormat.BGR)
    if any(layout.mean):
        numbers = numbers.mean(list(layout.mean))
    numbers.scale(list(layout.scale) if len(set(layout.scale)) > 1 else layout.scale[0])
    for index in range(len(model.outputs)):
        steps.output(index).tensor().set_element_type(ov.Type.f32)
    options = {
        "PERFORMANCE_HINT": hint,
        "INFERENCE_PRECISION_HINT": _PRECISION_HINTS[precision],
        "INFERENCE_NUM_THREADS": thread_count(),
        # else the threads of every process are bound to the first cores, and tasks side by side share them
        "ENABLE_CPU_PINNING": False,
    }
    return ov.Core().compile_model(steps.build(), "CPU", options)
