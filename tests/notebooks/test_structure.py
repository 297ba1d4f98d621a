"""What every notebook has to look like (CONTRIBUTING.md, *Conventions*)."""

import ast
import json
import re
import typing
from pathlib import Path
from typing import Any, Literal, Union

import nbformat
import pytest
from papermill import inspect_notebook

from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.exports.params import ExportParams
from videoprep_nb.lab.model import ExploreTrackerParams
from videoprep_nb.stages.registry import STAGES

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MAX_CELL_LINES = 12

MODELS = {stage.notebook: stage.params for stage in STAGES.values()} | {
    "explore_tracker.ipynb": ExploreTrackerParams,
    "07_export.ipynb": ExportParams,
    "08_import_annotations.ipynb": ImportAnnotationsParams,
}

each_notebook = pytest.mark.parametrize("name", MODELS)


def read(name: str) -> Any:
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def code_cells(name: str) -> list[Any]:
    return [cell for cell in read(name).cells if cell.cell_type == "code"]


def papermill_type(annotation: Any) -> str:
    """How a type is written so that papermill reads it."""
    if typing.get_origin(annotation) is Literal:
        return "str"
    if typing.get_origin(annotation) is Union:
        inner, _ = typing.get_args(annotation)
        return f"Optional[{inner.__name__}]"
    return str(annotation) if typing.get_origin(annotation) else annotation.__name__


def test_every_notebook_is_tested():
    assert {path.name for path in NOTEBOOKS.glob("*.ipynb")} == set(MODELS)


@each_notebook
def test_parameters_are_those_of_the_model(name):
    found = inspect_notebook(str(NOTEBOOKS / name))
    fields = MODELS[name].model_fields
    assert list(found) == list(fields)
    for parameter, field in fields.items():
        assert ast.literal_eval(found[parameter]["default"]) == field.default, parameter
        assert found[parameter]["inferred_type_name"] == papermill_type(field.annotation), parameter
        assert found[parameter]["help"] == field.description, parameter


@each_notebook
def test_notebook_is_valid(name):
    nbformat.validate(read(name))


@each_notebook
def test_first_cells_are_title_parameters_and_setup(name):
    cells = read(name).cells
    assert [cell.id for cell in cells[:4]] == ["title", "parameters", "setup", "run"]
    assert cells[0].source.startswith("# ")
    assert len(cells[0].source.splitlines()) == 3  # heading, empty line, one paragraph
    # Run All ends where the widgets are
    assert cells[-1].id == ("lab" if name == "explore_tracker.ipynb" else "summary")
    assert f"{MODELS[name].__name__}.from_cell(globals())" in cells[2].source


@each_notebook
def test_cells_are_thin(name):
    for cell in code_cells(name)[1:]:
        tree = ast.parse(cell.source)
        assert len(cell.source.splitlines()) <= MAX_CELL_LINES, cell.id
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]


@each_notebook
def test_no_outputs_counts_or_foreign_metadata(name):
    notebook = read(name)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    assert [cell.id for cell in notebook.cells if cell.metadata.get("tags") == ["parameters"]] == ["parameters"]


@each_notebook
def test_cell_ids_are_words(name):
    ids = [cell.id for cell in read(name).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell_id) for cell_id in ids)


@each_notebook
def test_no_absolute_paths_no_magics_no_change_of_folder(name):
    for cell in code_cells(name):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not Path(node.value).is_absolute(), node.value
        assert "chdir" not in cell.source
        assert not re.search(r"^\s*[%!]", cell.source, re.MULTILINE)


def test_defaults_lead_from_one_notebook_to_the_next():
    defaults = {
        stage.name: {name: field.default for name, field in stage.params.model_fields.items()}
        for stage in STAGES.values()
    }
    video_id = defaults["resize"]["video_id"]
    assert defaults["clip"]["input_file"] == f"{defaults['resize']['output_dir']}/{video_id}.mp4"
    assert defaults["extract_frames"]["clips_dir"] == defaults["clip"]["output_dir"]
    assert defaults["track_persons"]["clips_dir"] == defaults["clip"]["output_dir"]
    assert defaults["generate_proposals"]["tracks_dir"] == defaults["track_persons"]["output_dir"]
    assert defaults["package"]["frames_dir"] == defaults["extract_frames"]["output_dir"]
    assert defaults["select"]["proposals_file"] == defaults["generate_proposals"]["output_file"]
    assert defaults["package"]["proposals_file"] == defaults["generate_proposals"]["output_file"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_heading_is_the_title_of_the_stage(stage):
    heading = read(stage.notebook).cells[0].source.splitlines()[0]
    number = stage.key.partition("_")[0].lstrip("0")
    assert heading == f"# {number} · {stage.title}"


@each_notebook
def test_notebook_is_stored_as_jupyter_stores_it(name):
    path = NOTEBOOKS / name
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
