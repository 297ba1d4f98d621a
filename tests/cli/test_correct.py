"""Corrections by hand: a run with them, and a result that is corrected afterwards, give the same package."""

import shutil
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.packages import ids_by_video
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.exports.uncorrected_tracks import read_uncorrected
from videoprep_nb.exports.validate import validate
from videoprep_nb.media.sample import write_sample

NONE = "# nothing\n"


def ids_in(folder: Path) -> set[int]:
    return set().union(*ids_by_video(folder / PACKAGE_NAME).values())


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A result that was made with corrections, and the file of these."""
    folder = tmp_path_factory.mktemp("corrected")
    video = folder / "persons.mp4"
    write_sample(video, duration_s=4.0)
    corrections = write(folder / "corrections.yaml", "persons.mp4:\n- {split: 1, at_s: 1.5}\n- {delete: 1@1.5}\n")
    arguments = ["--corrections", corrections, "--set", "track_persons.frame_stride=3"]
    assert videoprep("run", video, "--output", folder / "out", *arguments).exit_code == 0
    return folder / "out", corrections


@pytest.mark.slow
def test_a_corrected_package_is_that_of_a_run_with_the_corrections(corrected: tuple[Path, Path], tmp_path: Path):
    result, corrections = corrected
    with_corrections = (result / PACKAGE_NAME).read_bytes()
    before = read_uncorrected(result / "uncorrected_tracks", "1")
    copy = shutil.copytree(result, tmp_path / "copy")
    assert videoprep("correct", copy, write(tmp_path / "none.yaml", NONE)).exit_code == 0
    assert (copy / PACKAGE_NAME).read_bytes() != with_corrections
    assert ids_in(copy) <= set(before.track_ids)
    assert videoprep("correct", copy, corrections).exit_code == 0
    assert (copy / PACKAGE_NAME).read_bytes() == with_corrections
    assert validate(copy / PACKAGE_NAME) == []
    assert "split 1 at 1.5 s" in (result / "reports/04_track_persons_1.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_does_not_fit_is_left_out_and_named(corrected: tuple[Path, Path], tmp_path: Path):
    copy = shutil.copytree(corrected[0], tmp_path / "copy")
    lines = write(tmp_path / "odd.yaml", "1:\n- {delete: 1}\n- {delete: 900}\ncam7.mp4:\n- {delete: 1}\n")
    found = videoprep("correct", copy, lines)
    assert found.exit_code == 3
    assert found.stderr.splitlines() == [
        "Left out: cam7.mp4: there is no such video in copy.",
        "Left out: persons.mp4: delete 900: there is no track 900.",
    ]
    assert 1 not in ids_in(copy)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["1: 3", "1:\n- {delete: x}", "1: &a [*a]"])
def test_wrong_corrections_change_nothing(text: str, corrected: tuple[Path, Path], tmp_path: Path):
    copy = shutil.copytree(corrected[0], tmp_path / "copy")
    before = {path.name: path.stat().st_mtime_ns for path in copy.iterdir()}
    found = videoprep("correct", copy, write(tmp_path / "wrong.yaml", text))
    assert (found.exit_code, found.stderr.startswith("corrections: "), found.stderr.count("\n")) == (2, True, 1)
    assert {path.name: path.stat().st_mtime_ns for path in copy.iterdir()} == before


def test_a_result_without_tracks_is_refused(tmp_path: Path):
    found = videoprep("correct", tmp_path, write(tmp_path / "none.yaml", NONE))
    assert found.exit_code == 2
    assert "has no tracks to correct" in found.stderr
