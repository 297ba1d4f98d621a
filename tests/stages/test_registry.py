"""Stages declare themselves: nobody else knows them by name, and one more is a folder and a notebook."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import videoprep_nb
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.stages.base import Scope
from videoprep_nb.stages.registry import STAGES

PACKAGE = Path(videoprep_nb.__file__).parent
ROOMS = ("jobs", "server", "cli")
# words of their own: they count where they decide something
COMMON_WORDS = {"resize", "clip", "package", "select"}


def texts_of(file: Path) -> Iterator[str]:
    """The string literals of a module that could name a stage; templates and scripts as a whole."""
    content = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield content
        return
    tree = ast.parse(content)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    decisive = {id(part) for node in ast.walk(tree) for part in _deciding_parts(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        if node.value not in COMMON_WORDS or id(node) in decisive:
            yield node.value


def _deciding_parts(node: ast.AST) -> list[ast.AST | None]:
    """Where a text decides something: keys, comparisons, cases."""
    if isinstance(node, ast.Dict):
        return [*node.keys]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Subscript):
        return [node.slice]
    return [node.value] if isinstance(node, ast.MatchValue) else []


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_knows_a_stage_by_name(room: str):
    unusual = re.compile(rf"\b({'|'.join(set(STAGES) - COMMON_WORDS)})\b")
    files = [file for suffix in ("py", "html", "js", "j2") for file in (PACKAGE / room).rglob(f"*.{suffix}")]
    assert len(files) > 5
    found = [
        f"{file.relative_to(PACKAGE)}: {text[:80]!r}"
        for file in files
        for text in texts_of(file)
        if text in COMMON_WORDS or unusual.search(text)
    ]
    assert found == []


def test_stages_come_in_the_order_of_their_notebooks():
    always = ["resize", "clip", "extract_frames", "track_persons", "generate_proposals", "package"]
    assert [stage.name for stage in JobParams({}).chain.stages] == always
    assert [stage.key for stage in STAGES.values()] == sorted(stage.key for stage in STAGES.values())
    assert set(STAGES) - set(always) == {"sample_frames", "anonymize", "select"}


@pytest.mark.parametrize("name", list(STAGES))
def test_what_a_stage_says_fits_its_params(name: str):
    stage = STAGES[name]
    known = set(stage.params.model_fields)
    named = {*stage.job_parameters, *stage.part_outputs, *stage.file_parameters, *stage.server_rules}
    assert named <= known
    assert {parameter for preset in stage.presets.values() for parameter in preset} <= known
    assert not stage.gpu_parameter or stage.gpu_parameter in known
    assert all(needed in STAGES for needed in stage.after)
    assert (stage.part_share > 0) == (stage.scope in (Scope.SPLIT, Scope.PART))
    for followed in stage.follows.values():
        other, _, parameter = followed.partition(".")
        assert parameter in STAGES[other].params.model_fields


def test_a_misspelt_stage_gets_a_hint():
    with pytest.raises(ParameterError, match="did you mean clip"):
        STAGES.find("clips")


STAGE = '''
"""Counts the frames of a video that show somebody."""

import json
from pathlib import Path

from pydantic import Field

from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.params import Params
from videoprep_nb.stages.base import Scope, Stage, VideoFacts


class CountParams(Params):
    """Stage 7."""

    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    output_file: str = Field("work/counts.json", description="the file to write")
    video_id: str = Field("1", description="the video")
    label: str = Field("people", description="name of the count")


def count_people(params, progress=None):
    """Write how many frames of a video show somebody."""
    rows = [json.loads(file.read_text()) for file in sorted((Path(params.tracks_dir) / params.video_id).glob("*.json"))]
    busy = sum(len({row["frame_index"] for row in clip}) for clip in rows)
    with staged_file(Path(params.output_file)) as staging:
        staging.write_text(json.dumps({params.label: busy}))
    return busy


def facts(scratch: Path, video_id: str) -> VideoFacts:
    return {"findings": (f"counted {(scratch / 'counts' / f'{video_id}.json').read_text()}",)}


STAGE = Stage(
    name="count_people",
    title="Count",
    notebook=str(Path(__file__).parent / "07_count_people.ipynb"),
    scope=Scope.VIDEO,
    params=CountParams,
    function=count_people,
    after=("track_persons",),
    inputs={"tracks_dir": "{scratch}/tracks"},
    outputs={"output_file": "{scratch}/counts/{video_id}.json", "video_id": "{video_id}"},
    retry_keeps=("counts/{video_id}.json",),
    facts=facts,
)
'''

NOTEBOOK = [
    ("markdown", "# 7 · Count", []),
    (
        "code",
        'tracks_dir: str = "work/tracks"  # folder written by 04_track_persons\n'
        'output_file: str = "work/counts.json"  # the file to write\n'
        'video_id: str = "1"  # the video\n'
        'label: str = "people"  # name of the count',
        ["parameters"],
    ),
    ("code", "from counting.stage import CountParams, count_people\nparams = CountParams.from_cell(globals())", []),
    ("code", "count_people(params)", []),
]


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A package with a seventh stage, as somebody else would install it."""
    folder = tmp_path / "site"
    package = folder / "counting"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "stage.py").write_text(STAGE, encoding="utf-8")
    (package / "view.py").touch()
    cells: list[dict[str, object]] = [
        {"cell_type": kind, "id": f"cell-{number}", "metadata": {"tags": tags} if tags else {}, "source": source}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, source, tags) in enumerate(NOTEBOOK)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (package / "07_count_people.ipynb").write_text(json.dumps(book), encoding="utf-8")
    info = folder / "counting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[videoprep.stages]\ncount_people = counting.stage:STAGE\n")
    return folder


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_seventh_stage_is_a_folder_and_a_notebook(plugin: Path, tmp_path: Path):
    video = tmp_path / "sample.mp4"
    paths = os.pathsep.join([str(plugin), str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths}

    def videoprep(*arguments: object) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "videoprep_nb.cli", *map(str, arguments)]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    assert videoprep("sample", video).returncode == 0
    output = tmp_path / "out"
    fast = ["--set", "track_persons.frame_stride=10", "--set", "count_people.label=busy"]
    run = videoprep("run", video, "--output", output, "--keep-scratch", "--json", *fast)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    count = json.loads((output / "scratch" / "counts" / "1.json").read_text())
    assert count["busy"] > 0
    assert result["videos"][0]["findings"] == [f"counted {json.dumps(count)}"]
    assert (output / "reports" / "07_count_people_1.html").is_file()
    assert zipfile.ZipFile(output / "final_package.zip").testzip() is None
    assert "Count" in (output / "reports" / "index.html").read_text(encoding="utf-8")
    refused = videoprep("run", video, "--output", tmp_path / "no", "--set", "count_people.lable=busy")
    assert refused.returncode == 2
    assert "label" in refused.stderr
