"""Stage 2: cut one standard video into clips."""

from pathlib import Path

from videoprep_nb.core.layout import CLIP_TABLE_NAME
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipTable
from videoprep_nb.core.timecode import seconds
from videoprep_nb.stages.base import Cost, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.clip.params import ClipParams

# clips cut by stream copy are as large as the standard video; measured, see docs/benchmarks.md
_PER_SECOND_S = 0.005
_BYTES_PER_FRAME = 40_000


def clip(params: ClipParams, progress: ProgressCallback | None = None) -> ClipTable:
    """Write the clips of a video and ``clips.json`` to ``<output_dir>/<video_id>``.

    Args:
        params: Parameters of the stage.
        progress: Called with the number of clips done; by default a progress bar, or the job's progress file.

    Returns:
        The table of clips.

    Raises:
        VideoPrepError: The video cannot be cut; the message says why.

    Example:
        >>> from videoprep_nb.stages.clip.params import ClipParams
        >>> table = clip(ClipParams(input_file="work/resized/1.mp4", clip_duration_s=2))
        >>> [clip.clip_id for clip in table.clips]
        ['1_clip_000', '1_clip_001']
    """
    from videoprep_nb.media.clips import cut_clips, plan_clips
    from videoprep_nb.media.standard import read_standard

    source_path = Path(params.input_file)
    source = read_standard(source_path)
    spans = plan_clips(
        source.frame_count,
        source.rate,
        duration_s=seconds(params.clip_duration_s),
        overlap_s=seconds(params.overlap_s),
        remainder=params.remainder,
        start_s=seconds(params.start_s),
        end_s=None if params.end_s is None else seconds(params.end_s),
    )
    folder = Path(params.output_dir) / params.video_id
    return cut_clips(source_path, source, spans, folder, progress or progress_from_environment())


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    return {"clip_count": len(ClipTable.read_folder(scratch / "clips" / video_id).clips)}


def _cost(params: ClipParams, video: VideoLength) -> Cost:
    return Cost(video.duration_s * _PER_SECOND_S, video.duration_s * video.rate * _BYTES_PER_FRAME)


STAGE = Stage(
    name="clip",
    title="Clips",
    notebook="02_clip.ipynb",
    scope=Scope.VIDEO,
    params=ClipParams,
    function=clip,
    after=("resize",),
    inputs={"input_file": "{scratch}/resized/{video_id}.mp4"},
    outputs={"output_dir": "{scratch}/clips", "video_id": "{video_id}"},
    gives={"clips": "clips"},
    retry_keeps=(f"clips/{{video_id}}/{CLIP_TABLE_NAME}",),
    products=("clips/{video_id}",),
    weight=0.5,
    facts=_facts,
    counts="clip_count",
    cost=_cost,
    preload=("videoprep_nb.media.clips",),
)
