"""The errors of the toolkit: each message says what happened, what was expected and what to do."""

from collections.abc import Sequence

from videoprep_nb.core.text import shortened

# both may hold what somebody has sent, of any length
_MAX_FIELD = 200
_MAX_REASON = 1000


class VideoPrepError(Exception):
    """Base of every error whose message is shown to users."""


class InputError(VideoPrepError):
    """A submitted file or folder cannot be used (missing, a folder, a link, unreadable)."""


class StoreDamaged(InputError):
    """The job database of a service is damaged; its jobs can be restored from their folders."""


class StoreUnavailable(VideoPrepError):
    """The job database of a service cannot be used for now: another program holds it, or its disk does not answer."""


class ProbeError(VideoPrepError):
    """A file was opened and is not a video that can be processed."""


class MemoryLimitExceeded(VideoPrepError):
    """A file needs more memory than a task may take; trying again would not help. The message has the numbers."""


class ParameterError(VideoPrepError):
    """A parameter has a value that makes no sense.

    Args:
        field: Name of the parameter, for example ``clip.clip_duration_s``.
        reason: One sentence: got X, expected Y.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = shortened(field, _MAX_FIELD)
        self.reason = shortened(reason, _MAX_REASON)
        super().__init__(f"{self.field}: {self.reason}")


class FfmpegError(VideoPrepError):
    """An ffmpeg process failed.

    Args:
        message: One sentence for the user.
        argv: The command that was run.
        stderr_tail: The last lines ffmpeg printed.
    """

    def __init__(self, message: str, argv: Sequence[str], stderr_tail: str) -> None:
        super().__init__(message)
        self.argv = list(argv)
        self.stderr_tail = stderr_tail


class ChildKilled(VideoPrepError):
    """A process that was started for the work was ended by a signal; the work may succeed when it is repeated."""


class DiskFullError(VideoPrepError):
    """The disk of the results is full."""


class StorageError(VideoPrepError):
    """An object storage refuses access, or does not answer."""


class ScratchFullError(DiskFullError):
    """The local disk is full, on which a worker keeps the scratch files of its tasks."""


class FrameCountError(VideoPrepError):
    """A written file does not hold the expected frames."""


class WeightsError(VideoPrepError):
    """The weights of a detector were not found, or are not the file they claim to be."""


class PackageError(VideoPrepError):
    """The parts of a package do not fit together."""


class NoSuchJob(VideoPrepError):
    """There is no such job, or the job has no such part (task, report, package)."""

    @classmethod
    def with_id(cls, job_id: str) -> "NoSuchJob":
        """The error for an unknown job; the same one as for the job of another user."""
        return cls(f"There is no job {job_id[:100]}; it may have been deleted.")


class NoSuchUpload(VideoPrepError):
    """The upload does not exist, or belongs to another user."""


class WrongState(VideoPrepError):
    """A job, task or upload is in a state that does not allow the request."""


class LimitExceeded(VideoPrepError):
    """A limit of the service is exceeded; the message has the numbers."""


class TooLarge(LimitExceeded):
    """A video or a job exceeds the size limit of the service."""


class TooManyJobs(LimitExceeded):
    """The queue is full for now."""


class NoRoom(LimitExceeded):
    """The disk has not enough room for the job, for now."""
