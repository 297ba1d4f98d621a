"""Stage 3: the clips of one video to JPEG frames."""

from pathlib import Path

from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import FrameTable
from videoprep_nb.core.timecode import seconds
from videoprep_nb.media import frames
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams


def extract_frames(params: ExtractFramesParams, progress: ProgressCallback | None = None) -> FrameTable:
    """Write the frames of a video and ``frames.json`` to ``<output_dir>/<video_id>``.

    Args:
        params: Parameters of the stage.
        progress: Told the frames that are done; by default what fits the environment.

    Returns:
        The table of frames.

    Raises:
        VideoPrepError: The clips cannot be read; the message says why.
    """
    return frames.extract_frames(
        Path(params.clips_dir) / params.video_id,
        Path(params.output_dir) / params.video_id,
        frames_per_second=seconds(params.frames_per_second),
        jpeg_quality=params.jpeg_quality,
        progress=progress or progress_from_environment(),
    )
