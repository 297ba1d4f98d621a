"""Videos that lie on the server already, in folders that whoever runs the service has named."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.file_names import path_from_text, path_to_text
from videoprep_nb.jobs.service import Service


@dataclass(frozen=True)
class ImportEntry:
    """Something in a folder for import.

    Args:
        path: By which it is chosen: its full path, or the name of the folder for import and what comes after it.
        is_folder: Whether it is a folder; else it is a file.
        size_bytes: Size of a file, 0 for a folder.
    """

    path: Path
    is_folder: bool
    size_bytes: int


class ImportFolders:
    """The folders that videos may be taken from without an upload, and nothing outside them.

    The workspace is never among them: it holds the videos of other people.

    Args:
        service: The service, whose limits name the folders.
        shows_paths: Whether full paths are shown; else each folder is shown by its name. Both can be chosen by.
    """

    def __init__(self, service: Service, shows_paths: bool = True) -> None:
        self._roots = [root.resolve() for root in service.limits.import_roots]
        self._workspace = service.workspace.path
        self._shows_paths = shows_paths

    def entries(self, folder: str | None) -> list[ImportEntry]:
        """What lies in a folder, folders first; names that begin with a dot are left out.

        Args:
            folder: Its path, None for the folders that were named.

        Raises:
            InputError: It is not an import folder.
        """
        if folder is None:
            return [ImportEntry(self._path_to_show(root), True, 0) for root in self._roots]
        try:
            paths = sorted(self._allowed(folder).iterdir())
        except OSError as error:
            raise _cannot_be_used(folder, error.strerror or "unknown error") from error
        return sorted(self._shown(paths), key=lambda entry: not entry.is_folder)

    def file(self, path: str) -> Path:
        """A file that may be taken.

        Returns:
            Its path, without links.

        Raises:
            InputError: There is no such file, or it may not be taken.
        """
        found = self._allowed(path)
        if not found.is_file():
            raise _cannot_be_used(path, "it is not a file")
        return found

    def shown(self, file: Path) -> str:
        """By which a file is chosen that ``file`` gave."""
        return path_to_text(self._path_to_show(file))

    def _allowed(self, path: str) -> Path:
        """The path without links and ``..``, if it still lies in one of the folders; said alike whether it exists."""
        try:
            named = Path(path_from_text(path))
            for resolved in (named.resolve(), self._by_name(named).resolve()):
                if named.is_absolute() and self._is_inside(resolved) and resolved.exists():
                    return resolved
        except (OSError, ValueError, RuntimeError) as error:  # NUL bytes, endless names, links in a circle
            raise _cannot_be_used(path, "it is not a path") from error
        raise _cannot_be_used(path, "it is not in an import folder, or does not exist")

    def _names(self) -> dict[Path, Path]:
        """The folders by the names that they are shown by; the second of a name gets a number."""
        names: dict[Path, Path] = {}
        for root in self._roots:
            name, number = Path("/", root.name), 1
            while name in names:
                number += 1
                name = Path("/", f"{root.name}-{number}")
            names[name] = root
        return names

    def _path_to_show(self, path: Path) -> Path:
        if self._shows_paths:
            return path
        name, root = next((name, root) for name, root in self._names().items() if path.is_relative_to(root))
        return name / path.relative_to(root)

    def _by_name(self, named: Path) -> Path:
        """The full path of one that is shown by the name of its folder; another one as it is."""
        for name, root in self._names().items():
            if named.is_relative_to(name):
                return root / named.relative_to(name)
        return named

    def _is_inside(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in self._roots) and not path.is_relative_to(self._workspace)

    def _shown(self, paths: list[Path]) -> Iterator[ImportEntry]:
        for path in paths:
            if path.name.startswith(".") or path.is_symlink() or path == self._workspace:
                continue
            if path.is_dir():
                yield ImportEntry(self._path_to_show(path), True, 0)
            elif path.is_file():
                yield ImportEntry(self._path_to_show(path), False, path.stat().st_size)


def _cannot_be_used(path: str, reason: str) -> InputError:
    return InputError(f"{path[:200]!r} cannot be used ({reason}); choose from what /api/imports lists.")
