"""The GPUs of this machine, each of which has one worker process."""

import os
from importlib import metadata
from itertools import takewhile
from pathlib import Path

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
"""What a process may see of the GPUs; empty for none."""

_DEVICES = Path("/dev")


def visible_gpus() -> tuple[str, ...]:
    """What CUDA calls the GPUs that this process may use: values for ``CUDA_VISIBLE_DEVICES``, one per GPU.

    None where torch is a build that cannot use them. Neither torch nor a driver is loaded.
    """
    count = len(list(_DEVICES.glob("nvidia[0-9]*")))
    if not count or metadata.version("torch").endswith("+cpu"):
        return ()
    chosen = os.environ.get(GPU_VARIABLE)
    if chosen is None:
        return tuple(str(index) for index in range(count))
    return tuple(takewhile(_is_gpu, (name.strip() for name in chosen.split(","))))


def _is_gpu(name: str) -> bool:
    """Whether CUDA goes on reading its list; it ends at the first name that is none, by convention -1."""
    return name not in ("", "-1")
