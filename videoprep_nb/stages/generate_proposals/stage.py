"""Stage 5: tracks on the extracted frames of all videos to dense proposals."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.errors import PackageError
from videoprep_nb.core.layout import DENSE_TRACKS_NAME, PROPOSALS_NAME
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import FrameTable, Record, natural_order
from videoprep_nb.stages.base import Scope, Stage
from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams

if TYPE_CHECKING:
    from videoprep_nb.tracking.tracks import Tracks


class ProposalsResult(Record):
    """What the stage did.

    Args:
        path: The pickle.
        videos: The videos, in the order of the pickle.
        clip_count: Clips in the pickle.
        frame_count: Frames in the pickle.
        empty_frame_count: Frames without people among them.
        box_count: Boxes in the pickle.
        interpolated_count: Boxes among them that were filled in between two detections.
        track_count: Different track ids in the pickle.
        id_offsets: What was added to the track ids of each video.
    """

    path: Path
    videos: list[str]
    clip_count: int
    frame_count: int
    empty_frame_count: int
    box_count: int
    interpolated_count: int
    track_count: int
    id_offsets: dict[str, int]


def generate_proposals(params: GenerateProposalsParams, progress: ProgressCallback | None = None) -> ProposalsResult:
    """Write the dense proposals of all videos of a job, and their tracks on all frames.

    The first video keeps its track ids; each next one continues after the highest id so far.

    Args:
        params: Folders, output file and videos.
        progress: Called with the frames done; by default a text bar, or the progress file of the job.

    Raises:
        InputError: A table or a tracking file is missing or broken.
        PackageError: Frames and tracks do not belong together.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams
        >>> generate_proposals(GenerateProposalsParams()).videos
        ['1']
    """
    from videoprep_nb.exports.dense_proposals import DenseProposals, clip_proposals, read_track_rows, write_proposals
    from videoprep_nb.exports.dense_tracks import tracks_of_rows, write_dense_tracks

    report = progress or progress_from_environment()
    frames_dir, tracks_dir = Path(params.frames_dir), Path(params.tracks_dir)
    videos = natural_order(set(params.video_ids)) or _videos(frames_dir, tracks_dir)
    tables = [FrameTable.read_folder(frames_dir / video) for video in videos]
    _check_one_size(tables)

    proposals: DenseProposals = {}
    dense_tracks: dict[str, Tracks] = {}
    id_offsets: dict[str, int] = {}
    frame_count, interpolated_count, highest_id = 0, 0, 0
    frame_total = sum(len(table.frames) for table in tables)
    for table in tables:
        _check_clips_tracked(table, tracks_dir / table.video_id)
        id_offsets[table.video_id] = highest_id
        for clip, frames in groupby(table.frames, key=lambda frame: frame.clip_id):
            rows = read_track_rows(tracks_dir / table.video_id / f"{clip}.json")
            dense_tracks[clip] = tracks_of_rows(rows, id_offsets[table.video_id])
            added = clip_proposals(
                list(frames),
                rows,
                id_offset=id_offsets[table.video_id],
                width=table.width,
                height=table.height,
            )
            proposals[clip] = added.frames
            highest_id = max(highest_id, added.highest_id)
            interpolated_count += added.interpolated_count
            frame_count += len(added.frames)
            report(frame_count, frame_total, "frames")
    write_dense_tracks(Path(params.dense_tracks_file), dense_tracks)
    write_proposals(Path(params.output_file), proposals)

    boxes_by_frame = [boxes for frames in proposals.values() for boxes in frames.values()]
    return ProposalsResult(
        path=Path(params.output_file),
        videos=videos,
        clip_count=len(proposals),
        frame_count=frame_count,
        empty_frame_count=sum(not boxes for boxes in boxes_by_frame),
        box_count=sum(map(len, boxes_by_frame)),
        interpolated_count=interpolated_count,
        track_count=len({box[5] for boxes in boxes_by_frame for box in boxes}),
        id_offsets=id_offsets,
    )


def _videos(frames_dir: Path, tracks_dir: Path) -> list[str]:
    """All videos that have frames or tracks; that both are there is checked video by video."""
    videos = _folder_names(frames_dir) | _folder_names(tracks_dir)
    if not videos:
        raise PackageError(f"There are no frames in {frames_dir}; run 03_extract_frames first.")
    return natural_order(videos)


def _folder_names(folder: Path) -> set[str]:
    """Names of the folders in a folder, without those that are still being written."""
    if not folder.is_dir():
        return set()
    return {child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")}


def _check_one_size(tables: list[FrameTable]) -> None:
    sizes = {(table.width, table.height): table.video_id for table in tables}
    if len(sizes) > 1:
        got = ", ".join(f"{width}×{height} (video {video})" for (width, height), video in sizes.items())
        raise PackageError(
            f"The frames of a package must have one resolution, got {got}; resize all videos with the same parameters."
        )


def _check_clips_tracked(table: FrameTable, folder: Path) -> None:
    """Frames and tracks of a video must come from the same clips.

    Raises:
        PackageError: A clip has frames and no tracks, or the reverse.
    """
    with_frames = {frame.clip_id for frame in table.frames}
    with_tracks = {path.stem for path in folder.glob("*_clip_*.json")}
    if not with_tracks:
        raise PackageError(f"Video {table.video_id} has frames but no tracks in {folder}; run 04_track_persons for it.")
    if with_frames != with_tracks:
        raise PackageError(
            f"Video {table.video_id} has {len(with_frames)} clips with frames and {len(with_tracks)} with tracks, "
            f"and {min(with_frames ^ with_tracks)} is only among one of them; "
            "run 03_extract_frames and 04_track_persons on the same clips."
        )


STAGE = Stage(
    name="generate_proposals",
    title="Proposals",
    notebook="05_generate_proposals.ipynb",
    scope=Scope.JOB,
    params=GenerateProposalsParams,
    function=generate_proposals,
    after=("anonymize",),
    inputs={"frames_dir": "{frames}", "tracks_dir": "{tracks}", "video_ids": "{video_ids}"},
    outputs={
        "output_file": f"{{scratch}}/{PROPOSALS_NAME}",
        "dense_tracks_file": f"{{scratch}}/{DENSE_TRACKS_NAME}",
    },
    gives={"proposals": PROPOSALS_NAME, "dense_tracks": DENSE_TRACKS_NAME},
    products=(PROPOSALS_NAME, DENSE_TRACKS_NAME),
    weight=0.3,
    preload=("videoprep_nb.exports.dense_proposals",),
)
