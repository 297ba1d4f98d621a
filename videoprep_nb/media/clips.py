"""Cut a standard video into clips, exact to the frame."""

from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

import av

from videoprep_nb.core.errors import FrameCountError, ParameterError
from videoprep_nb.core.layout import CLIP_TABLE_NAME, clip_id, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import first_frame_at_or_after, format_duration
from videoprep_nb.media.ffmpeg import file_url, raw_input, run_ffmpeg
from videoprep_nb.media.standard import StandardVideo, encoder_arguments, open_own, read_standard

# A clip that is encoded again must not lose what the resize stage kept.
_PRESET, _CRF = "ultrafast", 16
_TIMEOUT_S = 21600.0

Remainder = Literal["keep", "drop", "merge"]


@dataclass(frozen=True)
class FrameSpan:
    """A run of frames.

    Args:
        start: Index of the first frame.
        stop: Index after the last frame.
    """

    start: int
    stop: int

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return self.stop - self.start


def plan_clips(
    frame_count: int,
    rate: Fraction,
    *,
    duration_s: Fraction,
    overlap_s: Fraction = Fraction(0),
    remainder: Remainder = "keep",
    start_s: Fraction = Fraction(0),
    end_s: Fraction | None = None,
) -> list[FrameSpan]:
    """Decide which frames go into which clip.

    Clip ``i`` begins with the first frame shown at ``start + i * (duration - overlap)`` or later and ends before the
    first frame shown at or after ``duration`` later, so that clips without overlap share and lose no frame.

    Args:
        frame_count: Frames of the video.
        rate: Frames per second.
        duration_s: Length of a clip in seconds.
        overlap_s: Seconds that a clip shares with the one before it.
        remainder: What becomes of the last, shorter clip.
        start_s: Leave out what comes before.
        end_s: Leave out what comes from here on; None for the end of the video.

    Returns:
        The clips in order, at least one, each of at least one frame.

    Raises:
        ParameterError: The window is empty, the overlap is too long, or "drop" would leave nothing.
    """
    step_s = duration_s - overlap_s
    if step_s * rate < 1:
        limit = f"at least one frame less than the clip length of {float(duration_s):g} s"
        raise ParameterError("overlap_s", f"got {float(overlap_s):g} s, expected {limit}")
    first = first_frame_at_or_after(start_s, rate)
    end = frame_count if end_s is None else min(frame_count, first_frame_at_or_after(end_s, rate))
    if first >= end:
        raise _empty_window(start_s, end_s, frame_count / rate)
    spans: list[FrameSpan] = []
    while not spans or spans[-1].stop < end:
        begin_s = start_s + len(spans) * step_s
        stop = first_frame_at_or_after(begin_s + duration_s, rate)
        spans.append(FrameSpan(first_frame_at_or_after(begin_s, rate), min(stop, end)))
        if stop > end:
            return _with_remainder(spans, remainder)
    return spans


def _empty_window(start_s: Fraction, end_s: Fraction | None, duration_s: Fraction) -> ParameterError:
    start = f"start ({float(start_s):g} s)"
    if start_s >= duration_s:
        return ParameterError(
            "start_s", f"{start} is after the end of the video ({format_duration(float(duration_s))})"
        )
    end = "" if end_s is None else f" and end ({float(end_s):g} s)"
    return ParameterError("start_s", f"no frame between {start}{end}; expected at least one")


def _with_remainder(spans: list[FrameSpan], remainder: Remainder) -> list[FrameSpan]:
    """Apply the rule for the last clip, which is shorter than the others."""
    *whole, rest = spans
    if remainder == "keep" or (remainder == "merge" and not whole):
        return spans
    if remainder == "merge":
        return [*whole[:-1], FrameSpan(whole[-1].start, rest.stop)]
    if not whole:
        raise ParameterError("remainder", "got 'drop', but the video is shorter than one clip; use 'keep'")
    return whole


def cut_clips(
    source_path: Path, source: StandardVideo, spans: Sequence[FrameSpan], folder: Path, progress: ProgressCallback
) -> ClipTable:
    """Write clips of a standard video and their table.

    Clips that begin on a keyframe are copied without encoding, where frames are reordered only if they end before one,
    too. The others are encoded again.

    Args:
        source_path: A video in the standard form.
        source: What it holds.
        spans: The frames of each clip, ordered by their start.
        folder: Where the clips go, replaced when it exists; its name is the id of the video.
        progress: Called with the number of clips done.

    Returns:
        The table; it lies beside the clips.

    Raises:
        FrameCountError: A written clip does not hold its frames.
        FfmpegError: A clip could not be encoded.
        DiskFullError: The disk is full.
    """
    with staged_folder(folder) as staging:
        outputs = [(span, staging / f"{clip_id(folder.name, index)}.mp4") for index, span in enumerate(spans)]
        records = cut_spans(source_path, source, outputs, progress)
        table = ClipTable(video_id=folder.name, source_frame_count=source.frame_count, clips=records)
        table.write(staging / CLIP_TABLE_NAME)
    return table


