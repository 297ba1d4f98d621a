"""A copy of a package in which faces, persons and regions of the frames are unrecognizable."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.core.layout import staged_file, video_id_of_clip
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.exports.package import Package, PackedFrame, read_package
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.exports.write_package import write_package
from videoprep_nb.privacy.cover import How
from videoprep_nb.privacy.face_detector import FaceDetector
from videoprep_nb.privacy.follow import FollowOptions, follow_faces, hide_persons
from videoprep_nb.privacy.jpeg import cover_jpeg_bytes, read_jpeg
from videoprep_nb.privacy.plan import CoverPlan
from videoprep_nb.privacy.polygons import HiddenRegions
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detectors import FrameDetections, RgbFrame
from videoprep_nb.tracking.tracks import Tracks

_BATCH_FRAMES = 8
_RATE = 0.5
"""A package does not say how far apart its frames are. They count as so far apart that a person whose face was found
once has the whole head hidden wherever it was not."""


@dataclass(frozen=True)
class Hidden:
    """What is hidden, and how.

    Args:
        how: How a region is hidden.
        faces: What counts as a face, and whose heads are hidden.
        visible_ids: Ids of the persons who are not hidden as a whole; None: nobody is.
        regions: What is hidden in all frames of a video.
    """

    how: How = "blur"
    faces: FollowOptions = field(default_factory=FollowOptions)
    visible_ids: Collection[int] | None = None
    regions: HiddenRegions = field(default_factory=lambda: HiddenRegions({}))


def anonymize_package(source: Path, target: Path, hidden: Hidden, progress: ProgressCallback | None = None) -> int:
    """Write a package with the same boxes, and frames in which what is to be hidden cannot be recognized.

    Other formats that the package holds are left out: they may hold frames, too. Memory does not grow with the
    package.

    Args:
        source: A ``final_package.zip``; it stays as it is.
        target: The package to write; it appears complete.
        hidden: What is hidden.
        progress: Called with the frames that are done; each counts twice, for finding and for hiding. By default a
            progress bar.

    Returns:
        In how many frames something was hidden.

    Raises:
        InputError: The package is damaged, or a frame is no JPEG in colour.
        PackageError: The new package failed validation.
        DiskFullError: The disk was full.

    Example:
        >>> anonymize_package(Path("no_such.zip"), Path("out.zip"), Hidden())
        Traceback (most recent call last):
        videoprep_nb.core.errors.InputError: no_such.zip does not exist...
    """
    package = read_package(source)
    if target.resolve() == source.resolve():
        raise InputError(f"{target} is the package that is read; name another file to write.")
    covered = _CoveredFrames(package, hidden, progress or progress_from_environment())
    with staged_file(target) as staging:
        write_package(staging, covered)
        if findings := validate_package(staging):
            raise PackageError(f"The new package failed validation and was left out: {findings[0]}.")
    return covered.covered_count


class _CoveredFrames:
    """The frames of a package with regions hidden, to be packed; a video is prepared when its first frame is read."""

    def __init__(self, package: Package, hidden: Hidden, progress: ProgressCallback) -> None:
        self.proposals: DenseProposals = package.proposals
        self.covered_count = 0
        self._package = package
        self._hidden = hidden
        self._progress = progress
        self._detector = FaceDetector()
        self._done = 0
        self._total = 2 * sum(map(len, package.proposals.values()))
        self._video_id = ""
        self._plan: CoverPlan | None = None
        self._index_of: dict[str, int] = {}

    def frame_names(self, clip_id: str) -> Collection[str]:
        """Names of the JPEGs of a clip."""
        return self._package.frame_names(clip_id)

    def read_frame(self, clip_id: str, name: str) -> bytes:
        """The JPEG of a frame, with its regions hidden."""
        video_id = video_id_of_clip(clip_id)
        if self._plan is None or video_id != self._video_id:
            self._prepare(video_id)
        assert self._plan is not None
        regions = self._plan.in_frame(self._index_of[name])
        self._count()
        content = self._package.read_frame(clip_id, name)
        if not regions:
            return content
        self.covered_count += 1
        return cover_jpeg_bytes(content, regions, self._hidden.how, name)

    def _prepare(self, video_id: str) -> None:
        """Find out what is hidden in the frames of a video."""
        clips = [clip for clip in self._package.clips if video_id_of_clip(clip.clip_id) == video_id]
        frames = [frame for clip in clips for frame in clip.frames]
        found, width, height = self._detect([clip.clip_id for clip in clips])
        faces = Detections.from_frames(np.arange(len(frames)), found)
        tracks = _tracks_of(frames)
        tables = [follow_faces(faces, tracks, _RATE, self._hidden.faces)]
        if self._hidden.visible_ids is not None:
            tables.append(hide_persons(tracks, list(self._hidden.visible_ids)))
        polygons = [region.shares(width, height) for region in self._hidden.regions.of_video(video_id, "")]
        self._plan = CoverPlan.of_tables(tables, width, height, polygons)
        self._index_of = {frame.name: index for index, frame in enumerate(frames)}
        self._video_id = video_id

    def _detect(self, clip_ids: Sequence[str]) -> tuple[list[FrameDetections], int, int]:
        """The faces of each frame of some clips, and the size of the frames."""
        found: list[FrameDetections] = []
        width = height = 0
        decoded = (
            read_jpeg(content, name) for clip_id in clip_ids for name, content in self._package.read_frames(clip_id)
        )
        for size, group in groupby(decoded, key=lambda frame: frame.shape[:2]):
            if found:
                raise InputError("The frames of a video differ in size; expected frames of one job.")
            height, width = size
            for batch in _batches(group, _BATCH_FRAMES):
                found += self._detector.detect(batch, range(len(found), len(found) + len(batch)), width, height)
                for _ in batch:
                    self._count()
        return found, width, height

    def _count(self) -> None:
        self._done += 1
        self._progress(self._done, self._total, "frames")


def _tracks_of(frames: Sequence[PackedFrame]) -> Tracks:
    """The persons on the frames of a video, with the numbers of the frames in the package for time."""
    rows = [
        (index, track_id, box, score)
        for index, frame in enumerate(frames)
        for track_id, box, score in zip(frame.track_ids, frame.boxes_xyxy, frame.scores, strict=True)
    ]
    boxes = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
    return Tracks.from_arrays([row[0] for row in rows], [row[1] for row in rows], boxes, [row[3] for row in rows])


def _batches(frames: Iterator[RgbFrame], size: int) -> Iterator[list[RgbFrame]]:
    while batch := list(islice(frames, size)):
        yield batch
