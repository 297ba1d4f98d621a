"""How many threads a task may use."""

import os

THREADS_VARIABLE = "VIDEOPREP_THREADS"
"""Set for every notebook of a job, so that those that run side by side do not fight over cores."""


def thread_count() -> int:
    """Threads for ffmpeg, OpenVINO, OpenCV and decoding: ``VIDEOPREP_THREADS``, else one per core."""
    limit = os.environ.get(THREADS_VARIABLE, "")
    if limit.isdecimal() and int(limit) > 0:
        return int(limit)
    return core_count()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
