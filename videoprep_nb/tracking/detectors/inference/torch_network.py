"""The network on CUDA devices: torch, in batches that fit the memory of the device.

A batch is in the network while the detections of the one before are read.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
import torch

from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.inference.batch_size import frames_that_fit
from videoprep_nb.tracking.detectors.inference.device import Precision
from videoprep_nb.tracking.detectors.inference.device_letterbox import draw_batch
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.output import OutputReader
from videoprep_nb.tracking.detectors.inference.person_network import load_person_model
from videoprep_nb.tracking.detectors.inference.weights import Weights
from videoprep_nb.tracking.ultralytics_env import offline_ultralytics

_DTYPES = {"float32": torch.float32, "float16": torch.float16}


@dataclass(frozen=True)
class _Outputs:
    """Outputs of a batch on their way to the processor.

    Args:
        numbers: ``(N, …)`` float32, a tensor of the processor that is still being written until ``copied``.
        copied: CUDA event; None on the processor.
    """

    numbers: Any
    copied: Any

    def read(self, read: OutputReader) -> Iterator[FrameDetections]:
        """The detections in each frame, as soon as the batch is done."""
        if self.copied is not None:
            self.copied.synchronize()
        yield from (read([numbers]) for numbers in self.numbers.numpy())


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
        with offline_ultralytics():
            loaded = load_person_model(weights)
        self.form = loaded.form
        self._model = loaded.yolo.model.fuse(verbose=False).eval()
        self._batch_frames: dict[Letterbox, int] = {}
        self._move(device, _DTYPES[precision])

    def for_size(self, width: int, height: int) -> Self:
        """Itself; it takes inputs of any size."""
        return self

    def run(self, frames: Iterable[Any], letterbox: Letterbox, read: OutputReader) -> Iterator[FrameDetections]:
        """Run the network on frames, in batches.

        Args:
            frames: ``(h, w, 3)`` uint8 RGB, each an array or a tensor of the device; up to two batches are taken ahead.
            letterbox: Puts a frame into the input.
            read: Makes detections of the outputs for one frame.

        Yields:
            The detections, in the order of the frames.
        """
        before: _Outputs | None = None
        for outputs in self._batches(iter(frames), letterbox):
            if before is not None:
                yield from before.read(read)
            before = outputs
        if before is not None:
            yield from before.read(read)

    def _batches(self, frames: Iterator[Any], letterbox: Letterbox) -> Iterator[_Outputs]:
        """The outputs of all frames, of a batch at a time; one that does not fit the memory is halved."""
        waiting: list[Any] = []
        while waiting := waiting or list(islice(frames, self._size(letterbox))):
            batch = waiting[: self._size(letterbox)]
            outputs = self._outputs_unless_full(batch, letterbox)
            if outputs is None:
                self._take_less(len(batch), letterbox)
                continue
            waiting = waiting[len(batch) :]
            yield outputs

    def _size(self, letterbox: Letterbox) -> int:
        """Frames of the next batch."""
        if letterbox not in self._batch_frames:
            blank = np.zeros((letterbox.scaled_height, letterbox.scaled_width, 3), np.uint8)
            self._batch_frames[letterbox] = frames_that_fit(self._device, lambda: self._outputs([blank], letterbox))
        return self._batch_frames[letterbox]

    def _outputs_unless_full(self, frames: Sequence[Any], letterbox: Letterbox) -> _Outputs | None:
        try:
            return self._outputs(frames, letterbox)
        except torch.OutOfMemoryError:
            return None

    def _take_less(self, frame_count: int, letterbox: Letterbox) -> None:
        """Halve the batch; where one frame is too many, go on with the processor."""
        torch.cuda.empty_cache()
        self._batch_frames[letterbox] = max(1, frame_count // 2)
        if frame_count == 1:
            warnings.warn("The memory of the GPU is full; detection goes on with the CPU, slowly.", stacklevel=2)
            self._move("cpu", torch.float32)

    def _move(self, device: str, dtype: Any) -> None:
        self._device, self._dtype = torch.device(device), dtype
        # the order in which pixels come, for which the kernels of half precision are made
        self._model = self._model.to(self._device, dtype, memory_format=torch.channels_last)

    def _outputs(self, frames: Sequence[Any], letterbox: Letterbox) -> _Outputs:
        batch = draw_batch(frames, letterbox, str(self._device))
        with torch.inference_mode():
            numbers = self._model(batch.permute(0, 3, 1, 2).to(self._dtype) / 255)[0].float()
        if self._device.type != "cuda":
            return _Outputs(numbers, None)
        on_processor = numbers.to("cpu", non_blocking=True)
        copied = torch.cuda.Event()
        copied.record()
        return _Outputs(on_processor, copied)
