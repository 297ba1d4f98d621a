"""Reading ``final_package.zip`` (docs/formats.md, section 1)."""

import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, ClassVar

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import MANIFEST_NAME, PROPOSALS_NAME
from videoprep_nb.exports.dense_proposals import DenseProposals, Proposal
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.validation.findings import Findings
from videoprep_nb.exports.validation.validate_pickle import read_pickle

_MAX_PICKLE_BYTES = 256 << 20
_MAX_JPEG_BYTES = 64 << 20
_MAX_MANIFEST_BYTES = 256 << 20

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises for files that are broken in one way or another; RuntimeError for encrypted ones."""


@dataclass(frozen=True)
class PackedFrame:
    """One frame of a package with its people, a row per person in each list.

    Args:
        name: Name of its JPEG.
        clip_id: Its clip.
        boxes_xyxy: x1, y1, x2, y2 in pixels of the frame.
        scores: Confidence in (0, 1].
        track_ids: The same person has the same id in all clips of a video.
    """

    name: str
    clip_id: str
    boxes_xyxy: list[list[float]]
    scores: list[float]
    track_ids: list[int]
    _package: "Package" = field(repr=False, compare=False)

    def read_jpeg(self) -> bytes:
        """The JPEG, read from the package now.

        Raises:
            InputError: The package lacks it or is damaged.
        """
        return self._package.read_frame(self.clip_id, self.name)


@dataclass(frozen=True)
class PackedClip:
    """One clip of a package.

    Args:
        clip_id: Its name, ``1_clip_000``.
        frames: Its frames, in the order of time.
    """

    clip_id: str
    frames: list[PackedFrame]


@dataclass(frozen=True)
class Package:
    """A package that was opened; frames are read when they are asked for.

    Args:
        path: The file.
        proposals: Clip id → frame name → boxes, as in its pickle.
    """

    provides: ClassVar[frozenset[Need]] = frozenset({Need.PACKAGE})

    path: Path
    proposals: DenseProposals = field(repr=False)

    @cached_property
    def clips(self) -> list[PackedClip]:
        """The clips in order."""
        return [
            PackedClip(clip, [self._frame(clip, name, boxes) for name, boxes in frames.items()])
            for clip, frames in self.proposals.items()
        ]

    def _frame(self, clip: str, name: str, boxes: list[Proposal]) -> PackedFrame:
        return PackedFrame(
            name=name,
            clip_id=clip,
            boxes_xyxy=[box[:4] for box in boxes],
            scores=[box[4] for box in boxes],
            track_ids=[int(box[5]) for box in boxes],
            _package=self,
        )

    def frame_names(self, clip_id: str) -> Collection[str]:
        """Names of the JPEGs of a clip.

        Raises:
            InputError: The package lacks the clip or is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as package, _open_clip(package, clip_id) as entry:
                return zipfile.ZipFile(entry).namelist()
        except (*_ZIP_ERRORS, KeyError, OSError) as error:
            raise _unreadable(self.path, error) from None

    @contextmanager
    def open_clip_zip(self, clip_id: str) -> Iterator[IO[bytes]]:
        """The zip of the JPEGs of a clip.

        Raises:
            InputError: The package lacks the clip or is damaged.
        """
        with ExitStack() as opened:
            try:
                package = opened.enter_context(zipfile.ZipFile(self.path))
                entry = opened.enter_context(_open_clip(package, clip_id))
            except (*_ZIP_ERRORS, KeyError, OSError) as error:
                raise _unreadable(self.path, error) from None
            try:
                yield entry
            except (zipfile.BadZipFile, zlib.error) as error:  # what the block itself gets wrong stays its own
                raise _unreadable(self.path, error) from None

    def read_frames(self, clip_id: str) -> Iterator[tuple[str, bytes]]:
        """Name and JPEG of every frame of a clip, in order; the package is opened once for all of them.

        Raises:
            InputError: The package lacks one or is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as package, _open_clip(package, clip_id) as entry:
                frames = zipfile.ZipFile(entry)
                for name in self.proposals[clip_id]:
                    yield name, _read_entry(frames, name, _MAX_JPEG_BYTES)
        except (*_ZIP_ERRORS, KeyError, OSError) as error:
            raise _unreadable(self.path, error) from None

    def read_frame(self, clip_id: str, name: str) -> bytes:
        """The JPEG of a frame.

        Raises:
            InputError: The package lacks it or is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as package, _open_clip(package, clip_id) as entry:
                return _read_entry(zipfile.ZipFile(entry), name, _MAX_JPEG_BYTES)
        except (*_ZIP_ERRORS, KeyError, OSError) as error:
            raise _unreadable(self.path, error) from None

    def read_manifest(self) -> bytes | None:
        """The manifest in the package; None if it holds none.

        Raises:
            InputError: The package is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as package:
                if MANIFEST_NAME not in package.namelist():
                    return None
                return _read_entry(package, MANIFEST_NAME, _MAX_MANIFEST_BYTES)
        except (*_ZIP_ERRORS, OSError) as error:
            raise _unreadable(self.path, error) from None


def read_package(path: str | Path) -> Package:
    """Open a package. Its pickle is read as plain data; one that asks for any class or function is refused.

    ``validate`` finds everything that is wrong with a package; this function raises at the first thing it cannot read.

    Args:
        path: A ``final_package.zip``.

    Raises:
        InputError: The file is missing or is not a package.

    Example:
        >>> package = read_package("final_package.zip")
        >>> [(clip.clip_id, len(clip.frames)) for clip in package.clips]
        [('1_clip_000', 2), ('1_clip_001', 1), ('2_clip_000', 2)]
        >>> frame = package.clips[0].frames[0]
        >>> frame.name, frame.track_ids, frame.boxes_xyxy[0]
        ('1_clip_000_frame_0000.jpg', [1, 2], [0.0, 0.0, 10.5, 36.0])
        >>> frame.read_jpeg()[:2].hex()
        'ffd8'
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as package:
            pickled = _read_entry(package, PROPOSALS_NAME, _MAX_PICKLE_BYTES)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (*_ZIP_ERRORS, KeyError, OSError) as error:
        raise _unreadable(path, error) from None
    findings = Findings()
    proposals: DenseProposals = read_pickle(pickled, findings)  # checks its opcodes before it runs any
    for finding in findings.listed():
        raise InputError(f"{path} is not a package: {finding}.")
    return Package(path, proposals)


def _open_clip(package: zipfile.ZipFile, clip_id: str) -> IO[bytes]:
    return package.open(f"frames/{clip_id}.zip")


def _read_entry(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > max_bytes:
        raise ValueError(f"{name} has {info.file_size:,} bytes, expected {max_bytes:,} at most")
    return archive.read(info)


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    return InputError(f"{path} is not a package: {reason or 'it ends early'}.")
