"""The errors of the toolkit: each message says what was found, what was wanted and what to do."""

from collections.abc import Sequence


class VideoPrepError(Exception):
    """Base of every error that is meant to be read by the person who started the work."""


class InputError(VideoPrepError):
    """A file or folder that was handed in cannot be used (missing, a folder, a link, unreadable)."""


class ProbeError(VideoPrepError):
    """A file was opened and is not a video that can be processed."""


class ParameterError(VideoPrepError):
    """A parameter has a value that makes no sense.

    Args:
        field: Name of the parameter, for example ``clip.clip_duration_s``.
        reason: One sentence: what was found and what is wanted.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


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


class DiskFullError(VideoPrepError):
    """There was no room left on the disk that the results go to."""


class FrameCountError(VideoPrepError):
    """A file that we wrote does not hold the frames that it must hold."""


class WeightsError(VideoPrepError):
    """The weights of a detector were not found, or are not the file they claim to be."""


class PackageError(VideoPrepError):
    """The parts of a package do not fit together."""


class NoSuchJob(VideoPrepError):
    """There is no such job, or it has no such part (unit, report, package)."""

    @classmethod
    def with_id(cls, job_id: str) -> "NoSuchJob":
        """The error for a job that does not exist; for one of somebody else it has to be the very same."""
        return cls(f"There is no job {job_id[:100]}; it may have been deleted.")


class NoSuchUpload(VideoPrepError):
    """There is no such upload, or none of this user."""


class WrongState(VideoPrepError):
    """A job, unit or upload is not in a state in which what was asked for makes sense."""


class LimitExceeded(VideoPrepError):
    """Something is larger, or more numerous, than the service takes; the message has the numbers."""


class TooLarge(LimitExceeded):
    """A video, or a job, is larger than the service takes; it never will be taken."""


class TooManyJobs(LimitExceeded):
    """So many jobs are waiting that no other is taken for now."""


class NoRoom(LimitExceeded):
    """The disk has not enough room for the job, for now."""
