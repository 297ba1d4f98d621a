"""A ZIP that is sent while it is made, so that it takes neither memory nor disk."""

import io
import zipfile
from collections.abc import Iterator, Mapping
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


def zip_pieces(files: Mapping[str, Path]) -> Iterator[bytes]:
    """The pieces of a ZIP with some files.

    Args:
        files: The files by their names in the ZIP; they may not change meanwhile.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            with file.open("rb") as source, archive.open(zipfile.ZipInfo.from_file(file, name), "w") as target:
                while piece := source.read(_PIECE_BYTES):
                    target.write(piece)
                    yield outlet.take()
    yield outlet.take()
