"""Stage 5b: clips that are worth annotating."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.layout import LEFT_OUT_PROPOSALS_NAME, PROPOSALS_NAME, video_id_of_clip
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.selection.records import NOTHING_KEPT, SELECTION_NAME, Selection, why_nothing_is_kept
from videoprep_nb.stages.base import Cost, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.select.params import SelectParams

if TYPE_CHECKING:
    from videoprep_nb.selection.choose import Rules
    from videoprep_nb.selection.score import VideoToScore

# measured on two cores of a server, see docs/selection.md
_PER_SECOND_S = 0.004


def select(params: SelectParams, progress: ProgressCallback | None = None) -> Selection:
    """Score every clip of a job, and write which ones are kept, with the proposals of these and of the others.

    Nothing is deleted: the package stage keeps what is left out in a file of its own.

    Args:
        params: Folders, mode and rules.
        progress: Called with the clips done; by default a text bar, or the progress file of the job.

    Raises:
        InputError: A record, the proposals, the tracks or a frame is missing or broken.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.select.params import SelectParams
        >>> [(clip.clip_id, clip.is_kept) for clip in select(SelectParams(mode="keep")).clips]
        [('1_clip_000', True), ('1_clip_001', True)]
    """
    from videoprep_nb.exports.dense_proposals import load_proposals, write_proposals
    from videoprep_nb.exports.dense_tracks import read_dense_tracks
    from videoprep_nb.selection.choose import choose_clips
    from videoprep_nb.selection.listed_times import unknown_videos
    from videoprep_nb.selection.score import score_clips

    report = progress or progress_from_environment()
    proposals = load_proposals(Path(params.proposals_file))
    tracks = read_dense_tracks(Path(params.dense_tracks_file))
    video_ids = dict.fromkeys(map(video_id_of_clip, proposals))
    videos = {video_id: _read_video(video_id, params) for video_id in video_ids}
    names = {video_id: video.original_name for video_id, video in videos.items()}
    clips = []
    for clip in score_clips(videos.values(), tracks):
        clips.append(clip)
        report(len(clips), len(proposals), "clips")
    rules = _rules(params)
    if params.mode == "keep":
        clips = choose_clips(clips, rules, names)
    unknown = [f"There is no video {video} in this job." for video in unknown_videos(rules.listed, names)]
    selection = Selection(clips=clips, problems=unknown)

    output_dir, kept = Path(params.output_dir), {clip.clip_id for clip in selection.kept}
    write_proposals(output_dir / PROPOSALS_NAME, {clip: proposals[clip] for clip in proposals if clip in kept})
    write_proposals(
        output_dir / LEFT_OUT_PROPOSALS_NAME, {clip: proposals[clip] for clip in proposals if clip not in kept}
    )
    selection.write(output_dir / SELECTION_NAME)
    return selection


def _read_video(video_id: str, params: SelectParams) -> "VideoToScore":
    from videoprep_nb.selection.score import VideoToScore

    return VideoToScore.read(
        video_id,
        resized_dir=Path(params.resized_dir),
        clips_dir=Path(params.clips_dir),
        frames_dir=Path(params.frames_dir),
    )


def _rules(params: SelectParams) -> "Rules":
    from videoprep_nb.selection.choose import Rules
    from videoprep_nb.selection.listed_times import read_listed_times

    return Rules(
        min_persons=params.min_persons,
        min_persons_s=params.min_persons_s,
        drop_duplicates=params.drop_duplicates,
        max_clips=params.max_clips,
        margin_s=params.margin_s,
        listed=read_listed_times(params.keep_times),
        only_listed=params.only_listed,
    )


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    file = scratch / "selection" / SELECTION_NAME
    clips = _read(file, file.stat().st_mtime_ns).of_video(video_id)
    reason = why_nothing_is_kept(clips)
    facts = VideoFacts(left_out=tuple(clip.as_left_out() for clip in clips if not clip.is_kept))
    return facts | VideoFacts(findings=(f"{NOTHING_KEPT}{reason}.",)) if reason else facts


@lru_cache(maxsize=1)
def _read(file: Path, changed_ns: int) -> Selection:
    """The selection of a job, which is asked for once per video."""
    return Selection.read(file)


def _is_requested(params: SelectParams) -> bool:
    return params.mode != "off"


def _cost(params: SelectParams, video: VideoLength) -> Cost:
    return Cost(video.duration_s * _PER_SECOND_S)


def _named_videos(params: SelectParams) -> dict[str, list[str]]:
    from videoprep_nb.selection.listed_times import read_listed_times

    return {"keep_times": [time.video for time in read_listed_times(params.keep_times)]}


STAGE = Stage(
    name="select",
    title="Selection",
    notebook="05b_select.ipynb",
    scope=Scope.JOB,
    params=SelectParams,
    function=select,
    after=("generate_proposals",),
    is_requested=_is_requested,
    inputs={
        "resized_dir": "{scratch}/resized",
        "clips_dir": "{clips}",
        "frames_dir": "{frames}",
        "proposals_file": "{proposals}",
        "dense_tracks_file": "{dense_tracks}",
    },
    outputs={"output_dir": "{scratch}/selection"},
    gives={"proposals": f"selection/{PROPOSALS_NAME}", "selection": f"selection/{SELECTION_NAME}"},
    products=("selection",),
    weight=0.1,
    facts=_facts,
    named_videos=_named_videos,
    cost=_cost,
    preload=("videoprep_nb.selection.score",),
)
