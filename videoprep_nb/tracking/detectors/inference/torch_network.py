"""The network on CUDA devices: torch, in batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.output import OutputReader
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import Weights
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

_BATCH_FRAMES = 32
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

    def run(self, frames: Iterable[RgbFrame], letterbox: Letterbox, read: OutputReader) -> Iterator[FrameDetections]:
        """Run the network on frames, in batches.

        Args:
            frames: ``(h, w, 3)`` uint8 RGB; taken a batch at a time.
            letterbox: Puts a frame into the input.
            read: Makes detections of the outputs for one frame.

        Yields:
            The detections, in the order of the frames.
        """
        waiting = iter(frames)
        while held := list(islice(waiting, _BATCH_FRAMES)):
            yield from (read([one]) for one in self._outputs(held, letterbox))

    def _outputs(self, frames: Sequence[RgbFrame], letterbox: Letterbox) -> npt.NDArray[np.float32]:
        inputs = np.empty((len(frames), letterbox.input_height, letterbox.input_width, 3), np.uint8)
        for frame, canvas in zip(frames, inputs, strict=True):
            letterbox.draw(frame, canvas)
        batch = torch.from_numpy(inputs).to(self._device)
        with torch.inference_mode():
            output = self._model(batch.permute(0, 3, 1, 2).to(self._dtype) / 255)[0]
        numbers: npt.NDArray[np.float32] = output.float().cpu().numpy()
        return numbers
