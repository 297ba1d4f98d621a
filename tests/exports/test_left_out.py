"""Clips that were left out, brought back: the package is then what it would have been with them."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.support.packages import read_proposals
from tests.support.proposal_files import good_entries, good_proposals
from tests.support.results import LEFT_OUT, good_manifest, leave_clips_out, write_result, write_uncorrected_tracks
from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.exports.correct_package import correct_package
from videoprep_nb.exports.left_out import bring_back
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.tracking.corrections import read_corrections


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_result(tmp_path, clips=False)
    leave_clips_out(tmp_path)
    return tmp_path


def content(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_all_that_was_left_out_comes_back(folder: Path):
    assert bring_back(folder) == LEFT_OUT
    assert content(folder / "final_package.zip") == good_entries()
    assert validate_package(folder / "final_package.zip") == []
    manifest = Manifest.read(folder / "manifest.json")
    assert manifest == good_manifest()
    assert bring_back(folder / "final_package.zip") == []


def test_one_clip_comes_back_to_its_place(folder: Path):
    assert bring_back(folder, ["2_clip_000"]) == ["2_clip_000"]
    assert list(read_proposals(folder / "final_package.zip")) == ["1_clip_000", "2_clip_000"]
    left_out = json.loads((folder / "manifest.json").read_text())["left_out"]
    assert [clip["clip_id"] for clip in left_out] == ["1_clip_001"]
    assert bring_back(folder) == ["1_clip_001"]
    assert list(read_proposals(folder / "final_package.zip")) == list(good_proposals())


def test_it_can_be_repeated_after_it_was_interrupted(folder: Path):
    before = (folder / "final_package.zip").read_bytes()
    bring_back(folder)
    (folder / "final_package.zip").write_bytes(before)  # the manifest was written, the package was not
    assert bring_back(folder) == LEFT_OUT
    assert content(folder / "final_package.zip") == good_entries()


@pytest.mark.parametrize("clip", ["1_clip_000", "1_clip_007", "../x"])
def test_a_clip_that_was_not_left_out_is_refused(folder: Path, clip: str):
    before = (folder / "final_package.zip").read_bytes()
    with pytest.raises(ParameterError, match="1_clip_001"):
        bring_back(folder, [clip])
    assert (folder / "final_package.zip").read_bytes() == before


def test_a_package_of_another_name_is_refused(folder: Path):
    with pytest.raises(InputError, match=r"no final_package\.zip"):
        bring_back(folder / "left_out.zip")


def test_what_was_left_out_is_corrected_with_the_rest(folder: Path):
    write_uncorrected_tracks(folder)
    correct_package(folder, read_corrections("1:\n- merge: [1, 2]"))
    assert bring_back(folder) == LEFT_OUT
    assert validate_package(folder / "final_package.zip") == []
    proposals = read_proposals(folder / "final_package.zip")
    ids = {
        video: {box[5] for clip, frames in proposals.items() if clip[0] == video for f in frames.values() for box in f}
        for video in "12"
    }
    assert not ids["1"] & ids["2"]
