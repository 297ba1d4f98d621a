"""seqinfo.ini, and which frames count."""

from fractions import Fraction
from pathlib import Path

import pytest

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.tracking.evaluation.sequence import SequenceInfo, frames_to_score, read_sequence_info


def read(folder: Path, text: str) -> SequenceInfo:
    (folder / "gt").mkdir()
    (folder / "seqinfo.ini").write_text(text, encoding="utf-8")
    return read_sequence_info(folder / "gt" / "gt.txt")


def test_a_file_of_mot17(shared_data: Path) -> None:
    info = read_sequence_info(shared_data / "mot17" / "MOT17-04" / "gt" / "gt.txt")
    assert info == SequenceInfo("MOT17-04", 1050, Fraction(30))


def test_what_is_not_given_is_not_known(tmp_path: Path) -> None:
    assert read(tmp_path, "[Sequence]\nseqLength=71\n") == SequenceInfo(tmp_path.name, 71)


def test_no_file_at_all(tmp_path: Path) -> None:
    assert read_sequence_info(tmp_path / "yard" / "gt" / "gt.txt") == SequenceInfo("yard")
    assert read_sequence_info(tmp_path / "yard.txt") == SequenceInfo("yard")


@pytest.mark.parametrize(
    "text",
    ["", "seqLength=3", "[Sequence]\nseqLength=many", "[Sequence]\nseqLength=0", "[Sequence]\nseqLength=99999999",
     "[Sequence]\nframeRate=1/0", "[Sequence]\nframeRate=-30", "[Sequence]\nseqLength=1e3",
     "[Sequence]\nseqLength=%(x)s"],
)  # fmt: skip
def test_broken_files(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"seqinfo\.ini") as caught:
        read(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("frame_count", "first"), [(600, 302), (1050, 527), (525, 264), (3, 3)])
def test_the_second_half(frame_count: int, first: int) -> None:
    assert frames_to_score(frame_count, "val") == range(first, frame_count + 1)
    assert frames_to_score(frame_count, None) == range(1, frame_count + 1)


def test_too_short_to_be_halved() -> None:
    with pytest.raises(ParameterError, match="2 frames"):
        frames_to_score(2, "val")
