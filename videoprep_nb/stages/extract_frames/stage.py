"""Stage 3: the clips of one video to JPEG frames."""

from pathlib import Path
from typing import Any

from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import FrameTable
from videoprep_nb.core.timecode import seconds
from videoprep_nb.stages.base import Cost, Demand, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams

# measured on two cores of a server, see docs/benchmarks.md
_PER_SECOND_S = 0.015
_JPEG_BYTES = 150_000


def extract_frames(params: ExtractFramesParams, progress: ProgressCallback | None = None) -> FrameTable:
    """Write the frames of a video and ``frames.json`` to ``<output_dir>/<video_id>``.

    With ``part``, only those of a part of a long video are written, and ``frames_part_<part>.json``. Without, a video
    whose parts are all there gets its table only.

    Args:
        params: Parameters of the stage.
        progress: Called with the number of frames done; by default a progress bar, or the job's progress file.

    Returns:
        The table of frames; of a part, the table of its own.

    Raises:
        VideoPrepError: The clips cannot be read; the message says why.

    Example:
        >>> from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
        >>> extract_frames(ExtractFramesParams(frames_per_second=1)).frames[0].name
        '1_clip_000_frame_0000.jpg'
    """
    from videoprep_nb.media import frames

    clips_folder, folder = (Path(parent) / params.video_id for parent in (params.clips_dir, params.output_dir))
    how: dict[str, Any] = {
        "frames_per_second": seconds(params.frames_per_second),
        "jpeg_quality": params.jpeg_quality,
        "progress": progress or progress_from_environment(),
    }
    if params.part is not None:
        return frames.extract_part(clips_folder, folder, params.part, **how)
    joined = frames.join_frames(clips_folder, folder, params.part_count) if params.part_count > 1 else None
    return joined or frames.extract_frames(clips_folder, folder, **how)


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    return {"frame_count": len(FrameTable.read_folder(scratch / "frames" / video_id).frames)}


def _cost(params: ExtractFramesParams, video: VideoLength) -> Cost:
    # each JPEG lies in the frames folder and again in the package
    frame_count = video.duration_s * params.frames_per_second
    return Cost(video.duration_s * _PER_SECOND_S, 2 * frame_count * _JPEG_BYTES)


def _demands(params: ExtractFramesParams) -> tuple[Demand, ...]:
    return (Demand("frames_per_second", frame_rate=params.frames_per_second),)


STAGE = Stage(
    name="extract_frames",
    title="Frames",
    notebook="03_extract_frames.ipynb",
    scope=Scope.SPLIT,
    params=ExtractFramesParams,
    function=extract_frames,
    after=("clip",),
    inputs={"clips_dir": "{clips}", "part": "{own_part}", "part_count": "{part_count}"},
    outputs={"output_dir": "{scratch}/frames", "video_id": "{video_id}"},
    gives={"frames": "frames"},
    retry_keeps=("frames/{video_id}",),
    products=("frames/{video_id}",),
    weight=1.0,
    part_share=0.95,
    facts=_facts,
    counts="frame_count",
    cost=_cost,
    demands=_demands,
    preload=("videoprep_nb.media.frames",),
)
