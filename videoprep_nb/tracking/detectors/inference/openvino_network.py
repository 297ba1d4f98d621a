"""The network on CPUs: exported once to OpenVINO, then run with several frames in flight."""

import importlib.metadata
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openvino as ov

from videoprep_nb.core.layout import STAGING_PREFIX, disk_full_as_error
from videoprep_nb.core.threads import thread_count
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import Weights
from videoprep_nb.tracking.detectors.inference.yolo_output import OutputReader
from videoprep_nb.tracking.ultralytics_env import cache_dir, offline_ultralytics

EXPORT_VERSION = 2
"""Raise it when the export changes, so that older files in the cache are not used."""

QUANTIZATION_VERSION = 1
"""The same for what is made of it in INT8."""

_PRECISION_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}  # of int8, what is not quantised


class OpenVinoNetwork:
    """A network compiled for one input size.

    Args:
        weights: The weights.
        width: Width of the input in pixels.
        height: Height of the input in pixels.
        precision: ``float32``, ``bfloat16`` or ``int8``.
    """

    def __init__(self, weights: Weights, width: int, height: int, precision: Precision) -> None:
        model_path = quantized_model(weights) if precision == "int8" else exported_model(weights)
        self._queue = ov.AsyncInferQueue(compile_network(model_path, width, height, precision))

    def run(self, frames: Iterable[RgbFrame], letterbox: Letterbox, read: OutputReader) -> list[FrameDetections]:
        """Run the network on frames.

        Args:
            frames: ``(h, w, 3)`` uint8 RGB; taken one by one, while earlier ones are in the network.
            letterbox: Puts a frame into the input.
            read: Makes detections of the output ``(4 + C, N)`` for one frame; called while others are in the network.

        Returns:
            The detections, in the order of the frames.
        """
        found: dict[int, FrameDetections] = {}

        def finish(request: ov.InferRequest, index: int) -> None:
            found[index] = read(request.get_output_tensor(0).data[0])

        self._queue.set_callback(finish)
        for index, frame in enumerate(frames):
            # The request that comes free next is the one that the next start takes.
            request = self._queue[self._queue.get_idle_request_id()]
            letterbox.draw(frame, request.get_input_tensor(0).data[0])
            self._queue.start_async(userdata=index)
        self._queue.wait_all()
        return [found[index] for index in range(len(found))]


def compile_network(
    model_path: Path, width: int, height: int, precision: Precision, hint: str = "THROUGHPUT"
) -> ov.CompiledModel:
    """Compile an exported network for whole images, ``(1, height, width, 3)`` uint8 RGB.

    Args:
        model_path: The ``.xml`` file.
        width: Width of the images in pixels.
        height: Height of the images in pixels.
        precision: ``float32``, ``bfloat16`` or ``int8``.
        hint: OpenVINO's performance hint. ``THROUGHPUT`` works on several frames at once; on two cores that is a
            quarter faster than ``LATENCY``, both cores on one frame.
    """
    core = ov.Core()
    model = core.read_model(model_path)
    model.reshape([1, 3, height, width])
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    options = {
        "PERFORMANCE_HINT": hint,
        "INFERENCE_PRECISION_HINT": _PRECISION_HINTS[precision],
        "INFERENCE_NUM_THREADS": thread_count(),
        # else the threads of every process are bound to the first cores, and tasks side by side share them
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(steps.build(), "CPU", options)


def exported_model(weights: Weights) -> Path:
    """The weights as an OpenVINO model in the user's cache, exported now if it is not there yet (seconds, once)."""
    version = importlib.metadata.version("ultralytics")
    stem = re.sub(r"[^\w.-]", "_", weights.path.stem)  # OpenVINO knows no bytes that are not UTF-8
    name = f"{stem}-{weights.key}-ultralytics-{version}-export-{EXPORT_VERSION}"
    model_path = cache_dir() / "openvino" / f"{name}.xml"
    if not model_path.is_file():
        _export(weights, model_path)
    return model_path


def quantized_model(weights: Weights) -> Path:
    """The exported weights in INT8, in the same cache, quantised now if they are not there yet (a minute, once)."""
    exported = exported_model(weights)
    version = importlib.metadata.version("nncf")
    model_path = exported.with_name(f"{exported.stem}-int8-{QUANTIZATION_VERSION}-nncf-{version}.xml")
    if not model_path.is_file():
        from videoprep_nb.tracking.detectors.inference.quantize import quantize

        with _staging(model_path) as staging:
            ov.save_model(quantize(ov.Core().read_model(exported)), staging / model_path.name)
            _publish(staging, model_path)
    return model_path


def _export(weights: Weights, model_path: Path) -> None:
    with _staging(model_path) as staging:
        with offline_ultralytics():
            yolo = load_person_model(weights)
            yolo.model.pt_path = str(staging / model_path.with_suffix(".pt").name)  # ultralytics writes beside this
            exported = Path(yolo.export(format="openvino", dynamic=True, verbose=False))
        _publish(exported, model_path)


@contextmanager
def _staging(model_path: Path) -> Iterator[Path]:
    """A folder beside a model: two processes may make it at once, and the second replaces like by like."""
    folder = model_path.parent
    folder.mkdir(parents=True, exist_ok=True)
    with disk_full_as_error(folder), tempfile.TemporaryDirectory(dir=folder, prefix=STAGING_PREFIX) as staging:
        yield Path(staging)


def _publish(folder: Path, model_path: Path) -> None:
    # The .xml makes the pair complete, so it comes last.
    for suffix in (".bin", ".xml"):
        next(folder.glob(f"*{suffix}")).replace(model_path.with_suffix(suffix))