def cut_spans(
    source_path: Path, source: StandardVideo, outputs: Sequence[tuple[FrameSpan, Path]], progress: ProgressCallback
) -> list[ClipRecord]:
    """Write spans of a standard video to files; arguments and errors are those of ``cut_clips``.

    Args:
        source_path: A video in the standard form.
        source: What it holds.
        outputs: The frames of each file, ordered by their start.
        progress: Called with the number of clips done.

    Returns:
        Their records; the name of a file is that of the clip.
    """
    _copy_spans(source_path, source, [(span, path) for span, path in outputs if source.can_copy(span.start, span.stop)])
    records: list[ClipRecord] = []
    for span, path in outputs:
        if not source.can_copy(span.start, span.stop):
            _encode_span(source_path, source, span, path)
        records.append(_checked_record(source, span, path))
        progress(len(records), len(outputs), "clips")
    return records


def _copy_spans(source_path: Path, source: StandardVideo, outputs: Sequence[tuple[FrameSpan, Path]]) -> None:
    """Copy packets to the clips they belong to, all clips in one pass.

    Packets are frames in the standard form, and no frame is reordered across a keyframe: the packets of a clip follow
    each other.
    """
    with open_own(source_path) as container, ExitStack() as stack:
        stream = container.streams.video[0]
        pending = deque(outputs)
        writers: list[_ClipWriter] = []
        packets = (packet for packet in container.demux(stream) if packet.size)
        for index, packet in enumerate(packets):
            while pending and pending[0][0].start == index:
                writers.append(stack.enter_context(_ClipWriter(*pending.popleft(), stream, source)))
            for writer in writers:
                writer.write(index, packet)
            writers = [writer for writer in writers if writer.is_open]
            if not pending and not writers:
                return


class _ClipWriter:
    """Writes the packets of one clip; closed after the last one."""

    def __init__(self, span: FrameSpan, path: Path, template: Any, source: StandardVideo) -> None:
        self._span = span
        self._delay = source.reordered_frames
        self._frame_ticks: Fraction = 1 / (source.rate * template.time_base)
        self._container = av.open(file_url(path), "w", format="mp4")
        self._stream: Any = self._container.add_stream_from_template(template)
        self._stream.time_base = template.time_base
        self.is_open = True

    def write(self, index: int, packet: Any) -> None:
        """Append a packet of the source, the one with this index."""
        copy = av.Packet(bytes(packet))
        shown = round(packet.pts / self._frame_ticks)
        copy.pts, copy.dts = self._ticks(shown), self._ticks(index - self._delay)
        copy.duration = self._ticks(shown + 1) - copy.pts
        copy.time_base = packet.time_base
        copy.is_keyframe = packet.is_keyframe
        copy.stream = self._stream
        self._container.mux_one(copy)
        if index + 1 == self._span.stop:
            self.close()

    def _ticks(self, index: int) -> int:
        return round((index - self._span.start) * self._frame_ticks)

    def close(self) -> None:
        """Finish the file."""
        if self.is_open:
            self.is_open = False
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _encode_span(source_path: Path, source: StandardVideo, span: FrameSpan, path: Path) -> None:
    # Half a frame early, so that rounding of the seek time can neither lose nor add a frame.
    seek_s = max(Fraction(0), (span.start - Fraction(1, 2)) / source.rate)
    arguments = [
        *("-ss", f"{float(seek_s):.6f}", *raw_input(source_path)),
        *("-vf", f"setpts=N/({source.rate})/TB,fps={source.rate}", "-frames:v", str(span.frame_count)),
        *encoder_arguments(_PRESET, _CRF),
    ]
    run_ffmpeg(arguments, path, timeout_s=_TIMEOUT_S)


def _checked_record(source: StandardVideo, span: FrameSpan, path: Path) -> ClipRecord:
    clip = read_standard(path)
    if (clip.frame_count, clip.rate) != (span.frame_count, source.rate):
        raise FrameCountError(
            f"{path.name} has {plural(clip.frame_count, 'frame')} at {clip.rate} per second, "
            f"expected {span.frame_count:,} at {source.rate}."
        )
    return ClipRecord(
        clip_id=path.stem,
        start_frame=span.start,
        frame_count=clip.frame_count,
        rate=clip.rate,
        width=clip.width,
        height=clip.height,
        stream_copied=source.can_copy(span.start, span.stop),
    )
