"""Checks of a finished package against docs/formats.md, sections 1 to 3.

This module knows nothing of the code that writes packages: what it expects is taken from the format, and read with
nothing but zipfile, pickle and PIL. A package may come from anywhere, so sizes are limited before anything is read.
"""

import io
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import IO

from PIL.JpegImagePlugin import JpegImageFile

from videoprep_nb.exports.validation.findings import Finding, Findings
from videoprep_nb.exports.validation.pickle_opcodes import PICKLE_ENTRY
from videoprep_nb.exports.validation.validate_pickle import Box, Clips, read_pickle

Size = tuple[int, int]
"""Width and height in pixels."""

_MAX_PICKLE_BYTES = 256 << 20
_MAX_JPEG_BYTES = 64 << 20
_MAX_PIXELS = 67_108_864
_MAX_INFLATED_ZIP_BYTES = 1 << 30
_MAX_DEFLATE_RATIO = 50  # an all-black JPEG of 1280×720 reaches 31, a pickle of empty frames 12
_IN_MEMORY_BYTES = 32 << 20
_ENCRYPTED_FLAG = 0x1
_FILE_HEADER_BYTES = 30  # before the name of an entry, which lies before its content

_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, NotImplementedError, OSError,
)  # fmt: skip
"""What zipfile raises for files that are broken in one way or another."""


def validate_package(
    path: Path, on_frame_checked: Callable[[], None] = lambda: None, extra_entries: Iterable[str] = ()
) -> list[Finding]:
    """Check a package entirely: entries, pickle, every box and every frame.

    Args:
        path: The package.
        on_frame_checked: Called after every frame that the pickle names.
        extra_entries: What the package may hold beside its default entries; a name that ends in a slash stands for
            everything in the folder. By default nothing.

    Returns:
        Everything that is wrong, at most 20 findings of a kind and a count of the others; empty for a good package.
    """
    findings = Findings()
    try:
        package = _open_zip(path)
    except _ZIP_ERRORS as error:
        findings.add("not-a-zip", str(path), f"cannot be read as a ZIP ({getattr(error, 'strerror', None) or error})")
    else:
        with package:
            _PackageChecker(package, findings, on_frame_checked, tuple(extra_entries)).check()
    return findings.listed()


