"""The network on CUDA devices: torch, in batches."""

from collections.abc import Iterable
from typing import Self

import numpy as np
import torch

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.output import OutputReader
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import Weights
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

_DTYPES = {"float32": torch.float32, "float16": torch.float16}


class TorchNetwork:
    """A network on a torch device.

    Args:
        weights: The weights.
        device: ``cuda``; any other torch device works.
        precision: ``float32`` or ``float16``.

    Attributes:
        form: What is known of it.
    """

    def __init__(self, weights: Weights, device: str, precision: Precision) -> None:
        self._device = torch.device(device)
        self._dtype = _DTYPES[precision]
        with offline_ultralytics():
            loaded = load_person_model(weights)
        self.form = loaded.form
        model = loaded.yolo.model
        self._model = model.fuse(verbose=False).to(self._device, self._dtype).eval()

    def for_size(self, width: int, height: int) -> Self:
        """Itself; it takes inputs of any size."""
        return self

    def run(self, frames: Iterable[RgbFrame], letterbox: Letterbox, read: OutputReader) -> list[FrameDetections]:
        """Run the network on all frames at once.

        Args:
            frames: ``(h, w, 3)`` uint8 RGB.
            letterbox: Puts a frame into the input.
            read: Makes detections of the outputs for one frame.

        Returns:
            The detections, in the order of the frames.
        """
        held = list(frames)
        inputs = np.empty((len(held), letterbox.input_height, letterbox.input_width, 3), np.uint8)
        for frame, canvas in zip(held, inputs, strict=True):
            letterbox.draw(frame, canvas)
        batch = torch.from_numpy(inputs).to(self._device)
        with torch.inference_mode():
            output = self._model(batch.permute(0, 3, 1, 2).to(self._dtype) / 255)[0]
        return [read([one]) for one in output.float().cpu().numpy()]
