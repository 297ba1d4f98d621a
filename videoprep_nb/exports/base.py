"""What an export format is, and what it reads."""

from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from videoprep_nb.core.layout import MANIFEST_NAME
from videoprep_nb.core.options import Options
from videoprep_nb.exports.needs import Need

if TYPE_CHECKING:
    from videoprep_nb.exports.result import Result  # needs numpy, which would delay the start of the command line

ANNOTATIONS_FOLDER = "annotations"


class ExportOptions(Options):
    """Base of the options of a format: names, ranges, defaults and help."""


class Exporter(ABC):
    """Writes the result of a job in one format.

    A subclass sets ``name``, ``title`` and ``file_name``; the first line of its docstring is shown to those who choose.

    Args:
        options: Options of the type ``options_type``; None for the defaults.
    """

    name: ClassVar[str]
    """What people type: ``coco``."""
    title: ClassVar[str]
    """What people read: ``COCO``."""
    file_name: ClassVar[str]
    """Name of what it writes: ``coco.json`` for a file, ``coco/`` for a folder."""
    entry: ClassVar[str | None] = None
    """Where the file or folder goes in a package: ``annotations/coco.json``, ``annotations/coco/``, ``manifest.json``.
    None for a format that no package takes in."""
    needs: frozenset[Need] = frozenset({Need.PACKAGE})
    """What it reads. The class declares what it always reads; an instance sets more when its options ask for it."""
    options_type: ClassVar[type[ExportOptions]] = ExportOptions
    """The model of its options."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if problem := _entry_problem(cls):
            raise TypeError(f"{cls.__name__}: {problem}.")

    def __init__(self, options: ExportOptions | None = None) -> None:
        self.options = options or self.options_type()

    @property
    def writes_folder(self) -> bool:
        """True for a format of several files."""
        return self.file_name.endswith("/")

    @property
    def download_name(self) -> str:
        """Name of the one file that people download: a folder comes as a ZIP."""
        return f"{self.file_name.rstrip('/')}.zip" if self.writes_folder else self.file_name

    @abstractmethod
    def write(self, result: "Result", target: Path) -> None:
        """Write the format; equal input gives equal bytes.

        Args:
            result: The result of a job.
            target: The file to write, in a folder that exists; for a format that writes a folder, the empty folder. The
                caller publishes it under its final name afterwards, and only when nothing was raised.

        Raises:
            VideoPrepError: The result cannot be written in this format; the message says why.
        """


def _entry_problem(cls: type[Exporter]) -> str | None:
    """What is wrong with the entry that a format declares, None when nothing is."""
    entry = cls.entry
    if entry is None or entry == MANIFEST_NAME:
        return None
    path = PurePosixPath(entry)
    if path.parts[:1] != (ANNOTATIONS_FOLDER,) or len(path.parts) < 2 or ".." in path.parts:
        return f"got the entry {entry!r}, expected {MANIFEST_NAME} or a path in {ANNOTATIONS_FOLDER}/"
    if entry.endswith("/") != cls.file_name.endswith("/"):
        return f"entry {entry!r} and file_name {cls.file_name!r} must both be files or both be folders"
    return None