class _PackageChecker:
    def __init__(
        self,
        package: zipfile.ZipFile,
        findings: Findings,
        on_frame_checked: Callable[[], None],
        extra_entries: tuple[str, ...],
    ) -> None:
        self._package = package
        self._findings = findings
        self._on_frame_checked = on_frame_checked
        self._extra_entries = extra_entries
        self._package_size: Size | None = None

    def check(self) -> None:
        entries = self._named_entries(self._package, "")
        clips: Clips = {}
        if PICKLE_ENTRY in entries:
            data = self._read_entry(self._package, entries[PICKLE_ENTRY], PICKLE_ENTRY, _MAX_PICKLE_BYTES)
            if data is not None:
                clips = read_pickle(data, self._findings)
        clip_entries = {clip: f"frames/{clip}.zip" for clip in clips}
        default_entries = {PICKLE_ENTRY, *clip_entries.values()}
        extra_entries = {name for name in entries.keys() - default_entries if self._is_extra(name)}
        self._compare_names(default_entries, set(entries) - extra_entries, "package")
        for name in sorted(extra_entries):
            self._check_extra(entries[name], name)
        for clip, entry_name in clip_entries.items():
            sizes: dict[str, Size] = {}
            if entry_name in entries:
                sizes = self._check_clip_zip(entries[entry_name], entry_name, set(clips[clip]))
            for name, boxes in clips[clip].items():
                self._check_boxes(name, boxes, sizes.get(name, self._package_size))

    def _is_extra(self, name: str) -> bool:
        return any(name == extra or (extra.endswith("/") and name.startswith(extra)) for extra in self._extra_entries)

    def _check_extra(self, info: zipfile.ZipInfo, where: str) -> None:
        """Check that an entry of an export format can be read; what it says is the format's own affair."""
        stored = info.compress_type == zipfile.ZIP_STORED
        if not self._may_be_read(info, where, info.file_size if stored else _MAX_INFLATED_ZIP_BYTES):
            return
        try:
            with self._package.open(info) as entry:
                while entry.read(1 << 20):
                    pass
        except _ZIP_ERRORS as error:
            self._findings.add("unreadable-entry", where, f"cannot be read ({error})")

    def _compare_names(self, expected: set[str], got: set[str], where: str) -> None:
        for name in sorted(expected - got):
            self._findings.add("missing-entry", where, f"lacks {name}")
        for name in sorted(got - expected):
            self._findings.add("extra-entry", where, f"holds {name[:120]!r}, which does not belong there")

    def _named_entries(self, archive: zipfile.ZipFile, prefix: str) -> dict[str, zipfile.ZipInfo]:
        """The entries of an archive that can be read safely, by name; all others become findings."""
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            where = f"{prefix}{info.filename[:120]}"
            if info.filename in entries:
                self._findings.add("duplicate-entry", where, "is there more than once")
            elif _is_unsafe_name(info.orig_filename):
                self._findings.add("unsafe-name", where, "is an absolute path or one that leaves the folder")
            elif info.is_dir() or not _is_regular_file(info):
                self._findings.add("not-a-file", where, "is a folder, link or device, expected files only")
            else:
                entries[info.filename] = info
        return entries

    def _may_be_read(self, info: zipfile.ZipInfo, where: str, max_bytes: int) -> bool:
        if info.flag_bits & _ENCRYPTED_FLAG:
            self._findings.add("encrypted-entry", where, "is encrypted")
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._findings.add("compressed-entry", where, f"is compressed by method {info.compress_type}")
        elif info.file_size > max_bytes:
            self._findings.add("too-large", where, f"has {info.file_size:,} bytes, expected {max_bytes:,} at most")
        elif info.file_size > _MAX_DEFLATE_RATIO * max(info.compress_size, 1024):
            message = f"unpacks {info.compress_size:,} bytes to {info.file_size:,}, which no real one does"
            self._findings.add("zip-bomb", where, message)
        else:
            return True
        return False

    def _check_stored(self, info: zipfile.ZipInfo, where: str) -> None:
        if info.compress_type == zipfile.ZIP_DEFLATED:
            self._findings.add("compressed-entry", where, "is deflated, expected stored: JPEGs are compressed already")

    def _read_entry(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, max_bytes: int) -> bytes | None:
        if not self._may_be_read(info, where, max_bytes):
            return None
        try:
            return archive.read(info)
        except _ZIP_ERRORS as error:
            self._findings.add("unreadable-entry", where, f"cannot be read ({error})")
            return None

    def _check_clip_zip(self, info: zipfile.ZipInfo, where: str, names: set[str]) -> dict[str, Size]:
        """Check the zip of a clip and return the sizes of its frames."""
        stored = info.compress_type == zipfile.ZIP_STORED
        # A stored zip is as large as the package says on disk; only a deflated one can grow.
        if not self._may_be_read(info, where, info.file_size if stored else _MAX_INFLATED_ZIP_BYTES):
            return {}
        self._check_stored(info, where)
        try:
            with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as unpacked:
                with self._package.open(info) as entry:
                    shutil.copyfileobj(entry, unpacked, 1 << 20)
                return self._check_frames(unpacked, where, names)
        except _ZIP_ERRORS as error:
            self._findings.add("unreadable-entry", where, f"cannot be read as a ZIP ({error})")
            return {}

    def _check_frames(self, clip_zip: IO[bytes], where: str, names: set[str]) -> dict[str, Size]:
        sizes: dict[str, Size] = {}
        with _open_zip(clip_zip) as archive:
            entries = self._named_entries(archive, f"{where}/")
            for name in sorted(names - set(entries)):
                self._findings.add("key-without-frame", where, f"lacks {name}, which the pickle names")
            for name in sorted(set(entries) - names):
                self._findings.add("frame-without-key", where, f"holds {name[:120]!r}, which the pickle does not name")
            for name in sorted(names & set(entries)):
                size = self._check_frame(archive, entries[name], f"{where}/{name}")
                if size is not None:
                    sizes[name] = size
                self._on_frame_checked()
        return sizes

    def _check_frame(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> Size | None:
        data = self._read_entry(archive, info, where, _MAX_JPEG_BYTES)
        if data is None:
            return None
        self._check_stored(info, where)
        try:
            size = _decoded_size(data)
        except (OSError, ValueError, SyntaxError) as error:
            self._findings.add("unreadable-jpeg", where, f"is not a whole JPEG ({error})")
            return None
        self._package_size = self._package_size or size
        if size != self._package_size:
            expected = f"{self._package_size[0]}×{self._package_size[1]} like the first frame of the package"
            self._findings.add("frame-size", where, f"has {size[0]}×{size[1]} pixels, expected {expected}")
        return size

    def _check_boxes(self, name: str, boxes: list[Box], size: Size | None) -> None:
        width, height = size or (None, None)
        for number, (x1, y1, x2, y2, score, _) in enumerate(boxes):
            where = f"{name} box {number}"
            if not (x1 < x2 and y1 < y2):
                self._findings.add("box-empty", where, f"is {[x1, y1, x2, y2]}, expected x1 < x2 and y1 < y2")
            if min(x1, y1, x2, y2) < 0 or (width and max(x1, x2) > width) or (height and max(y1, y2) > height):
                frame = f"the frame of {width}×{height}" if size else "the frame"
                self._findings.add("box-out-of-range", where, f"is {[x1, y1, x2, y2]} and leaves {frame}")
            if not 0 < score <= 1:
                self._findings.add("score-out-of-range", where, f"has score {score}, expected above 0 and up to 1")


def _decoded_size(jpeg: bytes) -> Size:
    """Size of a JPEG that was decoded to its last line.

    Raises:
        ValueError: The image is too large to be decoded.
        OSError: It is not a whole JPEG.
        SyntaxError: It is not a JPEG.
    """
    # Not Image.open: ultralytics replaces it, and its version installs a package when an image cannot be identified.
    with JpegImageFile(io.BytesIO(jpeg)) as image:
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError(f"{image.width}×{image.height} pixels are too many")
        size = image.size
        image.draft(None, (1, 1))  # read it all, and paint one of 64 pixels
        image.load()
        return size


def _open_zip(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """Open a zip none of whose entries share their bytes: a small one could unpack to anything.

    Raises:
        zipfile.BadZipFile: They do, or it is no zip.
    """
    if isinstance(file, Path) and file.exists() and not file.is_file():
        raise zipfile.BadZipFile("it is a folder, device or pipe")  # which may never end
    archive = zipfile.ZipFile(file)
    entries = sorted(archive.infolist(), key=lambda info: info.header_offset)
    for info, following in pairwise(entries):
        if info.header_offset + _FILE_HEADER_BYTES + info.compress_size > following.header_offset:
            archive.close()
            raise zipfile.BadZipFile(f"{following.filename[:120]!r} begins inside {info.filename[:120]!r}")
    return archive


def _is_unsafe_name(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "\0" in name or parts[0] == "" or parts[0].endswith(":") or ".." in parts


def _is_regular_file(info: zipfile.ZipInfo) -> bool:
    """True unless the entry says, the Unix way, that it is something else."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind in (0, stat.S_IFREG)
