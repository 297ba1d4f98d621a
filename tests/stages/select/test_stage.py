"""Stage 5b and the package that follows it, on videos written by hand."""

import json
import pickle
from pathlib import Path

import pytest

from tests.support.packages import read_proposals
from tests.support.proposal_files import good_proposals, write_video
from tests.support.results import good_dense_tracks
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.exports.dense_tracks import write_dense_tracks
from videoprep_nb.exports.left_out import bring_back
from videoprep_nb.exports.validate import validate
from videoprep_nb.selection.records import Selection
from videoprep_nb.stages.base import VideoFacts
from videoprep_nb.stages.package.params import PackageParams
from videoprep_nb.stages.package.stage import package
from videoprep_nb.stages.registry import STAGES
from videoprep_nb.stages.select.params import SelectParams
from videoprep_nb.stages.select.stage import select


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Frames, pickle and tracks of two videos."""
    write_video(tmp_path, "1", {"1_clip_000": [0, 10], "1_clip_001": [0]})
    write_video(tmp_path, "2", {"2_clip_000": [0, 10]})
    (tmp_path / "dense_proposals.pkl").write_bytes(pickle.dumps(good_proposals(), 4))
    write_dense_tracks(tmp_path / "dense_tracks.npz", good_dense_tracks())
    return tmp_path


def folders(job: Path) -> dict[str, str]:
    return {name: str(job / name.removesuffix("_dir")) for name in ("resized_dir", "clips_dir", "frames_dir")} | {
        "dense_tracks_file": str(job / "dense_tracks.npz")
    }


def run_select(job: Path, **rules) -> Selection:
    inputs = {**folders(job), "proposals_file": str(job / "dense_proposals.pkl"), "output_dir": str(job / "selection")}
    return select(SelectParams.checked({**inputs, "mode": "keep", **rules}), lambda *report: None)


def run_package(job: Path) -> None:
    of_selection = {
        "proposals_file": str(job / "selection" / "dense_proposals.pkl"),
        "selection_file": str(job / "selection" / "selection.json"),
    }
    output = {"output_file": str(job / "final_package.zip"), "tracks_dir": str(job / "tracks")}
    package(PackageParams.checked({**folders(job), **of_selection, **output}), lambda *report: None)


def facts(job: Path, video_id: str) -> VideoFacts:
    return STAGES["select"].facts(job, video_id)


def test_scores_alone_keep_everything(job: Path):
    selection = run_select(job, mode="score only", min_persons=50)
    assert selection.left_out == []
    assert [clip.clip_id for clip in selection.clips] == list(good_proposals())
    run_package(job)
    assert list(read_proposals(job / "final_package.zip")) == list(good_proposals())
    assert not (job / "left_out.zip").exists()
    assert facts(job, "1") == {"left_out": ()}


def test_what_is_left_out_lies_beside_the_package_with_its_reasons(job: Path):
    selection = run_select(job, keep_times="1,0,1", only_listed=True)
    left_out = [clip.clip_id for clip in selection.left_out]
    assert left_out == [clip for clip in good_proposals() if clip != "1_clip_000"]
    run_package(job)
    assert list(read_proposals(job / "final_package.zip")) == ["1_clip_000"]
    assert list(read_proposals(job / "left_out.zip")) == left_out
    assert validate(job / "final_package.zip") == validate(job / "left_out.zip") == []
    listed = json.loads((job / "manifest.json").read_text())["left_out"]
    assert [clip["clip_id"] for clip in listed] == left_out
    assert {clip["reason"] for clip in listed} == {"not in the list of times"}
    assert facts(job, "2")["findings"] == ("Nothing of it was kept: not in the list of times.",)
    assert "findings" not in facts(job, "1")
    assert bring_back(job) == left_out
    assert read_proposals(job / "final_package.zip") == good_proposals()


def test_nothing_kept_is_an_empty_package_and_no_error(job: Path):
    run_select(job, min_persons=50)
    run_package(job)
    assert read_proposals(job / "final_package.zip") == {}
    assert validate(job / "final_package.zip") == []
    assert bring_back(job) == list(good_proposals())
    assert read_proposals(job / "final_package.zip") == good_proposals()


def test_videos_that_the_job_does_not_have_are_reported(job: Path):
    assert run_select(job, keep_times="gate.mp4,0,9").problems == ["There is no video gate.mp4 in this job."]


def test_a_list_of_times_is_checked_before_the_work():
    with pytest.raises(ParameterError, match=r"^keep_times: line 2: got the time 'noon'"):
        SelectParams.checked({"keep_times": "video,start,end\n1,noon,5"})
    with pytest.raises(ParameterError, match=r"^only_listed: "):
        SelectParams.checked({"only_listed": True})
