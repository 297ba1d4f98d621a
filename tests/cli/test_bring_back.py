"""A job of which a selection keeps nothing, and ``videoprep bring-back``, which makes it whole again."""

import json
from pathlib import Path

import pytest

from tests.cli.test_run import run_json, videoprep
from tests.support.packages import read_proposals
from videoprep_nb.media.sample import write_sample


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_job_of_which_nothing_is_kept_is_done_and_comes_back(tmp_path: Path):
    write_sample(tmp_path / "sample.mp4", duration_s=4)
    rules = ("select.mode=keep", "select.min_persons=500", "package.exports=coco")
    settings = [part for rule in rules for part in ("--set", rule)]
    code, result = run_json(tmp_path / "sample.mp4", "--output", tmp_path / "out", *settings)
    assert (code, result["state"], result["totals"]["clip_count"]) == (0, "done", 0)
    assert read_proposals(tmp_path / "out" / "final_package.zip") == {}
    assert [clip["clip_id"] for clip in result["videos"][0]["left_out"]] == ["1_clip_000"]
    assert "never 500 people at once" in (tmp_path / "out" / "reports" / "index.html").read_text(encoding="utf-8")

    assert videoprep("bring-back", tmp_path / "out", "--clips", "1_clip_000")[0] == 0
    assert list(read_proposals(tmp_path / "out" / "final_package.zip")) == ["1_clip_000"]
    assert videoprep("validate", tmp_path / "out" / "final_package.zip")[0] == 0
    after = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert (after["message"], after["videos"][0]["left_out"], after["videos"][0]["findings"]) == ("", [], [])


def test_what_cannot_be_brought_back_is_wrong_usage(tmp_path: Path):
    code, _, err = videoprep("bring-back", tmp_path)
    assert code == 2
    assert "final_package.zip" in err
