"""Stage 4a, on request: further frames where persons come, go, meet or change how they move or stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipRecord, ClipTable, FrameRecord, FrameTable
from videoprep_nb.stages.base import Cost, Demand, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.sample_frames.params import FIXED_RATE, SampleFramesParams

if TYPE_CHECKING:
    from videoprep_nb.tracking.moments import Moment

_PER_FRAME_S = 0.04
_JPEG_BYTES = 150_000


@dataclass(frozen=True)
class SampleResult:
    """What the stage did.

    Args:
        table: All frames, with the reason for each.
        clips: The clips, in order.
        folder: Where the frames lie.
        moment_count: Moments among which the added frames were chosen.
    """

    table: FrameTable
    clips: list[ClipRecord]
    folder: Path
    moment_count: int

    @property
    def added(self) -> list[FrameRecord]:
        """The added frames, in the order of the table."""
        return [frame for frame in self.table.frames if frame.reason != FIXED_RATE]


def sample_frames(params: SampleFramesParams, progress: ProgressCallback | None = None) -> SampleResult:
    """Write the frames of a video again, with further ones among them, and its tracks with the new names.

    Frames and ``frames.json`` go to ``<frames_output_dir>/<video_id>``, tracks to ``<tracks_output_dir>/<video_id>``.

    Args:
        params: Parameters of the stage.
        progress: Called with the number of frames done; by default what fits the environment.

    Raises:
        InputError: Clips, frames or tracks are missing or broken.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.sample_frames.params import SampleFramesParams
        >>> sample_frames(SampleFramesParams(budget_per_minute=20)).table.frames[0].reason
        'fixed rate'
    """
    from videoprep_nb.stages.sample_frames.write import write_frames, write_tracks

    clips = ClipTable.read_folder(Path(params.clips_dir) / params.video_id).clips
    fixed = FrameTable.read_folder(Path(params.frames_dir) / params.video_id)
    moments = _moments(params, clips, fixed)
    chosen = _choose(params, clips, fixed, moments)
    report = progress or progress_from_environment()
    table = write_frames(params, clips, fixed, {moment.frame: moment.reason for moment in chosen}, report)
    write_tracks(params, clips, table)
    return SampleResult(table, clips, Path(params.frames_output_dir) / params.video_id, len(moments))


def _moments(params: SampleFramesParams, clips: list[ClipRecord], fixed: FrameTable) -> "list[Moment]":
    from videoprep_nb.exports.dense_tracks import tracks_of_video
    from videoprep_nb.tracking.moments import find_moments

    tracks = tracks_of_video(Path(params.tracks_dir) / params.video_id, clips)
    return find_moments(tracks, _frames_of(clips), float(clips[0].rate), (fixed.width, fixed.height))


def _choose(
    params: SampleFramesParams, clips: list[ClipRecord], fixed: FrameTable, moments: "list[Moment]"
) -> "list[Moment]":
    from videoprep_nb.tracking.moments import choose_moments

    rate, start_of = float(clips[0].rate), {clip.clip_id: clip.start_frame for clip in clips}
    taken = {start_of[frame.clip_id] + frame.index_in_clip for frame in fixed.frames}
    budget = round(params.budget_per_minute * len(_frames_of(clips)) / rate / 60)
    return choose_moments(moments, taken, budget, max(1, round(params.min_distance_s * rate)))


def _frames_of(clips: list[ClipRecord]) -> range:
    return range(clips[0].start_frame, clips[-1].start_frame + clips[-1].frame_count)


def _is_requested(params: SampleFramesParams) -> bool:
    return params.budget_per_minute > 0


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    return {"frame_count": len(FrameTable.read_folder(scratch / _GIVEN["frames"] / video_id).frames)}


def _cost(params: SampleFramesParams, video: VideoLength) -> Cost:
    count = params.budget_per_minute * video.duration_s / 60
    return Cost(count * _PER_FRAME_S, 2 * count * _JPEG_BYTES)


def _demands(params: SampleFramesParams) -> tuple[Demand, ...]:
    return (Demand("budget_per_minute", frame_rate=params.budget_per_minute / 60),)


_GIVEN = {"frames": "sampled/frames", "tracks": "sampled/tracks"}
_PRODUCTS = (
    f"{_GIVEN['frames']}/{{video_id}}",
    f"{_GIVEN['tracks']}/{{video_id}}",
    f"{_GIVEN['tracks']}/{{video_id}}.json",
    f"{_GIVEN['tracks']}/{{video_id}}.npz",
)

STAGE = Stage(
    name="sample_frames",
    title="More frames",
    notebook="04a_sample_frames.ipynb",
    scope=Scope.VIDEO,
    params=SampleFramesParams,
    function=sample_frames,
    after=("extract_frames", "track_persons"),
    is_requested=_is_requested,
    inputs={"clips_dir": "{clips}", "frames_dir": "{frames}", "tracks_dir": "{tracks}"},
    outputs={
        "frames_output_dir": f"{{scratch}}/{_GIVEN['frames']}",
        "tracks_output_dir": f"{{scratch}}/{_GIVEN['tracks']}",
        "video_id": "{video_id}",
    },
    follows={"jpeg_quality": "extract_frames.jpeg_quality"},
    gives=_GIVEN,
    retry_keeps=_PRODUCTS,
    products=_PRODUCTS,
    weight=0.5,
    facts=_facts,
    cost=_cost,
    demands=_demands,
    preload=("videoprep_nb.stages.sample_frames.write", "videoprep_nb.tracking.moments"),
)
