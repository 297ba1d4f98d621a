"""Which frame of a raw file each frame of its standard video shows, as time stamps."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


def write_frame_times(path: Path, times_s: Times, stamps_s: Times) -> None:
    """Write the times of the frames of a raw file, in the order in which they are shown.

    Args:
        path: The file to write.
        times_s: ``(N,)`` seconds on one clock.
        stamps_s: ``(N,)`` presentation time stamps as the file has them; they differ where its clock restarted.
    """
    order = np.argsort(times_s, kind="stable")
    with path.open("wb") as file:
        np.save(file, np.stack([times_s[order], stamps_s[order]]))


def read_frame_times(path: Path) -> tuple[Times, Times]:
    """Times and stamps as ``write_frame_times`` wrote them."""
    times_s, stamps_s = np.load(path, allow_pickle=False)
    return times_s, stamps_s


def source_stamps(times_s: Times, stamps_s: Times, rate: Fraction, frame_count: int) -> Times:
    """The stamp of the source frame that each frame of the standard video shows.

    ffmpeg's filter ``fps`` puts each source frame into the nearest slot of the new rate and repeats it until the next
    one; of several in a slot the last one stays.

    Args:
        times_s: ``(N,)`` times of the source frames in seconds, ascending.
        stamps_s: ``(N,)`` their stamps in seconds.
        rate: Frames per second of the standard video.
        frame_count: Frames of the standard video.

    Returns:
        ``(frame_count,)`` seconds; NaN if the file has no stamps.

    Example:
        >>> import numpy as np
        >>> source_stamps(np.array([0, 0.04, 0.2]), np.array([7, 7.04, 7.2]), Fraction(10), 3).tolist()
        [7.04, 7.04, 7.2]
    """
    if not len(times_s):
        return np.full(frame_count, np.nan)
    # ffmpeg calculates with whole ticks, where half a slot is exact
    slots = np.floor(np.round((times_s - times_s[0]) * float(rate), 6) + 0.5)
    shown = np.searchsorted(slots, np.arange(frame_count), side="right") - 1
    stamps: Times = stamps_s[np.clip(shown, 0, None)]
    return stamps
