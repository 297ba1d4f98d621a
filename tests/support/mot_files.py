"""Small sequences in the form of MOTChallenge, for the tests of evaluation."""

from collections.abc import Iterable
from pathlib import Path

SEQUENCE_INFO = "[Sequence]\nname=made up\nseqLength={}\nframeRate=10\nimWidth=640\nimHeight=480\n"
Row = tuple[float, ...]


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{value:g}" for value in row) + "\n" for row in rows), encoding="utf-8")
    return path


def walk(object_id: int, frames: range, *, y: float = 100, kind: int | None = 1, mark: float = 1) -> list[Row]:
    """Somebody who goes 4 px to the right per frame: rows of ground truth of MOT17, or of 7 columns if kind is None."""
    tail: Row = () if kind is None else (kind, 1.0)
    return [(frame, object_id, 10 + 4 * frame, y, 40, 100, mark, *tail) for frame in frames]


def sequence(folder: Path, truth: Iterable[Row], frame_count: int | None = None) -> Path:
    """Write a sequence; returns its ``gt.txt``."""
    if frame_count is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "seqinfo.ini").write_text(SEQUENCE_INFO.format(frame_count), encoding="utf-8")
    return write_rows(folder / "gt" / "gt.txt", truth)
