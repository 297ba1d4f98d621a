"""Uploads that become part of something new, wholly or not at all, also when the service is killed meanwhile.

The new folder appears with a note of where each of its files is going to come from, and loses the note when everything
else is written down. A folder with a note was interrupted: the next start moves what is missing into a job, and gives
back what anything else has taken.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_folder, staging_path
from videoprep_nb.core.records import Record
from videoprep_nb.jobs.storage.retention import remove_tree
from videoprep_nb.jobs.storage.workspace import Workspace, is_real_folder

_NOTE = "moves.json"


class _Moves(Record):
    """Files on their way.

    Args:
        sources: Where each file comes from, below the workspace, by where it goes to, below the new folder.
    """

    sources: dict[str, str]


@contextmanager
def moved_files(
    workspace: Workspace, places: Mapping[Path, Path], folder: Path, fill: Callable[[Path], None]
) -> Iterator[None]:
    """Move files to a new folder; when the block fails they are where they were, and the folder is gone.

    Args:
        workspace: The workspace that both lie in.
        places: Each file, and where it goes in the folder.
        folder: The folder; it appears complete but for the files.
        fill: Called with the folder's temporary name, to write what else belongs there.
    """
    sources = {str(place.relative_to(folder)): str(path.relative_to(workspace.path)) for path, place in places.items()}
    with staged_folder(folder) as staging:
        fill(staging)
        for name in sources:
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
        _Moves(sources=sources).write(staging / _NOTE)
    moved: dict[Path, Path] = {}
    try:
        for path, place in places.items():
            moved[path] = path.replace(place)
        yield
    except BaseException:
        for path, place in moved.items():
            place.replace(path)
        # its name goes at once: what is left of it when the service is killed here must not become a job
        remove_tree(workspace, folder.rename(staging_path(folder)))
        raise
    (folder / _NOTE).unlink()


def finish_moves(workspace: Workspace) -> None:
    """Move on what was on its way into a job, and move back what was on its way to anything else.

    Args:
        workspace: A workspace that is locked, in which nobody works yet, and whose claimed uploads were not given back.
    """
    for folder in workspace.job_paths():
        _finish(workspace, folder, is_forward=True)
    if is_real_folder(workspace.uploads_dir):
        for folder in sorted(workspace.uploads_dir.iterdir()):
            _finish(workspace, folder, is_forward=False)


def _finish(workspace: Workspace, folder: Path, is_forward: bool) -> None:
    note = folder / _NOTE
    if not is_real_folder(folder) or note.is_symlink() or not note.is_file():
        return
    try:
        moves = _Moves.read(note)
    except InputError:  # none of ours
        return
    for place, source in moves.sources.items():
        inside, outside = folder / place, workspace.path / source
        start, end = (outside, inside) if is_forward else (inside, outside)
        if start.is_file() and end.parent.is_dir() and not end.exists():
            start.replace(end)
    note.unlink()
