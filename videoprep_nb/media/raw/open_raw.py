"""Open a raw file, choose its video stream, and read its packets."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.logging
from av.stream import Disposition

from videoprep_nb.core.errors import ProbeError
from videoprep_nb.media.demuxers import refused_as
from videoprep_nb.media.ffmpeg import MAX_PIXELS, RAW_INPUT_OPTIONS, file_url
from videoprep_nb.media.raw.boxes import has_whole_index, read_at
from videoprep_nb.media.raw.encryption import ENCRYPTED, is_encrypted
from videoprep_nb.media.raw.fragments import FragmentsFile
from videoprep_nb.media.raw.motion_jpeg import is_motion_jpeg
from videoprep_nb.media.raw.references import ELSEWHERE, lies_elsewhere
from videoprep_nb.media.raw.sections import WHOLE_FILE, Section

_PROBED = re.compile(r"Format (\S+) (?:probed|detected)")
_OTHER_FILE = re.compile(r"Skipped opening external track: stream (\d+)")
_TOO_LARGE = re.compile(r"\w+ size (\d+)x(\d+) exceeds")
_ENCRYPTED_TAGS = ("encv", "drmi")
_PREVIEW_SHARE = 1 / 6
"""A stream with a smaller share of the pixels of the largest one is a preview."""

_THEORA_HEADER = 0x80
"""Bit of the headers that a second recording in a file begins with."""

_DIRAC_END = b"BBCD\x10"
"""How the end of a sequence of Dirac begins."""

_TS_SYNC, _TS_PACKET_BYTES, _TS_PACKETS = b"G", 188, 5

_MP4_BOXES = (b"ftyp", b"mdat", b"wide", b"free", b"skip")


@dataclass(frozen=True)
class StreamChoice:
    """A video stream of a file and how it was chosen.

    Args:
        stream: The stream, as PyAV has it.
        number: Its number among the video streams of the file, from 1.
        descriptions: All video streams that hold a video, ``1: 1920×1080 h264``.
    """

    stream: Any
    number: int
    descriptions: tuple[str, ...]


def check_access(path: Path) -> None:
    """Check that the frames of a file lie in it, and are not encrypted.

    Raises:
        ProbeError: They do not, or they are; the message is the end of a sentence.
    """
    if is_encrypted(path):
        raise ProbeError(ENCRYPTED)
    if lies_elsewhere(path):
        raise ProbeError(ELSEWHERE)


def open_raw(path: Path, section: Section = WHOLE_FILE) -> Any:
    """Open a raw file with nothing allowed but the file itself.

    Args:
        path: The file.
        section: The recording in it to read.

    Raises:
        ProbeError: It is not a video; the message is the end of a sentence.
    """
    source: str | FragmentsFile = file_url(path)
    options = dict(RAW_INPUT_OPTIONS)
    if section.index is not None:
        source = FragmentsFile(path, *section.index, section.start, section.end_in(path))
    elif section != WHOLE_FILE:
        source = f"subfile,,start,{section.start},end,{section.end_in(path)},,:{source}"
        options["protocol_whitelist"] = "file,subfile"
    with _log_of_libav(av.logging.WARNING) as log:
        try:
            container = av.open(
                source, format=_forced_format(path, section.start), options=options, metadata_errors="replace"
            )
        except MemoryError:
            raise
        except av.FFmpegError as error:
            raise ProbeError(_refusal(path, _messages(log), error)) from error
    others = map(_OTHER_FILE.match, _messages(log))
    if any(container.streams[int(match[1])].type == "video" for match in others if match):
        container.close()
        raise ProbeError(ELSEWHERE)
    if not container.streams.video and (reason := _unfinished(path)):
        container.close()
        raise ProbeError(reason)
    return container


def choose_stream(container: Any, number: int = 0) -> StreamChoice:
    """Choose the video stream to read.

    Covers, previews and streams without a decoder do not count. Of the others, the first is taken that the file marks
    as default, or else the first of all.

    Args:
        container: An opened file.
        number: The number of the stream to take, from 1; 0 chooses.

    Raises:
        ProbeError: There is no such stream, or nobody can decode it.
    """
    videos = list(container.streams.video)
    cover = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    moving = [stream for stream in videos if not stream.disposition & cover]
    if not moving:
        raise ProbeError("it has a cover image but no video" if videos else "it has no video stream")
    if number > len(moving):
        raise ProbeError(f"it has no video stream {number}, only {len(moving)}; change video_stream")
    if number:
        stream = moving[number - 1]
    else:
        readable = [stream for stream in moving if stream.codec_context is not None] or moving
        least = max(map(_pixel_count, readable)) * _PREVIEW_SHARE
        whole = [stream for stream in readable if _pixel_count(stream) >= least]
        stream = next((stream for stream in whole if stream.disposition & Disposition.default), whole[0])
    if stream.codec_context is None:
        raise ProbeError("its video codec is unknown")
    if stream.codec_context.codec_tag in _ENCRYPTED_TAGS:
        raise ProbeError(ENCRYPTED)
    if _pixel_count(stream) > MAX_PIXELS:
        raise _too_many_pixels(stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return StreamChoice(stream, moving.index(stream) + 1, tuple(map(_description, moving)))


def read_packets(container: Any, stream: Any) -> Iterator[Any]:
    """All packets of a stream that hold frames, until the end or until the file becomes unreadable."""
    packets = container.demux(stream)
    codec = stream.codec_context.name
    while True:
        try:
            packet = next(packets)
        except MemoryError:
            raise
        except (StopIteration, av.FFmpegError):
            return
        if packet.size and _holds_frame(packet, codec):
            yield packet


def _holds_frame(packet: Any, codec: str) -> bool:
    if codec == "theora":
        return not bytes(packet)[0] & _THEORA_HEADER
    return codec not in ("dirac", "vc2") or not bytes(packet).startswith(_DIRAC_END)


def _forced_format(path: Path, start: int) -> str | None:
    """A transport stream of few packets is mistaken for another format, a stream of large JPEG images for an image."""
    with path.open("rb") as file:
        head = read_at(file, start, _TS_PACKETS * _TS_PACKET_BYTES)
    starts = head[::_TS_PACKET_BYTES]
    if len(starts) > 1 and set(starts) == set(_TS_SYNC):
        return "mpegts"
    return "mjpeg" if is_motion_jpeg(path, start) else None


@contextmanager
def _log_of_libav(level: int) -> Iterator[list[Any]]:
    av.logging.set_level(level)
    try:
        with av.logging.Capture() as log:
            yield log
    finally:
        av.logging.set_level(av.logging.ERROR)


def _messages(log: list[Any]) -> list[str]:
    return [message for _, _, message in log]


def _refusal(path: Path, log: list[str], error: av.FFmpegError) -> str:
    if any("whitelist" in message for message in log):
        format_name = format_name_of(path)
        what = refused_as(format_name) or "a format that is not accepted"
        return f"it is {what} ({format_name}), not a video recording"
    return _unfinished(path) or f"it is damaged or not a video ({error.strerror})"


def _unfinished(path: Path) -> str | None:
    """Why an MP4 file without its whole index cannot be read; None for other files."""
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] in _MP4_BOXES
    if not is_mp4 or has_whole_index(path):
        return None
    return (
        "its recording was never finished, or the file was cut off: the index (moov) is missing; "
        "a repair tool such as untrunc may rebuild it from another recording of the same camera"
    )


def decode_sample(context: Any, packet: Any) -> list[Any]:
    """Decode a packet, or with None what the decoder held back; damaged frames are left out.

    Args:
        context: The decoder, as PyAV has it.
        packet: The packet.

    Raises:
        ProbeError: A frame is too large, which containers may conceal.
    """
    frames: list[Any] = []
    with _log_of_libav(av.logging.ERROR) as log:
        try:
            frames = context.decode(packet)
        except MemoryError:
            raise
        except av.FFmpegError:
            pass
    if match := next(filter(None, map(_TOO_LARGE.match, _messages(log))), None):
        raise _too_many_pixels(int(match[1]), int(match[2]))
    return frames


def _too_many_pixels(width: int, height: int) -> ProbeError:
    return ProbeError(f"its frames have {width:,}×{height:,} pixels; at most {MAX_PIXELS:,} pixels are accepted")


def format_name_of(path: Path) -> str:
    """The container that libav sees in a file which it may not read."""
    with _log_of_libav(av.logging.DEBUG) as log, suppress(av.FFmpegError):
        av.open(file_url(path), options=dict(RAW_INPUT_OPTIONS))
    found = map(_PROBED.match, _messages(log))
    return next((match[1] for match in found if match), "unknown")


def _pixel_count(stream: Any) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height


def _description(stream: Any) -> str:
    context = stream.codec_context
    return "unknown codec" if context is None else f"{context.width}×{context.height} {context.name}"
