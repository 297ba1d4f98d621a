"""The XML files of an export of CVAT: a file, or in a ZIP that is checked before anything of it is read."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from videoprep_nb.core.errors import InputError

MAX_XML_BYTES = 2 << 30
_MAX_ENTRIES = 200_000
_MAX_RATIO = 250  # exports of CVAT, in which nearly every line is like the one before, reach 80
_SMALL_BYTES = 1 << 20  # a small text may well be squeezed to nothing
_ENCRYPTED_FLAG = 0x1
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@dataclass
class XmlFile:
    """An XML file that is open for reading.

    Args:
        name: What people call it: the file, for an entry of a ZIP with the ZIP before it.
        stream: Its content.
        bytes_left: How much of it may still be read.
    """

    name: str
    stream: IO[bytes]
    bytes_left: int = MAX_XML_BYTES

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            InputError: The ZIP is damaged, or there is more than its directory says.
        """
        try:
            content = self.stream.read(size)
        except _ZIP_ERRORS as error:
            raise InputError(f"{self.name} is damaged: {error or 'it ends early'}.") from None
        self.bytes_left -= len(content)
        if self.bytes_left < 0:
            raise InputError(f"{self.name} is too large: expected {MAX_XML_BYTES:,} bytes at most.")
        return content


def open_xml_files(path: Path, name: str) -> Iterator[XmlFile]:
    """Open the XML files of an export, one after the other.

    Args:
        path: An XML file, or a ZIP with XML files in it; whatever else a ZIP holds is not read.
        name: What people call it.

    Raises:
        InputError: The file is missing, is neither of the two, or is a ZIP that is not safe to read.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            if is_zip:
                yield from _entries(name, file)
            else:
                yield XmlFile(name, file)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected an export of CVAT, XML or ZIP.") from None


def _entries(zip_name: str, file: IO[bytes]) -> Iterator[XmlFile]:
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_ERRORS as error:
        raise InputError(f"{zip_name} is damaged: {error}.") from None
    infos = archive.infolist()
    if len(infos) > _MAX_ENTRIES:
        raise InputError(f"{zip_name} holds {len(infos):,} files, expected {_MAX_ENTRIES:,} at most.")
    for info in infos:
        if problem := _problem(info):
            raise InputError(f"{zip_name} is not safe to read: {info.orig_filename[:120]!r} {problem}.")
    annotations = sorted((info for info in infos if info.filename.lower().endswith(".xml")), key=lambda i: i.filename)
    if not annotations:
        raise InputError(f"{zip_name} holds no XML file; export the task or project as CVAT for images or for video.")
    for info in annotations:
        name = f"{zip_name}/{info.filename}"
        try:
            with archive.open(info) as entry:
                yield XmlFile(name, entry, min(info.file_size, MAX_XML_BYTES))
        except _ZIP_ERRORS as error:
            raise InputError(f"{name} is damaged: {error or 'it ends early'}.") from None


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Why an archive with this entry is refused, None when it need not be."""
    parts = PurePosixPath(info.orig_filename.replace("\\", "/")).parts
    if ".." in parts or info.orig_filename.startswith(("/", "\\")) or ":" in parts[0:1]:
        return "leaves the folder"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.flag_bits & _ENCRYPTED_FLAG:
        return "is encrypted"
    if info.filename.lower().endswith(".xml") and info.file_size > MAX_XML_BYTES:
        return f"has {info.file_size:,} bytes, expected {MAX_XML_BYTES:,} at most"
    if info.file_size > max(_SMALL_BYTES, _MAX_RATIO * info.compress_size):
        return f"grows from {info.compress_size:,} to {info.file_size:,} bytes"
    return None
