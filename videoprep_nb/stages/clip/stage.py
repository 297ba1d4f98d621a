"""Stage 2: cut one standard video into clips."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.layout import CLIP_TABLE_NAME
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipTable
from videoprep_nb.core.timecode import seconds
from videoprep_nb.stages.base import Cost, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.clip.params import ClipParams

if TYPE_CHECKING:
    from fractions import Fraction

# clips cut by stream copy are as large as the standard video; measured, see docs/benchmarks.md
_PER_SECOND_S = 0.005
_BYTES_PER_FRAME = 40_000


def clip(params: ClipParams, progress: ProgressCallback | None = None) -> ClipTable:
    """Write the clips of a video and ``clips.json`` to ``<output_dir>/<video_id>``.

    With ``part``, only the clips that begin in a part of a long video are written, and ``clips_part_<part>.json``.
    Without, a video that 01_resize has left in parts gets the table of what was cut of them.

    Args:
        params: Parameters of the stage.
        progress: Called with the number of clips done; by default a progress bar, or the job's progress file.

    Returns:
        The table of clips; of a part, the table of its own.

    Raises:
        VideoPrepError: The video cannot be cut; the message says why.

    Example:
        >>> from videoprep_nb.stages.clip.params import ClipParams
        >>> table = clip(ClipParams(input_file="work/resized/1.mp4", clip_duration_s=2))
        >>> [clip.clip_id for clip in table.clips]
        ['1_clip_000', '1_clip_001']
    """
    from videoprep_nb.media.clip_parts import cut_part, join_clips
    from videoprep_nb.media.clips import FrameSpan, cut_clips, plan_clips
    from videoprep_nb.media.resize import ResizeResult
    from videoprep_nb.media.standard import read_standard

    def plan(frame_count: int, rate: "Fraction") -> list[FrameSpan]:
        return plan_clips(
            frame_count,
            rate,
            duration_s=seconds(params.clip_duration_s),
            overlap_s=seconds(params.overlap_s),
            remainder=params.remainder,
            start_s=seconds(params.start_s),
            end_s=None if params.end_s is None else seconds(params.end_s),
        )

    source_path = Path(params.input_file)
    folder = Path(params.output_dir) / params.video_id
    report = progress or progress_from_environment()
    if params.part is not None:
        cut = cut_part(source_path, params.part, plan, folder, report)
        return cut.table.model_copy(update={"clips": cut.clips})
    if params.part_count > 1 and ResizeResult.read(source_path.with_suffix(".json")).files:
        return join_clips(folder, params.part_count)
    source = read_standard(source_path)
    return cut_clips(source_path, source, plan(source.frame_count, source.rate), folder, report)


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    return {"clip_count": len(ClipTable.read_folder(scratch / "clips" / video_id).clips)}


def _cost(params: ClipParams, video: VideoLength) -> Cost:
    return Cost(video.duration_s * _PER_SECOND_S, video.duration_s * video.rate * _BYTES_PER_FRAME)


def _split_step_s(params: ClipParams) -> float:
    # a clip that reaches far into the next part would have most of that part converted twice
    step_s = params.clip_duration_s - params.overlap_s
    return step_s if params.overlap_s <= step_s else math.inf


STAGE = Stage(
    name="clip",
    title="Clips",
    notebook="02_clip.ipynb",
    scope=Scope.SPLIT,
    params=ClipParams,
    function=clip,
    after=("resize",),
    inputs={
        "input_file": "{scratch}/resized/{video_id}.mp4",
        "part": "{own_part}",
        "part_count": "{part_count}",
    },
    outputs={"output_dir": "{scratch}/clips", "video_id": "{video_id}"},
    gives={"clips": "clips"},
    retry_keeps=(f"clips/{{video_id}}/{CLIP_TABLE_NAME}",),
    products=("clips/{video_id}",),
    weight=0.5,
    part_share=0.95,
    facts=_facts,
    counts="clip_count",
    split_step_s=_split_step_s,
    cost=_cost,
    preload=("videoprep_nb.media.clips",),
)
