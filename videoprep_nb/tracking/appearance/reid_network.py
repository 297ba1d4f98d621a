"""A network for re-identification that describes persons, in an ONNX file that the user brings."""

import hashlib
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.threads import thread_count
from videoprep_nb.tracking.appearance.crops import crop_of
from videoprep_nb.tracking.detectors.inference.weights import WEIGHTS_DIR_VARIABLE

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\.onnx")
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as usual for such networks


def are_trusted(name: str) -> bool:
    """Whether people who do not run the service may name this file: only one in the weights folder, by its name."""
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    return bool(folder and _NAME.fullmatch(name) and (Path(folder) / name).is_file())


def find_weights(name: str) -> Path:
    """Find the file: a path, or a name in the weights folder.

    Raises:
        WeightsError: There is no such file.
    """
    folder = os.environ.get(WEIGHTS_DIR_VARIABLE)
    for path in [Path(name), *([Path(folder) / name] if folder else [])]:
        if path.is_file():
            return path
    raise WeightsError(f"reid_weights {name!r} were not found; give the path of an ONNX file.")


class ReidNetwork:
    """Describes persons by a network, run by OpenVINO on the processor.

    Args:
        weights: ONNX file with one input ``(N, 3, H, W)``, RGB normalised as for ImageNet, of fixed H and W, and one
            output ``(N, D)``.
    """

    def __init__(self, weights: str) -> None:
        self._weights = weights

    @property
    def fingerprint(self) -> str:
        """The content of the file."""
        return f"reid 1 {hashlib.sha256(find_weights(self._weights).read_bytes()).hexdigest()}"

    def check(self) -> None:
        """Load the network.

        Raises:
            WeightsError: The file was not found, or is not such a network.
        """
        _ = self._network

    def describe(self, frame: npt.NDArray[np.uint8], boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
        """Describe the persons in a frame; see ``Describer.describe``.

        Raises:
            WeightsError: The file was not found, or is not such a network.
        """
        network = self._network
        input_height, input_width = _sides(network.input(0), 2)
        if not len(boxes_xyxy):
            return np.zeros((0, *_sides(network.output(0), 1)), np.float16)
        crops = [cv2.resize(crop_of(frame, box), (input_width, input_height)) for box in boxes_xyxy.tolist()]
        normalised = (np.stack(crops).astype(np.float32) / 255 - _MEAN) / np.array(_DEVIATION)
        output = network([normalised.transpose(0, 3, 1, 2).astype(np.float32)])[0]
        lengths = np.linalg.norm(output, axis=1, keepdims=True)
        features: npt.NDArray[np.float16] = (output / np.maximum(lengths, 1e-6)).astype(np.float16)
        return features

    @cached_property
    def _network(self) -> Any:
        import openvino as ov

        path = find_weights(self._weights)
        core = ov.Core()
        try:
            model = core.read_model(path)
            ports = [*model.inputs, *model.outputs]
            shapes = [_sides(port, 1) for port in ports]
            if [len(shape) for shape in shapes] != [3, 1] or shapes[0][0] != 3 or min(map(min, shapes)) < 1:
                raise WeightsError(
                    f"{path} has inputs and outputs {', '.join(str(port.partial_shape) for port in ports)}; expected "
                    "an input (N, 3, H, W) of fixed height and width, and an output (N, D)."
                )
            model.reshape([-1, *shapes[0]])
            return core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": thread_count()})
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise WeightsError(f"{path} cannot be read as an ONNX network for re-identification: {reason}") from error


def _sides(port: Any, first: int) -> list[int]:
    """The sides of an input or output from one on; 0 for one that is not fixed."""
    sides = list(port.partial_shape)[first:]
    return [side.get_length() if side.is_static else 0 for side in sides]
