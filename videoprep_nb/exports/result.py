"""The result of a job as export formats read it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from videoprep_nb.core.boxes import clip_to_frame
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import (
    CLIPS_FOLDER,
    DENSE_TRACKS_NAME,
    KEPT_FOLDER,
    MANIFEST_NAME,
    PACKAGE_NAME,
    video_id_of_clip,
)
from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.exports.dense_tracks import read_dense_tracks
from videoprep_nb.exports.manifest import Manifest, inferred_manifest
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.package import Package, read_package
from videoprep_nb.tracking.tracks import Tracks


@dataclass(frozen=True)
class Result:
    """The result of a job: a package, and what else was kept.

    Args:
        package: Frames and proposals.
        described: Where every frame comes from; None: frames are taken to be one second apart.
        dense_tracks_file: The tracks of all frames; None if they were not kept.
        clips_dir: Folder that holds ``<video_id>/<clip_id>.mp4``; None if the clips were not kept.
    """

    package: Package
    described: Manifest | None = None
    dense_tracks_file: Path | None = None
    clips_dir: Path | None = None

    @property
    def provides(self) -> frozenset[Need]:
        """What can be read from it."""
        kept = {Need.DENSE_TRACKS: self.dense_tracks_file, Need.CLIPS: self.clips_dir}
        return frozenset({Need.PACKAGE, *(need for need, path in kept.items() if path is not None)})

    @property
    def proposals(self) -> DenseProposals:
        """Clip id → frame name → boxes, in the order of clips and frames."""
        return self.package.proposals

    @cached_property
    def manifest(self) -> Manifest:
        """Videos, clips, and the time of every frame.

        Raises:
            InputError: The manifest is that of another package.
        """
        if self.described is None:
            return inferred_manifest(self.proposals, *self._frame_size())
        described = {clip.clip_id: [frame.name for frame in clip.frames] for clip in self.described.clips}
        if described != {clip_id: list(frames) for clip_id, frames in self.proposals.items()}:
            raise InputError(f"The manifest describes other frames than {self.package.path} holds.")
        return self.described

    def _frame_size(self) -> tuple[int, int]:
        for clip_id, frames in self.proposals.items():
            for name in frames:
                with Image.open(io.BytesIO(self.read_frame(clip_id, name))) as image:
                    return image.size
        raise InputError(f"{self.package.path} holds no frames.")

    def read_frame(self, clip_id: str, name: str) -> bytes:
        """The JPEG of a frame.

        Raises:
            InputError: The package lacks it or is damaged.
        """
        return self.package.read_frame(clip_id, name)

    @contextmanager
    def open_clip_zip(self, clip_id: str) -> Iterator[IO[bytes]]:
        """The zip of the JPEGs of a clip, as it lies in the package.

        Raises:
            InputError: The package lacks it or is damaged.
        """
        with self.package.open_clip_zip(clip_id) as file:
            yield file

    def keyframe_tracks(self, clip_id: str) -> Tracks:
        """The people on the extracted frames of a clip; ``frame_index`` is the rank of the frame among them."""
        frames = self.proposals[clip_id].values()
        boxes = [(rank, box) for rank, frame_boxes in enumerate(frames) for box in frame_boxes]
        return Tracks.from_arrays(
            frame_index=[rank for rank, _ in boxes],
            track_id=[int(box[5]) for _, box in boxes],
            boxes_xyxy=[box[:4] for _, box in boxes],
            scores=[box[4] for _, box in boxes],
        )

    def dense_tracks(self, clip_id: str) -> Tracks:
        """The people on all frames of a clip; ``frame_index`` counts from 0 in the clip, boxes lie in the frame.

        Raises:
            InputError: They were not kept, or are damaged.
        """
        video = self.manifest.video_of[video_id_of_clip(clip_id)]
        tracks = self._all_dense_tracks.get(clip_id) or Tracks.from_arrays([], [], [], [])
        boxes = np.asarray(clip_to_frame(tracks.boxes_xyxy, video.width, video.height), np.float64)
        visible = (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
        inside = Tracks(tracks.frame_index, tracks.track_id, boxes, tracks.scores, tracks.interpolated)
        return inside.rows(np.flatnonzero(visible))

    @cached_property
    def _all_dense_tracks(self) -> dict[str, Tracks]:
        if self.dense_tracks_file is None:
            raise InputError(f"The tracks of all frames were not kept with {self.package.path}.")
        return read_dense_tracks(self.dense_tracks_file)

    def clip_file(self, clip_id: str) -> Path:
        """The video file of a clip.

        Raises:
            InputError: It was not kept.
        """
        path = None if self.clips_dir is None else self.clips_dir / video_id_of_clip(clip_id) / f"{clip_id}.mp4"
        if path is None or not path.is_file():
            raise InputError(f"The clip {clip_id} was not kept with {self.package.path}.")
        return path


def open_result(path: str | Path) -> Result:
    """Open the result of a job: its package, or its folder, which may hold more.

    Args:
        path: A ``final_package.zip``, or the folder of a job.

    Raises:
        InputError: There is no package, or it cannot be read.

    Example:
        >>> sorted(need.value for need in open_result("final_package.zip").provides)
        ['package']
    """
    path = Path(path)
    if not path.is_dir():
        package = read_package(path)
        content = package.read_manifest()
        return Result(package, None if content is None else Manifest.parse(content, f"{MANIFEST_NAME} in {path}"))
    manifest_file = path / MANIFEST_NAME
    described = Manifest.read(manifest_file) if manifest_file.exists() else None
    return Result(read_package(path / PACKAGE_NAME), described, *_kept_files(path))


def provided_by(folder: Path) -> frozenset[Need]:
    """What can be read from the folder of a job; its package is not opened.

    Args:
        folder: The folder, with a package in it.
    """
    return Result(Package(folder / PACKAGE_NAME, {}), None, *_kept_files(folder)).provides


def _kept_files(folder: Path) -> tuple[Path | None, Path | None]:
    """Dense tracks and clips; None for what was not kept."""
    tracks, clips = (folder / KEPT_FOLDER / name for name in (DENSE_TRACKS_NAME, CLIPS_FOLDER))
    return tracks if tracks.exists() else None, clips if clips.exists() else None
