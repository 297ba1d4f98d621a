"""Stage 1: one raw video to the standard form."""

from pathlib import Path

from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.timecode import parse_rate
from videoprep_nb.media.resize import ResizeResult, resize_video
from videoprep_nb.media.standard import encoder_arguments
from videoprep_nb.stages.resize.params import ResizeParams


def resize(params: ResizeParams, progress: ProgressCallback | None = None) -> ResizeResult:
    """Write ``<output_dir>/<video_id>.mp4`` and, beside it, its record as ``.json``.

    Args:
        params: Parameters of the stage.
        progress: Told the frames that are done; by default what fits the environment.

    Returns:
        The record.

    Raises:
        VideoPrepError: The video cannot be processed; the message says why.
    """
    output_dir = Path(params.output_dir)
    result = resize_video(
        Path(params.input_file),
        output_dir / f"{params.video_id}.mp4",
        original_name=params.original_name or Path(params.input_file).name,
        frame_size=(params.width, params.height),
        fit=params.fit,
        upscale=params.upscale,
        rate=None if params.frame_rate == "keep" else parse_rate(params.frame_rate),
        encoder=encoder_arguments(params.encoder_preset, params.crf),
        timeout_s=params.timeout_s,
        progress=progress or progress_from_environment(),
    )
    result.write(output_dir / f"{params.video_id}.json")
    return result
