"""The videos that ``videoprep run`` takes: files as they are named, and of a folder the videos in it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.records import natural_order
from videoprep_nb.media.suffixes import VIDEO_SUFFIXES

_MAX_NAMES = 5


@dataclass(frozen=True)
class FolderVideos:
    """What lies in a folder.

    Args:
        folder: The folder.
        videos: Its videos, in natural order.
        skipped: Names of everything else that is not hidden, in natural order; a folder's ends with a slash.
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
        return f"{self.folder}: skipped {names}; a folder gives the files in it that have a video suffix."


def read_folder(folder: Path) -> FolderVideos:
    """Find the videos in a folder by their suffixes; neither subfolders nor hidden files are read.

    Raises:
        InputError: The folder cannot be read, or holds no video.
    """
    try:
        names = natural_order(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}); nothing was started.") from None
    paths = [folder / name for name in names]
    videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()]
    if not videos:
        raise InputError(
            f"{folder} contains no videos (files such as .mp4, .mov or .avi); subfolders are not searched. "
            "Nothing was started."
        )
    return FolderVideos(
        folder, videos, [f"{path.name}/" if path.is_dir() else path.name for path in paths if path not in videos]
    )


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
