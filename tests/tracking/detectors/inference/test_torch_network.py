"""The network of GPUs, run by the same code on the processor."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.photographs import bus_photograph, in_standard_frame
from videoprep_nb.tracking.detections import FrameDetections
from videoprep_nb.tracking.detectors.inference.batch_size import MAX_BATCH_FRAMES
from videoprep_nb.tracking.detectors.inference.device_letterbox import draw_batch
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox
from videoprep_nb.tracking.detectors.inference.output import read_outputs
from videoprep_nb.tracking.detectors.inference.torch_network import TorchNetwork
from videoprep_nb.tracking.detectors.inference.weights import resolve_weights

IMAGE_SIZE = 160


class SmallMemory(torch.nn.Module):  # type: ignore[misc]
    """A network on a device whose memory holds few frames, or none in half precision.

    Args:
        network: The network.
        max_frames: As many fit.
        holds_half: Whether any fit in half precision.
    """

    def __init__(self, network: Any, max_frames: int, holds_half: bool = True) -> None:
        super().__init__()
        self.network, self.max_frames, self.holds_half = network, max_frames, holds_half
        self.batches: list[int] = []

    def forward(self, inputs: Any) -> Any:
        if len(inputs) > self.max_frames or (inputs.dtype is torch.float16 and not self.holds_half):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.batches.append(len(inputs))
        return self.network(inputs)


def moved_frames(count: int) -> list[np.ndarray]:
    frame, _, _ = in_standard_frame(bus_photograph())
    return [np.roll(frame, 40 * index, axis=1) for index in range(count)]


def run(network: TorchNetwork, frames: list[Any], letterbox: Letterbox) -> list[FrameDetections]:
    read = partial(read_outputs, form=network.form, letterbox=letterbox, nms_iou=0.7)
    return list(network.run(iter(frames), letterbox, read))


@pytest.fixture
def network() -> TorchNetwork:
    return TorchNetwork(resolve_weights("yolov8n"), "cpu", "float32")


@pytest.mark.parametrize(
    "letterbox",
    [
        pytest.param(Letterbox.fit(1280, 720, 640), id="centred"),
        pytest.param(Letterbox.fit(1280, 720, 640, placing="upper_left"), id="upper-left"),
        pytest.param(Letterbox.fit(1280, 720, 640, placing="stretched"), id="stretched"),
        pytest.param(Letterbox.fit(1280, 720, 1920), id="enlarged"),
    ],
)
def test_letterbox_of_the_device_is_the_usual_one(letterbox: Letterbox) -> None:
    frame, _, _ = in_standard_frame(bus_photograph())
    ready = np.ascontiguousarray(np.resize(frame, (letterbox.scaled_height, letterbox.scaled_width, 3)))
    usual = np.empty((letterbox.input_height, letterbox.input_width, 3), np.uint8)
    batch = draw_batch([frame, ready, torch.from_numpy(ready)], letterbox, "cpu").numpy()
    letterbox.draw(frame, usual)
    assert np.abs(usual.astype(int) - batch[0]).max() <= 1
    letterbox.draw(ready, usual)
    assert np.array_equal(batch[1], usual)
    assert np.array_equal(batch[2], usual)


def test_batch_that_does_not_fit_the_memory_is_halved_and_all_frames_come_in_order(network: TorchNetwork) -> None:
    letterbox = Letterbox.fit(1280, 720, IMAGE_SIZE)
    frames = moved_frames(37)
    expected = [run(network, [frame], letterbox)[0] for frame in frames]
    network._model = small = SmallMemory(network._model, max_frames=5)
    found = run(network, frames, letterbox)
    assert small.batches == [4] * 9 + [1]  # 32 and 16 and 8 did not fit
    assert len(found) == len(expected)
    for alone, together in zip(expected, found, strict=True):
        assert together.boxes_xyxy == pytest.approx(alone.boxes_xyxy, abs=0.05)
        assert together.scores == pytest.approx(alone.scores, abs=1e-3)


def test_where_one_frame_is_too_much_for_the_device_the_processor_goes_on() -> None:
    network = TorchNetwork(resolve_weights("yolov8n"), "cpu", "float16")
    network._model = small = SmallMemory(network._model, max_frames=MAX_BATCH_FRAMES, holds_half=False)
    letterbox = Letterbox.fit(1280, 720, IMAGE_SIZE)
    with pytest.warns(UserWarning, match="memory of the GPU is full"):
        found = run(network, moved_frames(3), letterbox)
    assert len(found) == 3
    assert small.batches == [1, 1, 1]


def test_next_batch_is_in_the_network_while_one_is_read(network: TorchNetwork) -> None:
    taken = 0

    def frames() -> Iterator[np.ndarray]:
        nonlocal taken
        for frame in moved_frames(1) * (3 * MAX_BATCH_FRAMES):
            taken += 1
            yield frame

    letterbox = Letterbox.fit(1280, 720, IMAGE_SIZE)
    read = partial(read_outputs, form=network.form, letterbox=letterbox, nms_iou=0.7)
    found = network.run(frames(), letterbox, read)
    next(found)
    assert taken == 2 * MAX_BATCH_FRAMES
    assert len(list(found)) == 3 * MAX_BATCH_FRAMES - 1
