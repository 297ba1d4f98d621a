"""Frames of our own videos in any order, read by decord."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import is_utf8


class RandomFrames:
    """Reads single frames of one of our own videos; only for one thread at a time.

    The file stays open between them: half the time of PyAV for a single frame, a quarter less for a few frames of a
    few seconds. Where only keyframes are read, PyAV needs less, see ``frames.read_frames_at``.

    Args:
        path: A video in the standard form.

    Raises:
        InputError: The file is missing or is no video.
    """

    def __init__(self, path: Path) -> None:
        import decord

        self._path = path
        try:
            with _text_path(path.absolute()) as name:  # an absolute path is never taken for a protocol
                self._reader = decord.VideoReader(name, num_threads=1)
        except (RuntimeError, OSError) as error:
            reason = "cannot be read as a video" if path.exists() else "does not exist"
            raise InputError(f"{path} {reason}; run the stage that writes it again.") from error

    def at(self, index: int) -> npt.NDArray[np.uint8]:
        """One frame.

        Args:
            index: Its zero-based index.

        Returns:
            ``(height, width, 3)`` uint8 RGB.

        Raises:
            InputError: The file ends before it.
        """
        if not 0 <= index < len(self._reader):
            raise InputError(f"{self._path} ends before its frame {index}; run the stage that writes it again.")
        frame: npt.NDArray[np.uint8] = self._reader[index].asnumpy()
        return frame


@contextmanager
def _text_path(path: Path) -> Iterator[str]:
    """A name by which decord, which knows no bytes, can open a file."""
    if is_utf8(str(path)):
        yield path.as_posix()
    else:
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
