"""Stage 2: one standard video to clips."""

from pathlib import Path

from videoprep_nb.core.progress import ProgressCallback, progress_from_environment
from videoprep_nb.core.records import ClipTable
from videoprep_nb.core.timecode import seconds
from videoprep_nb.media.clips import cut_clips, plan_clips
from videoprep_nb.media.standard import read_standard
from videoprep_nb.stages.clip.params import ClipParams


def clip(params: ClipParams, progress: ProgressCallback | None = None) -> ClipTable:
    """Write the clips of a video and ``clips.json`` to ``<output_dir>/<video_id>``.

    Args:
        params: Parameters of the stage.
        progress: Told the clips that are done; by default what fits the environment.

    Returns:
        The table of clips.

    Raises:
        VideoPrepError: The video cannot be cut; the message says why.
    """
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
