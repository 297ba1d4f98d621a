"""``videoprep evaluate``."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.support.command_line import videoprep
from tests.support.mot_files import sequence, walk, write_rows

FRAMES = range(1, 31)


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """A sequence with detections, and tracks that miss the second of two persons."""
    truth = [*walk(1, FRAMES), *walk(2, FRAMES, y=300)]
    sequence(tmp_path / "yard", truth, frame_count=len(FRAMES))
    write_rows(tmp_path / "yard" / "det.txt", [(row[0], -1, *row[2:6], 0.9) for row in truth])
    write_rows(tmp_path / "yard" / "tracks.txt", walk(1, FRAMES))
    return tmp_path / "yard"


def figures(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_tracks_of_several_sequences(yard: Path) -> None:
    files = ["--gt", yard / "gt" / "gt.txt", "--tracks", yard / "tracks.txt"]
    measured = figures(
        videoprep("evaluate", *files, "--gt", yard / "gt" / "gt.txt", "--tracks", yard / "gt" / "gt.txt", "--json")
    )
    first, second = measured["sequences"]
    assert (first["name"], first["MOTA"], first["FN"], second["MOTA"]) == ("yard", 50, 30, 100)
    assert (measured["combined"]["MOTA"], measured["combined"]["FN"]) == (75, 30)
    table = videoprep("evaluate", *files).stdout
    assert table.split()[:3] == ["sequence", "HOTA", "DetA"]


def test_the_default_tracker_and_written_tracks(yard: Path, tmp_path: Path) -> None:
    files = [
        "--gt",
        yard / "gt" / "gt.txt",
        "--detections",
        yard / "det.txt",
        "--write-tracks",
        tmp_path / "new" / "out.txt",
    ]
    measured = figures(videoprep("evaluate", *files, "--half", "val", "--json"))
    assert measured["combined"]["MOTA"] == 100
    rows = [line.split(",") for line in (tmp_path / "new" / "out.txt").read_text(encoding="utf-8").splitlines()]
    assert sorted({int(row[0]) for row in rows}) == list(range(17, 31))
    assert {int(row[1]) for row in rows} == {1, 2}


def test_parameters_reach_the_tracker(yard: Path) -> None:
    files = ["--gt", yard / "gt" / "gt.txt", "--detections", yard / "det.txt", "--json", "--tracker", "bytetrack"]
    assert figures(videoprep("evaluate", *files))["combined"]["FN"] == 0
    strict = ["--set", "tracker_options=track_high_thresh:0.95,new_track_thresh:0.95"]
    assert figures(videoprep("evaluate", *files, *strict))["combined"]["FN"] == 60


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        pytest.param([], "--detections", id="nothing-to-score"),
        pytest.param(["--tracks", "tracks.txt", "--detections", "det.txt"], "either", id="both"),
        pytest.param(["--tracks", "tracks.txt", "--tracker", "sort"], "--tracker", id="tracker-for-tracks"),
        pytest.param(["--tracks", "tracks.txt", "--tracks", "tracks.txt"], "got 2", id="more-tracks-than-truth"),
        pytest.param(["--detections", "none.txt"], "none.txt", id="no-such-file"),
        pytest.param(["--detections", "det.txt", "--tracker", "bitetrack"], "bytetrack", id="tracker"),
        pytest.param(["--detections", "det.txt", "--set", "max_gap=3"], "max_gap_s", id="parameter"),
        pytest.param(["--detections", "det.txt", "--set", "max_gap_s=long"], "max_gap_s", id="value"),
        pytest.param(["--detections", "det.txt", "--set", "weights=yolov8n"], "weights", id="of-the-detector"),
        pytest.param(
            ["--detections", "det.txt", "--tracker", "ocsort", "--set", "tracker_options=inertia_s:1"], "inertia",
            id="tracker-option",
        ),
        pytest.param(["--detections", "det.txt", "--write-tracks", "det.txt"], "another file", id="overwritten"),
        pytest.param(["--detections", "det.txt", "--frame-rate", "fast"], "29.97", id="frame-rate"),
        pytest.param(["--tracks", "det.txt"], "detections", id="detections-as-tracks"),
        pytest.param(["--detections", "det.txt", "--write-tracks", "a", "--write-tracks", "b"], "got 2", id="files"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_in_one_sentence(
    yard: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], hint: str
) -> None:
    monkeypatch.chdir(yard)
    result = videoprep("evaluate", "--gt", "gt/gt.txt", *arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
