"""Frames into a batch of inputs, scaled and with bars, on the device that the network runs on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from videoprep_nb.media.device_frames import on_device, scaled
from videoprep_nb.tracking.detectors.inference.letterbox import BAR_GREY, Letterbox


def draw_batch(frames: Sequence[Any], letterbox: Letterbox, device: str) -> Any:
    """Draw frames as ``Letterbox.draw`` does; a frame that must be scaled differs by at most one grey level.

    Args:
        frames: ``(h, w, 3)`` uint8 RGB, each an array or a tensor of the device.
        letterbox: Puts a frame into the input.
        device: A torch device.

    Returns:
        ``(N, input_height, input_width, 3)`` uint8, on the device.
    """
    shape = (len(frames), letterbox.input_height, letterbox.input_width, 3)
    batch = torch.full(shape, BAR_GREY, dtype=torch.uint8, device=device)
    bottom, right = letterbox.top + letterbox.scaled_height, letterbox.left + letterbox.scaled_width
    inside = batch[:, letterbox.top : bottom, letterbox.left : right]
    for frame, target in zip(frames, inside, strict=True):
        values = frame if torch.is_tensor(frame) else on_device(torch.from_numpy(np.ascontiguousarray(frame)), device)
        target.copy_(_scaled_frame(values, letterbox))
    return batch


def _scaled_frame(frame: Any, letterbox: Letterbox) -> Any:
    if frame.shape[:2] == (letterbox.scaled_height, letterbox.scaled_width):
        return frame
    return scaled(frame.permute(2, 0, 1), letterbox.scaled_width, letterbox.scaled_height).permute(1, 2, 0)
