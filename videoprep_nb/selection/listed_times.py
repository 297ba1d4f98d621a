"""Times worth annotating that somebody knows from elsewhere, such as an alarm: lines of video, start and end."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted

_MAX_BYTES = 1 << 20
_MAX_LINES = 10_000
_COLUMNS = ("video", "start", "end")
_TIME = re.compile(r"(?:(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,3}):)?(?P<seconds>\d{1,9}(?:\.\d{1,6})?)", re.ASCII)
_EXPECTED_TIME = "seconds or a clock time such as 62.5 or 1:02.5"


@dataclass(frozen=True)
class ListedTime:
    """A line of the list.

    Args:
        video: Number or file name of a video.
        start_s: Seconds after a player begins to play the recording.
        end_s: Likewise; None for the end of the video.
    """

    video: str
    start_s: float
    end_s: float | None

    def overlaps(self, start_s: float, end_s: float) -> bool:
        """Whether some of a span lies in it."""
        return self.start_s < end_s and (self.end_s is None or start_s < self.end_s)


def read_listed_times(text: str, field: str = "keep_times") -> list[ListedTime]:
    r"""Read a list of times.

    Args:
        text: CSV with the columns video, start and end, with or without that heading; commas or semicolons. An empty
            start is that of the video, an empty end its end.
        field: Name of the parameter, for messages.

    Raises:
        ParameterError: A line cannot be read; the message says which and why.

    Example:
        >>> read_listed_times("video,start,end\ncam1.avi,12.5,1:02\n2;90;")
        [ListedTime(video='cam1.avi', start_s=12.5, end_s=62.0), ListedTime(video='2', start_s=90.0, end_s=None)]
        >>> read_listed_times("1,60,30")
        Traceback (most recent call last):
        videoprep_nb.core.errors.ParameterError: keep_times: line 1: got the end '30', expected one behind...
    """
    if len(text) > _MAX_BYTES or text.count("\n") > _MAX_LINES:
        raise ParameterError(field, f"got {len(text):,} characters, expected {_MAX_LINES:,} lines at most")
    try:
        return list(_read_lines(text.removeprefix("\ufeff")))
    except ValueError as error:
        raise ParameterError(field, str(error)) from None


def unknown_videos(times: Sequence[ListedTime], names: Mapping[str, str]) -> list[str]:
    """Videos that a list names and a job does not have, each once.

    Args:
        times: The list.
        names: Number → file name of each video of the job.
    """
    known = {*names, *names.values()}
    return list(dict.fromkeys(time.video for time in times if time.video not in known))


def _read_lines(text: str) -> Iterator[ListedTime]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = _cells(line, number)
        if [cell.casefold() for cell in cells] == list(_COLUMNS):
            continue
        if len(cells) != len(_COLUMNS) or not cells[0]:
            raise ValueError(
                f"line {number}: got {quoted(line)}, expected video, start and end, such as cam1.avi,30,75"
            )
        yield _listed_time(cells[0], cells[1], cells[2], number)


def _cells(line: str, number: int) -> list[str]:
    """The cells of a line; of a separator that is in the name of a video, the name must be quoted."""
    delimiter = "," if line.count(",") >= line.count(";") else ";"
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise ValueError(f"line {number}: got {quoted(line)}, which is not CSV ({error})") from None


def _listed_time(video: str, start: str, end: str, number: int) -> ListedTime:
    start_s = _seconds(start, number) if start else 0.0
    end_s = _seconds(end, number) if end else None
    if end_s is not None and end_s <= start_s:
        raise ValueError(f"line {number}: got the end {quoted(end)}, expected one behind the start {quoted(start)}")
    return ListedTime(video, start_s, end_s)


def _seconds(text: str, number: int) -> float:
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise ValueError(f"line {number}: got the time {quoted(text)}, expected {_EXPECTED_TIME}")
    return 3600 * int(parts["hours"] or 0) + 60 * int(parts["minutes"] or 0) + float(parts["seconds"])
