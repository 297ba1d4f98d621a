"""ZIP archives whose bytes depend on their content only; nothing is deflated again."""

import shutil
import stat
import zipfile
from pathlib import Path
from typing import IO

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can hold; equal input gives equal bytes


def store(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> None:
    """Add a file without deflating it.

    Args:
        archive: The archive to add to.
        name: Name of the entry.
        source: A file that can be rewound.
    """
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.create_system = 3  # Unix, on every system, because the permissions are written its way
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.file_size = source.seek(0, 2)  # known before, so that ZIP64 is used only where it is needed
    source.seek(0)
    with archive.open(info, "w") as entry:
        shutil.copyfileobj(source, entry, 1 << 20)


def pack_folder(folder: Path, target: Path) -> None:
    """Write a ZIP of the files in a folder, in the order of their names; links are left out."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                with file.open("rb") as content:
                    store(archive, file.relative_to(folder).as_posix(), content)
