"""The text form of MOTChallenge: one box per line, ``frame,id,x,y,width,height,score,…``, all counted from 1."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError

FRAME, OBJECT_ID, SCORE = 0, 1, 6
BOX_XYWH = slice(2, 6)
MIN_COLUMNS = 7
MAX_FRAME_NUMBER = 1_000_000
"""Nine hours at 30 frames per second: a larger number is a damaged file, and would cost memory by the frame."""


def parse_mot_text(content: bytes, path: Path) -> npt.NDArray[np.float64]:
    """Read boxes.

    Args:
        content: What the file holds.
        path: Its name, for messages.

    Returns:
        ``(N, columns)`` float64 with at least 7 columns, which are finite: frame number (whole, from 1 to
        ``MAX_FRAME_NUMBER``), id, x, y, width and height (greater than 0) in pixels, score.

    Raises:
        InputError: The file is not of that form; the message names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file; expected MOT rows frame,id,x,y,width,height,score.") from None
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not numbered:
        return np.zeros((0, MIN_COLUMNS))
    try:
        rows = np.loadtxt([line for _, line in numbered], delimiter=",", comments=None, ndmin=2)
    except ValueError:
        raise InputError(f"{path}, {_first_unreadable(numbered)}") from None
    if rows.shape[1] < MIN_COLUMNS:
        raise InputError(f"{path} has {rows.shape[1]} columns; expected frame,id,x,y,width,height,score.")
    sound = np.isfinite(rows[:, :MIN_COLUMNS]).all(axis=1) & (rows[:, 4:6] > 0).all(axis=1)
    sound &= (rows[:, FRAME] >= 1) & (rows[:, FRAME] <= MAX_FRAME_NUMBER) & (rows[:, FRAME] % 1 == 0)
    if not sound.all():
        number, line = numbered[int(np.argmin(sound))]
        raise InputError(
            f"{path}, line {number}: got {_shortened(line)}; expected a frame number from 1 to "
            f"{MAX_FRAME_NUMBER:,}, a width and a height above 0, and finite numbers."
        )
    return rows


def _first_unreadable(numbered: list[tuple[int, str]]) -> str:
    column_count = len(numbered[0][1].split(","))
    for number, line in numbered:
        fields = line.split(",")
        if len(fields) != column_count:
            return f"line {number}: got {len(fields)} columns, expected {column_count} as in the first line."
        for field in fields:
            try:
                float(field)
            except ValueError:
                return f"line {number}: got {_shortened(field)}, expected a number."
    return "the rows are not numbers separated by commas."


def _shortened(text: str) -> str:
    return repr(text.strip() if len(text) <= 60 else text.strip()[:60] + "…")
