"""Which part of each video is taken: texts such as ``cam1.avi:12.5-60``, in seconds after the first frame."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from videoprep_nb.core.text import quoted
from videoprep_nb.core.timecode import format_clock

_SECONDS = r"\d{1,9}(?:\.\d{1,6})?"
_TEXT = re.compile(rf"(?P<video>.+):(?P<start>{_SECONDS})?-(?P<end>{_SECONDS})?", re.ASCII | re.DOTALL)
_EXPECTED = "a number or name of a video, with start and end in seconds, such as 2:12.5-60 or cam1.avi:30-"


@dataclass(frozen=True)
class TimeRange:
    """A part of a video: the frames from the start on that are before the end.

    Args:
        start_s: Seconds after the first frame.
        end_s: Likewise; None for the end of the video.
    """

    start_s: float = 0.0
    end_s: float | None = None

    def length_s(self, duration_s: float) -> float:
        """What it leaves of a video; 0 when it begins behind its end."""
        end_s = duration_s if self.end_s is None else min(self.end_s, duration_s)
        return max(0.0, end_s - self.start_s)

    def __str__(self) -> str:
        end = "the end" if self.end_s is None else format_clock(self.end_s)
        return f"{format_clock(self.start_s)} to {end}"


class TimeRanges:
    """The parts of the videos of a job, by number or name of a video.

    Example:
        >>> ranges = TimeRanges.read(["2:12.5-60", "cam1.avi:30-"])
        >>> ranges.of_video("2", "cam2.avi"), ranges.of_video("1", "cam1.avi").end_s, ranges.of_video("3", "x.avi")
        (TimeRange(start_s=12.5, end_s=60.0), None, None)
        >>> ranges.texts()
        ['2:12.5-60', 'cam1.avi:30-']
    """

    def __init__(self, by_video: Mapping[str, TimeRange]) -> None:
        self._by_video = dict(by_video)

    @classmethod
    def read(cls, texts: Iterable[str]) -> Self:
        """Read them from texts.

        Raises:
            ValueError: A text is none, an end is not behind its start, or a video has two.
        """
        by_video: dict[str, TimeRange] = {}
        for text in texts:
            video, found = _read(text)
            if video in by_video:
                raise ValueError(f"expected one part of video {quoted(video)}")
            by_video[video] = found
        return cls(by_video)

    def of_video(self, video_id: str, original_name: str) -> TimeRange | None:
        """The part of a video, by its number before its name; None for all of it."""
        return self._by_video.get(video_id, self._by_video.get(original_name))

    @property
    def videos(self) -> list[str]:
        """The videos that they name."""
        return list(self._by_video)

    def texts(self) -> list[str]:
        """The texts that ``read`` reads."""
        return [f"{video}:{part.start_s:.15g}-{_end_text(part)}" for video, part in self._by_video.items()]


def _end_text(part: TimeRange) -> str:
    return "" if part.end_s is None else f"{part.end_s:.15g}"


def _read(text: str) -> tuple[str, TimeRange]:
    parts = _TEXT.fullmatch(text.strip())
    if parts is None or not (parts["start"] or parts["end"]):
        raise ValueError(f"got {quoted(text)}, expected {_EXPECTED}")
    found = TimeRange(float(parts["start"] or 0), float(parts["end"]) if parts["end"] else None)
    if found.end_s is not None and found.end_s <= found.start_s:
        raise ValueError(f"got {quoted(text)}, expected an end behind the start")
    return parts["video"].strip(), found
