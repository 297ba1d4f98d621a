"""How many threads a unit of work may use."""

import os

THREADS_VARIABLE = "VIDEOPREP_THREADS"
"""Set for every notebook of a job, so that those that run side by side do not fight over cores."""


def thread_count() -> int:
    """Threads for ffmpeg, OpenVINO, OpenCV and decoding: as told by ``VIDEOPREP_THREADS``, else one per core."""
    told = os.environ.get(THREADS_VARIABLE, "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return core_count()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
