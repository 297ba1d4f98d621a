"""Recordings that lie one behind the other in a file: where each begins and ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from videoprep_nb.media.raw.boxes import FILE_TYPE, later_movies
from videoprep_nb.media.raw.byte_search import find_pattern
from videoprep_nb.media.raw.fragments import restarts
from videoprep_nb.media.raw.ts_programs import video_changes

MAX_SECTIONS = 500
_HEADER_BYTES = 512  # a signature that comes again within the header begins nothing new

_SIGNATURES = {
    "apng": rb"\x89PNG\r\n\x1a\n",
    "avi": rb"RIFF.{4}AVI LIST.{4}hdrl",
    "asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
    "flv": rb"FLV\x01[\x00\x01\x04\x05]\x00\x00\x00\x09",
    "gif": rb"GIF8[79]a",
    "ivf": rb"DKIF\x00\x00\x20\x00",
    "matroska,webm": rb"\x1aE\xdf\xa3.{1,64}?B\x82.{1,2}?(?:matroska|webm)",
    "mxf": rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02[\x01-\x04]\x00",
    "nut": rb"nut/multimedia container\x00",
    "ogg": rb"OggS\x00\x02",
    "rm": rb"\.RMF\x00\x00\x00\x12",
    "smjpeg": rb"\x00\nSMJPEG",
    "wtv": rb"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d",
    "yuv4mpegpipe": rb"YUV4MPEG2 ",
}
"""How a recording begins, for containers whose demuxer does not read on behind its end."""

_BEHIND_OTHERS = {
    **_SIGNATURES,
    "mov": FILE_TYPE,
    "mpegts": rb"G(?:.{187}G){4}",
    "mpegts of 192 bytes": rb"G(?:.{191}G){4}",
    "mpjpeg": rb"--[!-~]{1,70}\r?\n(?:[A-Za-z-]+:[^\n]*\n){1,10}\r?\n\xff\xd8\xff",
}
"""How a recording begins that lies behind one of another container, or behind bytes that its demuxer cannot read."""

_READS_ON = ("mpegts", *_SIGNATURES)
"""Containers of which all recordings are found before they are read."""


@dataclass(frozen=True)
class Section:
    """A recording in a file.

    Args:
        start: Its first byte.
        end: The byte behind its last one; None for the end of the file.
        index: First byte of the MP4 recording that it continues, and the byte behind its index; None for others.
    """

    start: int = 0
    end: int | None = None
    index: tuple[int, int] | None = None

    @property
    def origin(self) -> int:
        """The byte of the file that libav takes for the first one."""
        return self.start if self.index is None else self.index[0]

    def end_in(self, path: Path) -> int:
        """The byte behind its last one in a file."""
        return path.stat().st_size if self.end is None else self.end


WHOLE_FILE = Section()


def find_sections(path: Path, format_name: str) -> list[Section]:
    """Find the recordings in a file.

    Args:
        path: A raw file.
        format_name: Its container, as libav names it.
    """
    starts = [0]
    for start in _later_starts(path, format_name):
        if start - starts[-1] > _HEADER_BYTES and len(starts) < MAX_SECTIONS:
            starts.append(start)
    sections = [Section(start, end) for start, end in pairwise([*starts, None])]  # type: ignore[arg-type]
    if not format_name.startswith("mov,"):
        return sections
    return list(islice((part for section in sections for part in _parts(path, section)), MAX_SECTIONS))


def _parts(path: Path, section: Section) -> Iterator[Section]:
    """The parts of an MP4 recording, each with a clock that does not go back from one fragment to the next."""
    with path.open("rb") as file:
        index_end, positions = restarts(file, section.start, section.end_in(path))
    starts = [section.start, *positions]
    for start, end in zip(starts, [*positions, section.end], strict=True):
        yield Section(start, end, None if start == section.start else (section.start, index_end))


def section_behind(path: Path, section: Section, position: int, format_name: str) -> Section | None:
    """The next recording behind the last frame that was read of a recording.

    Args:
        path: A raw file.
        section: Where the recording lies.
        position: The byte behind its last frame.
        format_name: Its container, as libav names it.
    """
    others = [
        text for name, text in _BEHIND_OTHERS.items() if not (format_name in _READS_ON and name.startswith(format_name))
    ]
    with path.open("rb") as file:  # each signature on its own is found faster than all together
        found = [next(find_pattern(file, re.compile(each, re.DOTALL), position, section.end), None) for each in others]
    first = min((start for start in found if start is not None), default=None)
    return None if first is None else Section(first, section.end)


def _later_starts(path: Path, format_name: str) -> Iterator[int]:
    with path.open("rb") as file:
        if format_name == "mpegts":
            yield from video_changes(file)
        elif format_name.startswith("mov,"):
            yield from later_movies(file, path.stat().st_size)
        elif format_name in _SIGNATURES:
            yield from find_pattern(file, re.compile(_SIGNATURES[format_name], re.DOTALL))
