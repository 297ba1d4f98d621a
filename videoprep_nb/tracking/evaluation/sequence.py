"""What is known of a sequence besides its boxes: how many frames, how fast, how large."""

import configparser
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeVar

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.file_names import display_name
from videoprep_nb.tracking.mot_text import MAX_FRAME_NUMBER

SEQUENCE_INFO_NAME = "seqinfo.ini"

Half = Literal["val"]
_Number = TypeVar("_Number", int | None, Fraction)


@dataclass(frozen=True)
class SequenceInfo:
    """A sequence of MOTChallenge; None stands for what is not known.

    Args:
        name: Name of its folder, or of its ground truth.
        frame_count: Number of frames.
        rate: Frames per second.
    """

    name: str
    frame_count: int | None = None
    rate: Fraction | None = None


def read_sequence_info(ground_truth: Path) -> SequenceInfo:
    """Read the ``seqinfo.ini`` that lies beside the folder ``gt`` of a sequence.

    Args:
        ground_truth: ``<sequence>/gt/gt.txt``; of a file elsewhere, ``seqinfo.ini`` is looked for in its own folder.

    Returns:
        What the file says; only the name when there is none.

    Raises:
        InputError: The file is there and is not understood.
    """
    folder = ground_truth.resolve().parent
    name = display_name(ground_truth.stem)
    if folder.name == "gt":
        folder = folder.parent
        name = display_name(folder.name)
    file = folder / SEQUENCE_INFO_NAME
    if not file.is_file():
        return SequenceInfo(name)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"))
        values = parser["Sequence"]
        return SequenceInfo(
            name=name,
            frame_count=_positive(values.getint("seqLength"), MAX_FRAME_NUMBER),
            rate=_positive(Fraction(values["frameRate"]), 1000) if "frameRate" in values else None,
        )
    except (OSError, ValueError, KeyError, ZeroDivisionError, configparser.Error) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file} is not understood ({reason}); correct it or move it away.") from None


def _positive(value: _Number, greatest: int) -> _Number:
    if value is not None and not 0 < value <= greatest:
        raise ValueError(f"got {value}, expected a number from 1 to {greatest}")
    return value


def frames_to_score(frame_count: int, half: Half | None) -> range:
    """The numbers of the frames that count.

    Args:
        frame_count: Frames of the sequence, n.
        half: "val" for the second half, n//2+2 … n, which detectors trained on the first half have not seen
            (Zhou et al. 2020, "Tracking objects as points", section 5.1); None for all.

    Raises:
        ParameterError: The sequence is too short to be halved.
    """
    first = 1 if half is None else frame_count // 2 + 2
    if first > frame_count:
        raise ParameterError("half", f"a sequence of {frame_count} frames has no second half")
    return range(first, frame_count + 1)
