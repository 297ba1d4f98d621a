"""A shared folder as one task sees it on the local disk of its machine.

What is in the shared folder is linked, so of a file only what the task really reads travels. What the task has made is
copied to the shared folder in the end, file by file, and stays here, too, for later tasks on this machine. Nothing is
ever deleted in the shared folder. A file is known by its size and time of change.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from videoprep_nb.core.layout import STAGING_PREFIX, staging_path, sync

_FILES_AT_ONCE = 16  # what waits for a disk behind a network waits together
_FILES_BETWEEN_CHECKS = 64


class Mirror:
    """What a task sees of a shared folder. No other task uses it.

    Args:
        shared: The shared folder.
        here: Files of the shared folder that this machine has made, perhaps in an older state; all tasks share it.
        local: The folder of this task, on the same disk; it exists and is empty.
        places: Names of what is mirrored, directly in the folder; the empty one is all of it.
        is_left_out: Says of the name of anything in it, such as ``clips/2``, whether it is not mirrored.
    """

    def __init__(
        self, shared: Path, here: Path, local: Path, places: Set[str], is_left_out: Callable[[str], bool]
    ) -> None:
        self._shared = shared
        self._here = here
        self._local = local
        self._places = places
        self._is_left_out = is_left_out
        self._linked: dict[str, tuple[int, ...]] = {}
        """The files that were linked to those of this machine, and what they were then."""

    def link(self) -> None:
        """Link what the shared folder holds: to a file of this machine that is the same, else to the shared one.

        Files of this machine that have been deleted in the shared folder are deleted here, too.
        """
        here = dict(self._entries(self._here))
        shared = dict(self._entries(self._shared))
        for name, is_folder in shared.items():
            if is_folder:
                (self._local / name).mkdir()
            elif name not in here or not self._link_to_this_machine(name):
                (self._local / name).symlink_to(self._shared / name)
        for name in (name for name, is_folder in here.items() if not is_folder and name not in shared):
            (self._here / name).unlink(missing_ok=True)

    def hand_over(self, go_on: Callable[[], bool], places: Set[str] = frozenset({""})) -> bool:
        """Copy what is new or has changed to the shared folder, where each file appears whole.

        Args:
            go_on: Asked now and then; it stops when the answer is no.
            places: Names of what is copied, directly in the folder; the empty one is all that is mirrored.

        Returns:
            Whether all of it is there.
        """
        entries = {
            name: is_folder for name, is_folder in self._entries(self._local) if places & {name.partition("/")[0], ""}
        }
        for name, is_folder in entries.items():
            if is_folder:
                (self._shared / name).mkdir(exist_ok=True)
                (self._here / name).mkdir(parents=True, exist_ok=True)
        made = [name for name, is_folder in entries.items() if not is_folder and self._is_made_here(name)]
        with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            for start in range(0, len(made), _FILES_BETWEEN_CHECKS):
                if not go_on():
                    return False
                list(pool.map(self._hand_over, made[start : start + _FILES_BETWEEN_CHECKS]))
        for folder in {(self._shared / name).parent for name in made}:
            sync(folder)
        return True

    def _entries(self, folder: Path, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """Names of all files and folders that count, and whether each is a folder; a folder before what it holds."""
        try:
            with os.scandir(folder) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except FileNotFoundError:  # it has just been replaced, or there is none yet
            return
        for own_name, is_folder in found:
            name = prefix + own_name
            is_elsewhere = not prefix and not self._places & {name, ""}
            if is_elsewhere or own_name.startswith(STAGING_PREFIX) or self._is_left_out(name):
                continue
            yield name, is_folder
            if is_folder:
                yield from self._entries(folder / own_name, f"{name}/")

    def _link_to_this_machine(self, name: str) -> bool:
        """Link a file of this machine; False if it is not what the shared folder holds."""
        path = self._local / name
        with suppress(OSError):  # it was just deleted, to make room
            path.hardlink_to(self._here / name)
            if _state(path) == _state(self._shared / name):
                self._linked[name] = (path.stat().st_ino, *_state(path))
                return True
            path.unlink()
        return False

    def _is_made_here(self, name: str) -> bool:
        path = self._local / name
        if path.is_symlink():
            return path.readlink() != self._shared / name  # it was moved from elsewhere
        return self._linked.get(name) != (path.stat().st_ino, *_state(path))

    def _hand_over(self, name: str) -> None:
        """Copy a file, then put it where later tasks of this machine find it."""
        path, target = self._local / name, self._shared / name
        staging = _staging_path(target)
        try:
            shutil.copyfile(path, staging)
            os.utime(staging, ns=(path.stat().st_mtime_ns,) * 2)
            sync(staging)
            staging.replace(target)
        finally:
            staging.unlink(missing_ok=True)
        if not path.is_symlink():
            os.utime(path, ns=(target.stat().st_mtime_ns,) * 2)  # some disks count whole seconds
            with suppress(FileNotFoundError):  # room was just made
                path.replace(self._here / name)


def _state(path: Path) -> tuple[int, int]:
    """By what a file is known: its size in bytes, and its time of change in nanoseconds."""
    stats = path.stat()
    return stats.st_size, stats.st_mtime_ns


def _staging_path(path: Path) -> Path:
    """A name that nobody else takes, also no process with the same number on another machine."""
    name = staging_path(path).name.removeprefix(STAGING_PREFIX)
    return path.with_name(f"{STAGING_PREFIX}{secrets.token_hex(4)}-{name}")
