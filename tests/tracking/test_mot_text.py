"""The text of MOT files, sound and broken."""

from pathlib import Path

import pytest

from videoprep_nb.core.errors import InputError
from videoprep_nb.tracking.mot_text import parse_mot_text

SOUND = "1,2,3,4,5,6,0.5"


def test_numbers_as_they_are_written() -> None:
    text = "\ufeff1,2,3.5,-4,5,6,0.5,-1\r\n\r\n 1.0, 2, 1e2, 4, 5, 6, nan, x".replace("nan, x", "1, -1")
    assert parse_mot_text(text.encode(), Path("a.txt"))[:, :7].tolist() == [
        [1, 2, 3.5, -4, 5, 6, 0.5],
        [1, 2, 100, 4, 5, 6, 1],
    ]


def test_an_empty_file_has_no_rows() -> None:
    assert parse_mot_text(b"\n\n", Path("a.txt")).shape == (0, 7)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        pytest.param(b"1,2,3,4,5,6", "6 columns", id="too-few-columns"),
        pytest.param(f"{SOUND}\n\n{SOUND},7".encode(), "line 3: got 8 columns", id="columns-change"),
        pytest.param(f"{SOUND}\n1,2,3,four,5,6,1".encode(), "line 2: got 'four'", id="letters"),
        pytest.param(b"1 2 3 4 5 6 7", "'1 2 3 4 5 6 7'", id="no-commas"),
        pytest.param(f"{SOUND}\n1,2,nan,4,5,6,1".encode(), "line 2", id="nan"),
        pytest.param(b"1,2,3,4,5,6,inf", "line 1", id="infinite-score"),
        pytest.param(f"\n{SOUND}\n1,2,3,4,0,6,1".encode(), "line 3", id="no-width"),
        pytest.param(b"1,2,3,4,5,-6,1", "line 1", id="negative-height"),
        pytest.param(b"0,2,3,4,5,6,1", "frame number from 1", id="frame-zero"),
        pytest.param(b"1.5,2,3,4,5,6,1", "frame number", id="half-an-image"),
        pytest.param(b"1e15,2,3,4,5,6,1", "frame number", id="frame-far-away"),
        pytest.param(b"\xff\xd8\xff\xe0", "not a text file", id="an-image"),
        pytest.param(b"PK\x03\x04\x00\x00", "PK", id="an-archive"),
        pytest.param(b"1_0,2,3,4,5,6,1", "numbers separated by commas", id="underscore"),
    ],
)
def test_broken_files_are_reported_in_one_sentence(content: bytes, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_mot_text(content, Path("some.txt"))
    message = str(caught.value)
    assert hint in message
    assert "some.txt" in message
    assert len(message.splitlines()) == 1
