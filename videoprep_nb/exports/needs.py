"""What a format may read of the result of a job."""

from enum import Enum


class Need(Enum):
    """What a format reads, and what must therefore be kept with a job."""

    PACKAGE = "package"
    """Extracted frames and dense proposals."""
    DENSE_TRACKS = "dense tracks"
    """The tracks of all frames, not only of the extracted ones."""
    CLIPS = "clips"
    """The video files of the clips."""
