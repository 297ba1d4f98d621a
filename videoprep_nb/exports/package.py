"""Writing ``final_package.zip`` (FORMATS, section 1)."""

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import PROPOSALS_NAME, video_id_of_clip
from videoprep_nb.exports.dense_proposals import DenseProposals

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP can hold; equal input gives equal bytes


def write_package(
    path: Path,
    proposals_file: Path,
    proposals: DenseProposals,
    frames_dir: Path,
    on_frame_packed: Callable[[], None],
) -> None:
    """Write the pickle and one zip of JPEGs per clip, in the order of the proposals, nothing deflated again.

    The bytes depend on the input only. Memory does not grow with the package.

    Args:
        path: The file to write.
        proposals_file: The pickle, copied as it is.
        proposals: What is in the pickle.
        frames_dir: Holds ``<video_id>/<clip_id>/<frame name>``.
        on_frame_packed: Called after every JPEG.

    Raises:
        PackageError: A frame of the proposals has no JPEG, or a JPEG of their clips is not in the proposals.
    """
    with zipfile.ZipFile(path, "w") as package:
        with proposals_file.open("rb") as pickled:
            _store(package, PROPOSALS_NAME, pickled)
        for clip, frames in proposals.items():
            folder = frames_dir / video_id_of_clip(clip) / clip
            _check_frames_match(clip, set(frames), folder)
            # Beside the package because /tmp may be small; nameless, so that nothing stays when we are killed.
            with tempfile.TemporaryFile(dir=path.parent) as clip_zip:
                _write_clip_zip(clip_zip, folder, frames, on_frame_packed)
                _store(package, f"frames/{clip}.zip", clip_zip)


def _check_frames_match(clip: str, names: set[str], folder: Path) -> None:
    found = {file.name for file in folder.glob("*.jpg")}
    if missing := names - found:
        raise PackageError(
            f"{clip} lacks {len(missing)} of its {len(names)} frames in {folder}, {min(missing)} first; "
            "run 03_extract_frames again."
        )
    if unknown := found - names:
        raise PackageError(
            f"{folder} holds {len(unknown)} frames that the proposals do not know, {min(unknown)} first; "
            "run 05_generate_proposals again."
        )


def _write_clip_zip(target: IO[bytes], folder: Path, names: Iterable[str], on_frame_packed: Callable[[], None]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            with (folder / name).open("rb") as jpeg:
                _store(archive, name, jpeg)
            on_frame_packed()


def _store(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> None:
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
