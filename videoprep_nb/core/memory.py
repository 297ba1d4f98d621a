"""How much memory a task may take, and what holds it and all that it starts to that."""

import os
import resource
from pathlib import Path

import psutil

MEMORY_VARIABLE = "VIDEOPREP_MEMORY_LIMIT"
"""Bytes that a task may take; set for every notebook of a job, as those side by side share the memory."""

MEMORY_ADVICE = "raise --memory-limit if the machine has more"

_SHARE_OF_MACHINE = 0.9
_OVERDRAFT_BYTES = 10**9
_OWN_CGROUP = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")
_CGROUPS_V1 = Path("/sys/fs/cgroup/memory")


def machine_memory_bytes() -> int:
    """Memory of this machine, or of the container or control group that this process is in if that may use less."""
    limits = [file.read_text().strip() for file in _limit_files() if file.is_file()]
    return min([psutil.virtual_memory().total, *(int(limit) for limit in limits if limit.isdecimal())])


def memory_limit_bytes() -> int:
    """What a task may take: ``VIDEOPREP_MEMORY_LIMIT``, else nine tenths of the machine."""
    limit = os.environ.get(MEMORY_VARIABLE, "")
    if limit.isdecimal() and int(limit) > 0:
        return int(limit)
    return int(machine_memory_bytes() * _SHARE_OF_MACHINE)


def limit_memory(limit_bytes: int) -> None:
    """Have the system refuse this process, and each that it starts, much more memory, as on a machine that is full.

    It holds a process up that takes gigabytes between two looks of whoever watches its limit. Limited is what it may
    write to (``RLIMIT_DATA``), with something on top: libraries reserve for their threads what they never use.
    """
    limit_bytes += _OVERDRAFT_BYTES
    _, hard_limit_bytes = resource.getrlimit(resource.RLIMIT_DATA)
    if hard_limit_bytes == resource.RLIM_INFINITY or limit_bytes < hard_limit_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def resident_bytes(pid: int) -> int:
    """Memory that a process takes now, what it shares with others included; 0 when it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def gigabytes(size_bytes: float) -> str:
    """A size for messages, such as ``3.5 GB``."""
    return f"{size_bytes / 1e9:.1f} GB"


def _limit_files() -> list[Path]:
    """Where the control groups of this process say how much it may use, in both of their versions."""
    lines = _OWN_CGROUP.read_text().splitlines() if _OWN_CGROUP.is_file() else []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    groups = [_CGROUPS / own, *(_CGROUPS / own).parents]
    return [group / "memory.max" for group in groups if group.is_relative_to(_CGROUPS)] + [
        _CGROUPS_V1 / "memory.limit_in_bytes"
    ]
