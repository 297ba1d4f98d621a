"""Whose fault an error is: that of the machine, which may pass, or that of the input or of our code, which stays.

Errors of a notebook reach us as text. The number in an ``OSError`` is found there too, also in one that was the cause
of another error.
"""

import errno
import re

from videoprep_nb.core import errors
from videoprep_nb.core.file_names import visible_lines
from videoprep_nb.jobs.notebook_runner.process import Outcome, OutcomeKind

_KINDS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), OutcomeKind.DISK_FULL),
    errno.ENOMEM: OutcomeKind.OUT_OF_MEMORY,
    **dict.fromkeys(
        (
            *(errno.EMFILE, errno.ENFILE),  # no free file descriptor
            errno.EAGAIN,  # no process or thread more
            *(errno.EIO, errno.EROFS, errno.ENODEV, errno.ENXIO),  # a disk with faults, or one that is gone
            *(errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOLCK),  # one behind a network
        ),
        OutcomeKind.TROUBLE,
    ),
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")
_NO_MEMORY = ("DefaultCPUAllocator: can't allocate memory", "Insufficient memory", "std::bad_alloc")
"""How torch, OpenCV and OpenVINO say it."""

_NO_THREAD = "can't start new thread"


def kind_of_error(error: BaseException) -> OutcomeKind:
    """How a notebook ends that could not be run because of an error.

    Args:
        error: What was raised beside the notebook, while its process was made or its report was written.
    """
    if isinstance(error, errors.ScratchFullError):
        return OutcomeKind.SCRATCH_FULL
    if isinstance(error, errors.DiskFullError):
        return OutcomeKind.DISK_FULL
    if isinstance(error, MemoryError):
        return OutcomeKind.OUT_OF_MEMORY
    # only our own files are opened there; one that does not exist will not come
    is_of_machine = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
    otherwise = OutcomeKind.TROUBLE if is_of_machine or _NO_THREAD in str(error) else OutcomeKind.FAILED
    number = getattr(error, "errno", None)  # those of libraries have it as well
    return _KINDS.get(number, otherwise) if isinstance(number, int) else otherwise


def kind_of_cell_error(name: str, text: str, traceback: str) -> OutcomeKind:
    """How a notebook ends in one of whose cells an error was raised.

    Args:
        name: Name of its class.
        text: What it says.
        traceback: The traceback, with those of its causes.
    """
    own = getattr(errors, name, None)
    if own is not None and issubclass(own, errors.ScratchFullError):
        return OutcomeKind.SCRATCH_FULL
    if own is not None and issubclass(own, errors.DiskFullError):
        return OutcomeKind.DISK_FULL
    if own is not None and issubclass(own, errors.ChildKilled):
        return OutcomeKind.DIED
    if name == "MemoryError" or any(sign in text for sign in _NO_MEMORY):
        return OutcomeKind.OUT_OF_MEMORY
    numbers = {int(number) for number in _NUMBER.findall(f"{text}\n{traceback}")}
    if own is not None:
        numbers -= {errno.EIO}  # libav says so of files that are damaged
    kinds = {_KINDS[number] for number in numbers if number in _KINDS}
    if _NO_THREAD in text:
        kinds.add(OutcomeKind.TROUBLE)
    return next((kind for kind in OutcomeKind if kind in kinds), OutcomeKind.FAILED)


def outcome_of_error(error: BaseException, traceback: str = "") -> Outcome:
    """The outcome of a notebook that could not be run.

    Args:
        error: Why.
        traceback: For the log.
    """
    is_own = isinstance(error, errors.VideoPrepError)
    message = str(error) if is_own else f"The notebook could not be run: {type(error).__name__}: {error}"
    return Outcome(kind=kind_of_error(error), message=message, elapsed_s=0.0, traceback=visible_lines(traceback))
