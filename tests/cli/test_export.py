"""``videoprep export`` and ``formats`` on results written by hand."""

import json
import pickle
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.proposal_files import good_proposals
from tests.support.results import good_manifest, write_result
from videoprep_nb.exports.registry import EXPORTERS
from videoprep_nb.jobs.settings import read_settings


def test_from_a_job_and_from_a_package(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    for source in (tmp_path / "job", tmp_path / "job" / "final_package.zip"):
        target = tmp_path / f"from {source.name}.pkl"
        result = videoprep("export", source, "--format", "dense_proposals", "--output", target)
        assert result.exit_code == 0, result.output
        assert pickle.loads(target.read_bytes()) == good_proposals()


def test_default_name_is_that_of_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_result(tmp_path / "job", clips=False)
    monkeypatch.chdir(tmp_path)
    assert videoprep("export", "job", "--format", "manifest").exit_code == 0
    assert json.loads((tmp_path / "manifest.json").read_text()) == good_manifest().model_dump(mode="json")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["job", "--format", "manifets"], 2, "did you mean manifest"),
        (["job", "--format", "manifest", "--set", "colour=red"], 2, "manifest has no option 'colour'"),
        (["job", "--format", "manifest", "--set", "colour"], 2, "expected option=value"),
        (["job", "--format", "manifest", "--set", "colour=@none.txt"], 2, "cannot be read as text"),
        (["none.zip", "--format", "manifest"], 1, "none.zip does not exist"),
        (["job", "--format", "manifest", "--output", "job"], 1, "job exists already"),
    ],
)
def test_what_cannot_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], exit_code: int, message: str
) -> None:
    write_result(tmp_path / "job", clips=False)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = videoprep("export", *arguments)
    assert result.exit_code == exit_code
    assert message in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_all_formats_are_listed() -> None:
    result = videoprep("formats")
    assert result.exit_code == 0
    assert all(name in result.output for name in EXPORTERS)


def test_a_text_parameter_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "labels.yaml").write_text("label: person\nattributes: {action: [walk]}\n")
    params = read_settings(None, [f"package.labels=@{tmp_path / 'labels.yaml'}"])
    assert params.of("package").labels.startswith("label: person")
