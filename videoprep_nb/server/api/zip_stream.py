"""A ZIP that is sent while it is made, so that it takes neither memory nor disk."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_PIECE_BYTES = 1024 * 1024


class _Outlet(io.RawIOBase):
    """What is written, until it is taken; it cannot go back, so zipfile never asks it to."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "io.ReadableBuffer", /) -> int:  # type: ignore[name-defined]
        """Take data from zipfile."""
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zip_pieces(files: Mapping[str, Path], change: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The pieces of a ZIP with some files.

    Args:
        files: The files by their names in the ZIP; each is held in memory.
        change: What becomes of the content of a file.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            entry = zipfile.ZipInfo.from_file(file, name)
            content = change(file.read_bytes())
            entry.file_size = len(content)
            with archive.open(entry, "w") as target:
                for start in range(0, len(content), _PIECE_BYTES):
                    target.write(content[start : start + _PIECE_BYTES])
                    yield outlet.take()
    yield outlet.take()
