"""Uploads that become part of something new."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace


@contextmanager
def moved_files(workspace: Workspace, places: Mapping[Path, Path], folder: Path) -> Iterator[None]:
    """Move files to a new folder; when the block fails they are where they were, and the folder is gone.

    Args:
        workspace: The workspace that both lie in.
        places: Each file, and where it goes in the folder.
        folder: The folder.
    """
    moved: dict[Path, Path] = {}
    try:
        for path, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            moved[path] = path.replace(place)
        yield
    except BaseException:
        for path, place in moved.items():
            place.replace(path)
        remove_tree(workspace, folder)
        raise
