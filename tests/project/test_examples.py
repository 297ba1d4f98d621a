"""The examples in docstrings run, and importing the package is quick."""

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import videoprep_nb
from tests.support.proposal_files import good_entries, zip_of
from videoprep_nb.core.progress import PROGRESS_FILE_VARIABLE
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.registry import STAGES

PACKAGE = Path(videoprep_nb.__file__).parent


def modules_with_examples() -> list[str]:
    files = sorted(file for file in PACKAGE.rglob("*.py") if ">>> " in file.read_text(encoding="utf-8"))
    names = (".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in names]


STAGE_MODULES = [f"{stage.package}.stage" for stage in STAGES.values()]


@pytest.mark.parametrize("name", [name for name in modules_with_examples() if name not in STAGE_MODULES])
def test_examples_of_a_module_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "final_package.zip").write_bytes(zip_of(good_entries()))
    monkeypatch.chdir(tmp_path)
    run_examples(name)


@pytest.mark.slow
def test_examples_of_the_stages_make_a_package_of_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_sample(tmp_path / "work" / "sample.mp4", duration_s=4)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(PROGRESS_FILE_VARIABLE, str(tmp_path / "progress.json"))  # a bar would be output
    for name in STAGE_MODULES:
        run_examples(name)
    assert validate_package(tmp_path / "work" / "final_package.zip") == []


def run_examples(name: str) -> None:
    results = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", videoprep_nb.__all__)
def test_every_public_name_is_there_and_explained(name: str):
    value = getattr(videoprep_nb, name)
    assert name in dir(videoprep_nb)
    assert isinstance(value, str) or value.__doc__


@pytest.mark.parametrize(
    "name",
    [
        *("run", "track", "resize", "clip", "extract_frames", "track_persons", "generate_proposals", "package"),
        *("read_package", "validate", "open_result", "export_formats", "import_annotations"),
    ],
)
def test_every_public_function_has_an_example(name: str):
    assert ">>> " in getattr(videoprep_nb, name).__doc__


def test_importing_the_package_loads_next_to_nothing():
    """It costs a few hundredths of a second; what that depends on is what it imports."""
    code = (
        "import sys; before = set(sys.modules); import videoprep_nb; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & {"numpy", "pydantic", "torch", "cv2", "av", "yaml", "gradio", "distributed"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="rezise"):
        _ = videoprep_nb.rezise
