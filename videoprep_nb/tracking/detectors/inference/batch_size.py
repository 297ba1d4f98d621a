"""How many frames a torch network takes at once: as many as fit the memory of its device."""

from collections.abc import Callable
from typing import Any

import torch

MAX_BATCH_FRAMES = 32
_SHARE_OF_FREE = 0.8  # other tasks may come, and memory is lost between blocks


def frames_that_fit(device: Any, run_one: Callable[[], object]) -> int:
    """Frames that fit what is free of the memory of a device now, at least one.

    Args:
        device: The torch device; any but CUDA takes ``MAX_BATCH_FRAMES``.
        run_one: Runs the network on one frame, whose memory is measured.

    Returns:
        A guess: a batch that does not fit after all is to be halved.
    """
    if device.type != "cuda":
        return MAX_BATCH_FRAMES
    torch.cuda.reset_peak_memory_stats(device)
    before_bytes = torch.cuda.memory_allocated(device)
    try:
        run_one()
    except torch.OutOfMemoryError:
        return 1
    finally:
        torch.cuda.empty_cache()  # what others, and the guess, would not see as free
    frame_bytes = torch.cuda.max_memory_allocated(device) - before_bytes
    return frames_in(torch.cuda.mem_get_info(device)[0], frame_bytes)


def frames_in(free_bytes: int, frame_bytes: int) -> int:
    """Frames of a batch for which there is memory, at least one.

    Example:
        >>> frames_in(10**9, 10**8), frames_in(80 * 10**9, 10**8), frames_in(0, 10**8)
        (8, 32, 1)
    """
    return max(1, min(MAX_BATCH_FRAMES, int(_SHARE_OF_FREE * free_bytes) // max(1, frame_bytes)))
