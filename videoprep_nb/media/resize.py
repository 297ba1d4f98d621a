"""Convert a raw video to the standard form."""

import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.errors import FrameCountError, ProbeError
from videoprep_nb.core.layout import file_sha256, staged_file
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import Record
from videoprep_nb.core.text import plural
from videoprep_nb.media.ffmpeg import FfmpegRun, raw_input, run_ffmpeg
from videoprep_nb.media.geometry import Fit, Placement, place
from videoprep_nb.media.probe import VideoInfo, probe
from videoprep_nb.media.source_times import read_frame_times, source_stamps
from videoprep_nb.media.standard import read_standard
from videoprep_nb.media.timing import MAX_PAUSE_S

# A damaged part must not cost the good ones; a change of size on the way must not restart the clock of the filters.
_TOLERANCE = ("-max_error_rate", "1", "-reinit_filter", "0")
# A pause of the recording is no restart of its clock. Taken for one, as ffmpeg does after 10 s, it costs frames: with
# B-frames the times of showing jump some packets before those of decoding, at which the clock is set back.
_MAX_PAUSE = ("-dts_delta_threshold", f"{MAX_PAUSE_S:g}")


class ResizeResult(Record):
    """Record of a resized video, ``<video_id>.json`` beside the standard video.

    Args:
        video_id: The video.
        original_name: File name as submitted.
        file: Name of the standard video.
        source: What the raw file holds.
        source_bytes: Size of the raw file; None in records of version 0.1.
        source_sha256: Its hash, hexadecimal; empty in records of version 0.1.
        transform: From source pixels, rotated as in a player, to the standard frame.
        content_xyxy: The part of the frame that shows the source, in pixels.
        width: Width of the standard video in pixels.
        height: Height of the standard video in pixels.
        rate: Frames per second of the standard video.
        decoded_frame_count: Frames that were decoded from the raw file.
        frame_count: Frames in the standard video, counted in the written file.
        findings: Notes on the source, and on frame counts that differ.
    """

    written_by = "01_resize"

    video_id: str
    original_name: str
    file: str
    source: VideoInfo
    source_bytes: int | None = None
    source_sha256: str = ""
    transform: FrameTransform
    content_xyxy: tuple[int, int, int, int]
    width: int
    height: int
    rate: Fraction
    decoded_frame_count: int
    frame_count: int
    findings: list[str]


def source_stamps_file(record_file: Path) -> Path:
    """Where the stamps of the source frames lie that the frames of a standard video show, beside its record."""
    return record_file.with_name(f"{record_file.stem}_stamps.npy")


def resize_video(
    input_file: Path,
    output_file: Path,
    *,
    original_name: str,
    frame_size: tuple[int, int],
    fit: Fit,
    upscale: bool,
    rate: Fraction | None,
    encoder: Sequence[str],
    timeout_s: float,
    progress: ProgressCallback,
) -> ResizeResult:
    """Probe a raw video and write its standard form.

    Args:
        input_file: The raw video.
        output_file: The MP4 file to write; its name without suffix is the id of the video.
        original_name: File name as submitted.
        frame_size: Width and height of the standard frame in pixels, even.
        fit: How the source frame is fitted into it.
        upscale: Whether a small frame may be enlarged.
        rate: Frames per second; None keeps those of the source.
        encoder: Arguments of ffmpeg from ``standard.encoder_arguments``.
        timeout_s: Seconds after which to give up.
        progress: Called with the number of frames done.

    Returns:
        The record; it is not written.

    Raises:
        InputError: The input is not a plain, readable file.
        ProbeError: It is not a video, or no frame of it can be decoded.
        ParameterError: The frame cannot be fitted in this way.
        FfmpegError: ffmpeg failed.
        FrameCountError: The written file does not hold the frames that were encoded.
        DiskFullError: The disk is full.
    """
    with tempfile.NamedTemporaryFile(suffix=".npy") as times_file:
        source = probe(input_file, original_name, Path(times_file.name))
        times_s, stamps_s = read_frame_times(Path(times_file.name))
    rate = rate or source.rate
    placement = place(source.displayed_size, source.displayed_sample_aspect, frame_size, fit, upscale=upscale)
    expected_count = max(1, round(source.duration_s * rate))
    conversion = _conversion(source, rate, placement, expected_count)
    with staged_file(output_file) as staging:
        run = run_ffmpeg(
            [*_TOLERANCE, *_MAX_PAUSE, *raw_input(input_file), *conversion, *encoder, "-movflags", "+faststart"],
            staging,
            timeout_s=timeout_s,
            on_frame=lambda done: progress(min(done, expected_count), expected_count, "frames"),
        )
        written_count = _checked_count(staging, run, original_name)
    progress(written_count, written_count, "frames")
    with staged_file(source_stamps_file(output_file)) as staging:
        np.save(staging, source_stamps(times_s, stamps_s, rate, written_count))
    return ResizeResult(
        video_id=output_file.stem,
        original_name=original_name,
        file=output_file.name,
        source=source,
        source_bytes=input_file.stat().st_size,
        source_sha256=file_sha256(input_file),
        transform=placement.transform_from(*source.displayed_size),
        content_xyxy=placement.content_xyxy,
        width=placement.frame_width,
        height=placement.frame_height,
        rate=rate,
        decoded_frame_count=run.decoded_frames,
        frame_count=written_count,
        findings=[*source.findings, *_count_findings(source, run, expected_count)],
    )


def _conversion(source: VideoInfo, rate: Fraction, placement: Placement, expected_count: int) -> list[str]:
    filters = ["setpts=PTS-STARTPTS", f"fps={rate}", *placement.filters()]
    # The last frame of an irregular video has no known length; without a limit ffmpeg invents one.
    limit = ["-frames:v", str(expected_count)] if source.is_variable_rate else []
    return ["-map", "0:V:0", "-vf", ",".join(filters), *limit]


def _checked_count(written: Path, run: FfmpegRun, original_name: str) -> int:
    if not run.encoded_frames:
        raise ProbeError(f"{original_name} cannot be processed: none of its frames can be decoded.")
    frame_count = read_standard(written).frame_count
    if frame_count != run.encoded_frames:
        raise FrameCountError(
            f"ffmpeg encoded {run.encoded_frames:,} frames of {original_name}, but the file has {frame_count:,}."
        )
    return frame_count


def _count_findings(source: VideoInfo, run: FfmpegRun, expected_count: int) -> Iterator[str]:
    if run.decoded_frames != source.packet_count:
        yield f"decoded {run.decoded_frames:,} of {plural(source.packet_count, 'frame')}"
    if run.decode_errors:
        yield f"{plural(run.decode_errors, 'decoding error')}; nearby frames may be damaged"
    for width, height in sorted(run.later_sizes):
        if width * source.height != height * source.width:
            yield f"resolution changes to {width}×{height} mid-video; later frames stretched to the first aspect ratio"
    if run.duplicated_frames:
        yield f"{plural(run.duplicated_frames, 'frame')} duplicated to fill gaps or raise the frame rate"
    if run.dropped_frames:
        yield f"{plural(run.dropped_frames, 'frame')} dropped to keep the frame rate constant"
    if abs(run.encoded_frames - expected_count) > 1:
        yield f"expected {plural(expected_count, 'frame')} from the timestamps, wrote {run.encoded_frames:,}"
