"""Names of things and where they lie, and how a result appears: whole, by rename, or not at all."""

import errno
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from videoprep_nb.core.errors import DiskFullError, ScratchFullError

PACKAGE_NAME = "final_package.zip"
PROPOSALS_NAME = "dense_proposals.pkl"
LEFT_OUT_NAME = "left_out.zip"
"""Beside a package: the clips that were not kept, as a package of their own."""
LEFT_OUT_PROPOSALS_NAME = "left_out_proposals.pkl"
CLIP_TABLE_NAME = "clips.json"
FRAME_TABLE_NAME = "frames.json"
MANIFEST_NAME = "manifest.json"
"""Beside a package: where every frame comes from."""
DENSE_TRACKS_NAME = "dense_tracks.npz"
EXPORTS_FOLDER = "exports"
"""Beside a package: the formats that were asked for."""
KEPT_FOLDER = "for_exports"
"""Beside a package: dense tracks and clips, when a format asked for them."""
UNCORRECTED_FOLDER = "uncorrected_tracks"
"""Beside a package: the tracks before corrections by hand, from which it can be corrected again."""
CORRECTIONS_NAME = "corrections.yaml"
"""Beside a package: what was corrected by hand."""
CLIPS_FOLDER = "clips"
STAGING_PREFIX = ".partial-"
SCRATCH_DIR_VARIABLE = "VIDEOPREP_SCRATCH_DIR"
"""Environment variable of workers: a folder on a local disk, in which the tasks of jobs work."""
_SYNCS_AT_ONCE = 16
_MAX_STAGED_BYTES = 200  # of a name; file systems take 255 with the prefix

_CLIP_ID = re.compile(r"(?P<video>[^/]+)_clip_(?P<index>\d{3,})")


def clip_id(video_id: str, index: int) -> str:
    """Name of a clip: ``1_clip_000`` for the first clip of video 1."""
    return f"{video_id}_clip_{index:03d}"


def video_id_of_clip(clip: str) -> str:
    """The video that a clip was cut from.

    Raises:
        ValueError: The name is not that of a clip.
    """
    match = _CLIP_ID.fullmatch(clip)
    if match is None:
        raise ValueError(f"{clip!r} is not the name of a clip such as 1_clip_000")
    return match["video"]


def is_clip_id(name: str) -> bool:
    """Whether a name is that of a clip."""
    return _CLIP_ID.fullmatch(name) is not None


def frame_name(clip: str, number: int) -> str:
    """Name of an extracted frame: ``1_clip_000_frame_0000.jpg`` for the first one."""
    return f"{clip}_frame_{number:04d}.jpg"


def staging_path(path: Path) -> Path:
    """A name next to ``path`` until the file is complete; it keeps the suffix, as tools read the format from it."""
    end = os.fsdecode(os.fsencode(path.name)[-_MAX_STAGED_BYTES:])
    return path.with_name(f"{STAGING_PREFIX}{os.getpid()}-{end}")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: a loss of power must not leave a mere name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Wait until a file, or a folder and all that is in it, are on the disk."""
    if path.is_dir():
        with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:  # file systems put what waits together on the disk together
            list(pool.map(sync, (entry for entry in path.rglob("*") if not entry.is_symlink())))
    sync(path)


@contextmanager
def staged_file(path: Path, *, durable: bool = True, replace: bool = True) -> Iterator[Path]:
    """Write a file that appears under its name only when it is complete.

    Args:
        path: The final name; its folder is made when it is missing.
        durable: Whether it must outlast a loss of power from then on, which takes the disk some milliseconds.
        replace: Whether it takes the place of a file of that name; else the one that is there stays.

    Yields:
        The temporary name to write to.

    Raises:
        DiskFullError: The disk was full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = staging_path(path)
    try:
        with disk_full_as_error(path.parent):
            yield staging
            if durable:
                sync(staging)
            staging.replace(path) if replace else _add(staging, path)
            if durable:
                sync(path.parent)
    finally:
        staging.unlink(missing_ok=True)


def _add(staging: Path, path: Path) -> None:
    """Give a complete file its name, unless there is a file of that name."""
    try:
        os.link(staging, path)
    except FileExistsError:
        return
    except OSError:  # a disk without links; two that come at the same moment write the same there
        if not path.exists():
            staging.replace(path)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, where the disk allows it; a copy of it elsewhere.

    Args:
        source: The file; it must not be written to later, only replaced.
        target: The second name; its folder is made when it is missing.

    Raises:
        DiskFullError: The disk was full.
    """
    with staged_file(target) as staging:
        try:
            os.link(source.resolve(), staging)  # a link to a link would not be a file
        except OSError:  # another disk, or one without links
            shutil.copyfile(source, staging)


@contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """Fill a folder that appears under its name only when it is complete; an older one is replaced.

    Args:
        path: The final name.

    Yields:
        The temporary folder to fill; it exists and is empty.

    Raises:
        DiskFullError: The disk was full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = staging_path(path)
    try:
        with disk_full_as_error(path.parent):
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            yield staging
            sync_tree(staging)
            if path.exists():
                shutil.rmtree(path)
            staging.replace(path)
            sync(path.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def disk_full_as_error(folder: Path) -> Iterator[None]:
    """Turn "no space left" into a sentence with the numbers.

    Raises:
        DiskFullError: The block ran out of disk space or quota.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full_error(folder) from error
        raise


def disk_full_error(folder: Path) -> DiskFullError:
    """The error for a full disk, with what is free on the disk of ``folder``."""
    free_mb = shutil.disk_usage(folder).free / 1e6
    scratch_dir = os.environ.get(SCRATCH_DIR_VARIABLE)
    if scratch_dir and folder.absolute().is_relative_to(Path(scratch_dir).absolute()):
        return scratch_full_error(Path(scratch_dir))
    return DiskFullError(
        f"The disk is full: {free_mb:,.1f} MB are free where the results go. "
        "Free some space or choose another output folder, then run again."
    )


def scratch_full_error(scratch_dir: Path) -> ScratchFullError:
    """The error for a full local disk, on which tasks work."""
    free_mb = shutil.disk_usage(scratch_dir).free / 1e6
    return ScratchFullError(
        f"The disk of the scratch folder {scratch_dir} on {socket.gethostname()} is full: {free_mb:,.1f} MB are free. "
        "Free some space there."
    )
