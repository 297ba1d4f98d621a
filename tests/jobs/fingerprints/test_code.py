"""What the code is: which change repeats the work of which stage."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import videoprep_nb
from videoprep_nb.jobs.fingerprints.code import modules_of, notebooks_folder
from videoprep_nb.stages.registry import STAGES

PRINT = (
    "import json; from videoprep_nb.jobs.fingerprints.code import code_version, stage_fingerprint; "
    "from videoprep_nb.stages.registry import STAGES; "
    "print(json.dumps({'version': code_version(), **{name: stage_fingerprint(name) for name in STAGES}}))"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code that may be changed."""
    ignored = shutil.ignore_patterns("__pycache__", "work")
    shutil.copytree(Path(videoprep_nb.__file__).parent, tmp_path / "videoprep_nb", ignore=ignored)
    shutil.copytree(notebooks_folder(), tmp_path / "notebooks", ignore=ignored)
    return tmp_path


def prints(checkout: Path) -> dict[str, str]:
    run = subprocess.run(
        [sys.executable, "-c", PRINT], cwd=checkout, env={"PYTHONPATH": str(checkout)}, capture_output=True, check=True
    )
    return json.loads(run.stdout)


def changed_by(checkout: Path, file: str, text: str = "\n") -> set[str]:
    before = prints(checkout)
    with (checkout / file).open("a", encoding="utf-8") as opened:
        opened.write(text)
    after = prints(checkout)
    return {name for name in before if before[name] != after[name]}


def test_a_copy_of_the_code_is_the_same_code(checkout: Path):
    here = Path(videoprep_nb.__file__).parent.parent
    assert prints(checkout) == prints(here)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param("videoprep_nb/server/ui/texts.py", set(), id="text of the page"),
        pytest.param("videoprep_nb/jobs/service.py", set(), id="service"),
        pytest.param("videoprep_nb/stages/clip/view.py", {"clip"}, id="view of one stage"),
        pytest.param("videoprep_nb/tracking/trackers/sort.py", {"track_persons"}, id="tracker found by its registry"),
        pytest.param("videoprep_nb/media/raw/survey.py", {"resize", "clip", "select", "package"}, id="child process"),
        pytest.param("videoprep_nb/core/timecode.py", set(STAGES), id="what all stages share"),
    ],
)
def test_a_change_repeats_the_stages_that_import_it(checkout: Path, file: str, expected: set[str]):
    assert changed_by(checkout, file) == {"version", *expected}


def test_a_changed_cell_repeats_its_stage(checkout: Path):
    notebook = checkout / "notebooks" / STAGES["clip"].notebook
    before = prints(checkout)
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][-1]["source"] += ["\n", "1 + 1"]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    after = prints(checkout)
    assert {name for name in before if before[name] != after[name]} == {"version", "clip"}


def test_no_stage_imports_jobs_or_the_page():
    for stage in STAGES.values():
        rooms = {name.split(".")[1] for name in modules_of(stage) if "." in name}
        assert not rooms & {"jobs", "server", "cli"}, stage.name
