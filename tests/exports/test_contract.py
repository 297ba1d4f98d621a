"""What every export format must do, on a folder of frames and on a package."""

import hashlib
import pickle
from pathlib import Path

import pytest

from tests.support.proposal_files import good_proposals
from tests.support.results import write_result
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.format_table import format_table
from videoprep_nb.exports.registry import EXPORTERS, check_fit_into_package, create_exporters
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.validate import validate

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "exports.md"

each_format = pytest.mark.parametrize("name", EXPORTERS)


def written(exporter: Exporter, result: Result, folder: Path) -> dict[str, str]:
    """Hash of every file that a format writes."""
    target = folder / exporter.file_name
    folder.mkdir()
    if exporter.writes_folder:
        target.mkdir()
    exporter.write(result, target)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@each_format
def test_what_it_declares(name: str) -> None:
    exporter = EXPORTERS[name]
    assert exporter.name == name
    assert exporter.title
    assert exporter.__doc__
    assert exporter.needs
    exporter.options_type()  # every option has a default


@each_format
def test_equal_results_give_equal_files_wherever_they_lie(name: str, tmp_path: Path) -> None:
    exporter = EXPORTERS[name]()
    first = written(exporter, write_result(tmp_path / "here"), tmp_path / "first")
    assert list(first) == [exporter.file_name] or exporter.writes_folder
    assert written(exporter, write_result(tmp_path / "there"), tmp_path / "second") == first


def test_the_first_two_members(tmp_path: Path) -> None:
    written(EXPORTERS["dense_proposals"](), write_result(tmp_path / "job"), tmp_path / "proposals")
    assert pickle.loads((tmp_path / "proposals" / "dense_proposals.pkl").read_bytes()) == good_proposals()
    written(EXPORTERS["package"](), write_result(tmp_path / "job"), tmp_path / "package")
    assert validate(tmp_path / "package" / "final_package.zip", exports=[]) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["dense_proposal"], "unknown export format 'dense_proposal'; did you mean dense_proposals"),
        (["package"], "package adds nothing to a package"),
    ],
    ids=["misspelt", "no entry"],
)
def test_formats_that_cannot_be_added(names: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_fit_into_package(create_exporters(names))


@pytest.mark.parametrize(
    ("file_name", "entry"),
    [
        ("x.zip", "frames/x.zip"),
        ("x.pkl", "dense_proposals.pkl"),
        ("x.txt", "annotations/../x.txt"),
        ("x.txt", "/annotations/x.txt"),
        ("x/", "annotations/"),
        ("x.txt", "annotations/x/"),
        ("x/", "annotations/x"),
    ],
)
def test_entries_that_a_format_cannot_have(file_name: str, entry: str) -> None:
    with pytest.raises(TypeError, match="entry"):
        type("Bad", (Exporter,), {"name": "bad", "file_name": file_name, "entry": entry})


def test_the_table_of_the_guide_is_that_of_the_registry() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    begin = "<!-- table: python -m videoprep_nb.exports.format_table -->\n"
    assert text.split(begin)[1].split("<!-- end of table -->")[0] == format_table()
