"""Stage 1: convert one raw video to the standard form."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoprep_nb.core.file_names import display_name
from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.threads import thread_count
from videoprep_nb.core.time_ranges import TimeRange, TimeRanges
from videoprep_nb.core.timecode import parse_rate
from videoprep_nb.stages.base import Cost, Demand, Scope, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.resize.params import ResizeParams

if TYPE_CHECKING:
    from videoprep_nb.media.raw.conversion import Conversion
    from videoprep_nb.media.resize import ResizeResult

# measured on two cores of a server, see docs/benchmarks.md
_PER_SECOND_S = 0.03
_BYTES_PER_PIXEL = 40_000 / (1280 * 720)
_RECORDS = ("resized/{video_id}.json", "resized/{video_id}_stamps.npy", "resized/{video_id}_source_times.npy")


def resize(params: ResizeParams, progress: ProgressCallback | None = None) -> "ResizeResult":
    """Write ``<output_dir>/<video_id>.mp4`` and, beside it, its record as ``.json``.

    If ``part_count`` says that the video was converted in parts, their records are joined: their files stay as they
    are, and the record names them. A video that cannot be split is converted as a whole; the findings say why.

    Args:
        params: Parameters of the stage; ``part`` is not heeded.
        progress: Called with the number of frames done; by default a progress bar, or the job's progress file.

    Returns:
        The record.

    Raises:
        VideoPrepError: The video cannot be processed; the message says why.

    Example:
        >>> from videoprep_nb.stages.resize.params import ResizeParams
        >>> result = resize(ResizeParams(input_file="work/sample.mp4", output_dir="work/resized"))
        >>> result.width, result.height, result.frame_count == result.decoded_frame_count
        (1280, 720, True)
    """
    from videoprep_nb.media.resize import resize_video, with_findings
    from videoprep_nb.media.resize_parts import NotJoined, delete_parts, join_parts

    conversion, output_file, request = _conversion(params), _output_file(params), _request(params, progress)
    try:
        if params.part_count > 1:
            result = join_parts(conversion, output_file)
        else:
            result = resize_video(conversion, output_file, **request)
    except NotJoined as reason:
        delete_parts(output_file, params.part_count)
        whole = resize_video(conversion, output_file, **request)
        result = with_findings(whole, f"converted as a whole instead of in {params.part_count} parts: {reason}")
    result.write(output_file.with_suffix(".json"))
    return result


def resize_or_part(params: ResizeParams, progress: ProgressCallback | None = None) -> "ResizeResult | None":
    """Do what ``resize`` does; or, with ``part``, write a part of a long video and its record only.

    Args:
        params: Parameters of the stage.
        progress: Called with the number of frames done; by default a progress bar, or the job's progress file.

    Returns:
        The record; None for a part that cannot be converted alone.

    Raises:
        VideoPrepError: The video cannot be processed; the message says why.
    """
    from videoprep_nb.media.resize_parts import resize_part

    if params.part is None:
        return resize(params, progress)
    return resize_part(_conversion(params), _output_file(params), **_request(params, progress)).result


def _name(params: ResizeParams) -> str:
    return params.original_name or Path(params.input_file).name


def _output_file(params: ResizeParams) -> Path:
    return Path(params.output_dir) / f"{params.video_id}.mp4"


def _request(params: ResizeParams, progress: ProgressCallback | None) -> dict[str, Any]:
    return {
        "original_name": display_name(_name(params)),
        "timeout_s": params.timeout_s,
        "progress": progress or progress_from_environment(),
    }


def _conversion(params: ResizeParams) -> "Conversion":
    from videoprep_nb.media.raw.conversion import Conversion

    taken = TimeRanges.read(params.time_ranges).of_video(params.video_id, _name(params)) or TimeRange()
    settings: dict[str, Any] = {field.name: getattr(params, field.name, None) for field in fields(Conversion)}
    return Conversion(
        **{
            **settings,
            "input_file": str(Path(params.input_file).absolute()),
            "frame_rate": "" if params.frame_rate == "keep" else str(parse_rate(params.frame_rate)),
            "threads": thread_count(),
            "start_s": taken.start_s,
            "end_s": taken.end_s,
            "part": params.part or 0,
        }
    )


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    from videoprep_nb.media.resize import ResizeResult

    result = ResizeResult.read(scratch / "resized" / f"{video_id}.json")
    return {
        "decoded_frame_count": result.decoded_frame_count,
        "standard_frame_count": result.frame_count,
        "duration_s": float(result.frame_count / result.rate),
        "sha256": result.source_sha256,
        "findings": tuple(result.findings),
    }


def _cost(params: ResizeParams, video: VideoLength) -> Cost:
    is_kept = params.frame_rate == "keep"
    rate = min(video.rate, params.max_frame_rate) if is_kept else float(parse_rate(params.frame_rate))
    pixels = video.duration_s * rate * params.width * params.height
    return Cost(video.duration_s * _PER_SECOND_S, pixels * _BYTES_PER_PIXEL)


def _demands(params: ResizeParams) -> tuple[Demand, ...]:
    resolution = Demand("width", frame_pixels=params.width * params.height)
    if params.frame_rate == "keep":
        return resolution, Demand("max_frame_rate", frame_rate=params.max_frame_rate)
    return resolution, Demand("frame_rate", frame_rate=float(parse_rate(params.frame_rate)))


def _named_videos(params: ResizeParams) -> dict[str, list[str]]:
    return {"time_ranges": TimeRanges.read(params.time_ranges).videos}


STAGE = Stage(
    name="resize",
    title="Resize",
    notebook="01_resize.ipynb",
    scope=Scope.SPLIT,
    params=ResizeParams,
    function=resize_or_part,
    inputs={
        "input_file": "{video_file}",
        "original_name": "{original_name}",
        "part": "{own_part}",
        "part_count": "{part_count}",
    },
    outputs={"output_dir": "{scratch}/resized", "video_id": "{video_id}"},
    follows={
        "clip_duration_s": "clip.clip_duration_s",
        "clip_overlap_s": "clip.overlap_s",
        "clips_start_s": "clip.start_s",
    },
    retry_keeps=_RECORDS,
    products=("resized/{video_id}.mp4", "resized/{video_id}_stills", "resized/{video_id}_part_*", *_RECORDS),
    weight=3.0,
    part_share=0.95,
    facts=_facts,
    counts="standard_frame_count",
    time_ranges_parameter="time_ranges",
    named_videos=_named_videos,
    cost=_cost,
    demands=_demands,
    preload=("videoprep_nb.media.resize",),
)
