"""Two results compared on the command line: what a person reads, and what a program gets."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.results import good_manifest, write_result, write_uncorrected_tracks


def result(folder: Path, corrections: str = "", **parameters: object) -> Path:
    described = good_manifest().model_copy(update={"parameters": {"track_persons": parameters}})
    write_result(folder, manifest=described, clips=False)
    write_uncorrected_tracks(folder)
    (folder / "corrections.yaml").write_text(corrections, encoding="utf-8")
    return folder


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return result(tmp_path / "before", confidence=0.25)


@pytest.fixture
def after(tmp_path: Path) -> Path:
    return result(tmp_path / "after", "1:\n- {merge: [1, 2]}\n2:\n- {delete: 1}\n", confidence=0.25, sampled_fps=8.0)


def test_what_changed_is_read_in_lines(before: Path, after: Path):
    found = videoprep("compare", before, after)
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        "1. camera 1.avi: 2 → 1 person (1 in both, 0 only before, 0 only after), "
        "2.1 → 1.4 person-seconds (1.4 the same), 1 → 1 place to inspect",
        "  0:02.0 merged: 2, 1 → 1",
        "2. camera 2.avi: 1 → 0 people (0 in both, 1 only before, 0 only after), "
        "1.4 → 0.0 person-seconds (0.0 the same), 0 → 0 places to inspect",
        "  0:00.0 only before for 1.7 s: 1",
        "track_persons.sampled_fps: 60.0 → 8.0",
        "Package: clips 3 → 3, frames 5 → 5, persons 3 → 3, boxes 5 → 5",
    ]


def test_a_program_gets_one_object(before: Path, after: Path):
    found = json.loads(videoprep("compare", before, after, "--json").stdout)
    assert found["settings"] == [{"name": "track_persons.sampled_fps", "left": "60.0", "right": "8.0"}]
    assert [change["kind"] for change in found["videos"][0]["changes"]] == ["merged"]
    assert [track["name"] for track in found["videos"][0]["changes"][0]["left_tracks"]] == ["2", "1"]
    assert (found["videos"][1]["left"]["person_count"], found["videos"][1]["right"]["person_count"]) == (1, 0)
    assert found["left"] == {"clips": 3, "frames": 5, "persons": 3, "boxes": 5}


def test_the_same_result_twice_has_no_changes(before: Path):
    found = json.loads(videoprep("compare", before, before, "--json").stdout)
    assert found["settings"] == found["versions"] == []
    assert [video["changes"] for video in found["videos"]] == [[], []]


def test_a_package_alone_is_compared(before: Path, after: Path):
    found = json.loads(videoprep("compare", before / "final_package.zip", after / "final_package.zip", "--json").stdout)
    assert [video["both"] for video in found["videos"]] == [2, 1]


def test_what_is_no_result_is_said_in_one_sentence(before: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    found = videoprep("compare", before, tmp_path / "empty")
    assert found.exit_code == 2
    assert len(found.stderr.splitlines()) == 1
    assert "holds no final_package.zip" in found.stderr
