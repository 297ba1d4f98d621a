"""The videos that a command takes: files as they are named, and of a folder the videos in it and its subfolders."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import natural_order
from videoprep_nb.media.suffixes import VIDEO_SUFFIXES

_MAX_NAMES = 5
_RESULT_MARK = "job.json"
"""What lies in the folder of each result, beside clips that are no recordings."""
_WORKSPACE_NAME = "videoprep-workspace"


@dataclass(frozen=True)
class FolderVideos:
    """What lies in a folder.

    Args:
        folder: The folder.
        videos: Its videos, in natural order.
        skipped: Paths in the folder of all other files that are not hidden, in natural order.
    """

    folder: Path
    videos: list[Path]
    skipped: list[str]

    def describe_skipped(self) -> str:
        """One sentence that names what was skipped; empty when nothing was."""
        if not self.skipped:
            return ""
        more = len(self.skipped) - _MAX_NAMES
        names = ", ".join(self.skipped[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
        return f"{self.folder}: skipped {names}; a folder gives the files that have a video suffix."


def read_folder(folder: Path) -> FolderVideos:
    """Find the videos in a folder and its subfolders by their suffixes; what is hidden is not read.

    Raises:
        InputError: The folder cannot be read, or holds no video.
    """
    names = natural_order(str(path.relative_to(folder)) for path in _files_in(folder))
    videos = [folder / name for name in names if Path(name).suffix.lower() in VIDEO_SUFFIXES]
    if not videos:
        raise InputError(f"{folder} contains no videos (files such as .mp4, .mov or .avi). Nothing was started.")
    return FolderVideos(folder, videos, [name for name in names if Path(name).suffix.lower() not in VIDEO_SUFFIXES])


def _files_in(folder: Path) -> Iterator[Path]:
    """The files in a folder and its subfolders that are not hidden and no results of ours; links are not followed."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if _RESULT_MARK in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name != _WORKSPACE_NAME]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read ({error.strerror}); nothing was started.") from None


def expand_folders(paths: Iterable[Path]) -> tuple[list[Path], Sequence[FolderVideos]]:
    """Put the videos of a folder in its place.

    Args:
        paths: Files and folders, in the order that numbers their videos.

    Returns:
        The videos, and what the folders among the paths hold.

    Raises:
        InputError: A folder cannot be read, or holds no video.
    """
    videos: list[Path] = []
    folders = []
    for path in paths:
        if path.is_dir():
            folders.append(read_folder(path))
            videos += folders[-1].videos
        else:
            videos.append(path)
    return videos, folders
