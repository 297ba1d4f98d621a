"""Stage 6 with export formats of a package that is installed beside ours; one is the example of docs/exports.md."""

import csv
import hashlib
import io
import json
import pickle
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.plugin_packages import code_blocks, install, run_python, videoprep
from tests.support.proposal_files import good_proposals, write_video
from videoprep_nb.exports.result import open_result
from videoprep_nb.exports.validation.validate import validate_package

GROUP = "videoprep.exports"
NOTEBOOK = Path(__file__).resolve().parents[3] / "notebooks" / "06_package.ipynb"

BESIDE = ["exports", "final_package.zip", "for_exports", "manifest.json"]

RUN_STAGE = """
import json, sys
from videoprep_nb.stages.package.params import PackageParams
from videoprep_nb.stages.package.stage import STAGE, package
params = PackageParams.checked(json.loads(sys.argv[1]))
STAGE.check(params)
print(package(params, lambda *progress: None).model_dump_json())
"""

TOYS = """
from videoprep_nb.exports.base import Exporter

class Toy(Exporter):
    "A folder with a file per clip."
    name, title, file_name, entry = "toy", "Toy", "toy/", "annotations/toy/"

    def write(self, result, target):
        for clip, frames in reversed(result.proposals.items()):
            (target / "clips").mkdir(exist_ok=True)
            sizes = [len(result.read_frame(clip, name)) for name in frames]
            (target / "clips" / f"{clip}.txt").write_text(f"{sizes}")

class Broken(Exporter):
    "Fails half way."
    name, title, file_name, entry = "broken", "Broken", "broken.txt", "annotations/broken.txt"

    def write(self, result, target):
        target.write_text("half of it")
        raise RuntimeError("out of ink")

class Full(Exporter):
    "Fills the disk."
    name, title, file_name, entry = "full", "Full", "full.txt", "annotations/full.txt"

    def write(self, result, target):
        raise OSError(28, "No space left on device")

class Lazy(Exporter):
    "Writes nothing."
    name, title, file_name, entry = "lazy", "Lazy", "lazy.txt", "annotations/lazy.txt"

    def write(self, result, target):
        pass

class Twin(Toy):
    "The same place."
    name = "twin"

class Alone(Lazy):
    "No entry."
    name, entry = "alone", None
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Frames and pickle of two videos, and a folder of plugins."""
    write_video(tmp_path, "1", {"1_clip_000": [0, 10], "1_clip_001": [0]})
    write_video(tmp_path, "2", {"2_clip_000": [0, 10]})
    (tmp_path / "dense_proposals.pkl").write_bytes(pickle.dumps(good_proposals(), 4))
    (tmp_path / "plugins").mkdir()
    names = ("toy", "broken", "full", "lazy", "twin", "alone")
    install(tmp_path / "plugins", GROUP, "toys", TOYS, *(f"{name} = toys:{name.capitalize()}" for name in names))
    return tmp_path


def values(job: Path, *exports: str) -> dict[str, Any]:
    return {
        "resized_dir": str(job / "resized"),
        "clips_dir": str(job / "clips"),
        "frames_dir": str(job / "frames"),
        "dense_tracks_file": str(job / "dense_tracks.npz"),
        "proposals_file": str(job / "dense_proposals.pkl"),
        "output_file": str(job / "out" / "final_package.zip"),
        "add_to_package": list(exports),
    }


def run_stage(job: Path, *exports: str) -> subprocess.CompletedProcess[str]:
    return run_python(job / "plugins", "-c", RUN_STAGE, json.dumps(values(job, *exports)))


def default_entries() -> list[str]:
    return ["dense_proposals.pkl", *(f"frames/{clip}.zip" for clip in good_proposals())]


def toy_entries() -> list[str]:
    return [f"annotations/toy/clips/{clip}.txt" for clip in good_proposals()]


def test_a_format_is_added_and_the_validator_knows_it(job: Path) -> None:
    package = job / "out" / "final_package.zip"
    process = run_stage(job, "toy", "toy")
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert (result["added"], result["findings"], result["clip_count"]) == (["toy"], [], 3)
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == [*default_entries(), *toy_entries()]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        frame = job / "frames" / "1" / "1_clip_001" / "1_clip_001_frame_0000.jpg"
        assert archive.read(toy_entries()[1]).decode() == f"[{frame.stat().st_size}]"
    assert sorted(path.name for path in (job / "out").iterdir()) == BESIDE

    with_plugin = videoprep(job / "plugins", "validate", package)
    assert with_plugin.returncode == 0, with_plugin.stdout
    (job / "nothing").mkdir()
    without_plugin = videoprep(job / "nothing", "validate", package)
    assert without_plugin.returncode == 1
    assert "annotations/toy/clips/1_clip_000.txt" in without_plugin.stdout
    assert {finding.code for finding in validate_package(package)} == {"extra-entry"}

    first = hashlib.sha256(package.read_bytes()).hexdigest()
    assert json.loads(run_stage(job, "toy").stdout)["sha256"] == first


def test_without_formats_the_package_is_the_default_one(job: Path) -> None:
    assert run_stage(job).returncode == 0
    with zipfile.ZipFile(job / "out" / "final_package.zip") as archive:
        assert archive.namelist() == default_entries()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "PackageError: The export format broken failed: RuntimeError: out of ink"),
        ("lazy", "PackageError: The export format lazy failed: it wrote nothing."),
        ("full", "DiskFullError: The disk is full"),
    ],
)
def test_a_format_that_fails_leaves_no_package(name: str, message: str, job: Path) -> None:
    process = run_stage(job, "toy", name)
    assert process.returncode == 1
    assert message in process.stderr.strip().splitlines()[-1]
    assert list((job / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("toi", "unknown export format 'toi'; did you mean toy?"),
        ("alone", "add_to_package: alone adds nothing to a package"),
        ("twin", "add_to_package: toy and twin both write annotations/toy/; choose one of them"),
    ],
)
def test_formats_that_cannot_be_added_are_named_before_any_work(name: str, message: str, job: Path) -> None:
    process = run_stage(job, "toy", name)
    assert process.returncode == 1
    assert message in process.stderr.strip().splitlines()[-1]
    assert not (job / "out").exists()


@pytest.mark.slow
def test_the_example_of_the_guide_in_the_notebook(job: Path) -> None:
    [code] = [block for block in code_blocks("exports.md", "python") if "class Counts" in block]
    [toml] = code_blocks("exports.md", "toml")
    [entry_point] = [line for line in toml.splitlines() if "=" in line]
    install(job / "plugins", GROUP, "counts_export", code, entry_point.replace('"', ""))
    parameters = json.dumps(values(job, "counts"))
    process = run_python(job / "plugins", "-m", "papermill", NOTEBOOK, job / "out.ipynb", "-y", parameters)
    assert process.returncode == 0, process.stderr
    with zipfile.ZipFile(job / "out" / "final_package.zip") as archive:
        assert archive.namelist() == [*default_entries(), "annotations/counts.csv"]
        rows = list(csv.reader(io.StringIO(archive.read("annotations/counts.csv").decode())))
    boxes = {name: len(boxes) for frames in good_proposals().values() for name, boxes in frames.items()}
    assert rows == [["frame", "people"], *([name, str(count)] for name, count in boxes.items())]


def test_formats_beside_the_package(job: Path) -> None:
    asked = {**values(job), "exports": ["toy", "broken"]}
    process = run_python(job / "plugins", "-c", RUN_STAGE, json.dumps(asked))
    assert process.returncode == 0, process.stderr
    broken, toy = json.loads(process.stdout)["exports"]
    assert (toy["name"], toy["problem"]) == ("toy", "")
    with zipfile.ZipFile(job / "out" / "exports" / "toy.zip") as archive:
        assert archive.namelist() == [entry.removeprefix("annotations/toy/") for entry in toy_entries()]
    assert "out of ink" in broken["problem"]
    assert [path.name for path in (job / "out" / "exports").iterdir()] == ["toy.zip"]
    with zipfile.ZipFile(job / "out" / "final_package.zip") as archive:
        assert archive.namelist() == default_entries()


def test_manifest_inside_and_beside_the_package(job: Path) -> None:
    assert run_stage(job, "manifest").returncode == 0
    with zipfile.ZipFile(job / "out" / "final_package.zip") as archive:
        inside = archive.read("manifest.json")
    assert inside == (job / "out" / "manifest.json").read_bytes()
    first = json.loads(inside)["videos"][0]
    assert (first["original_name"], first["source_width"]) == ("camera 1.avi", 128)
    frame = first["clips"][0]["frames"][1]
    jpeg = job / "frames" / "1" / "1_clip_000" / frame["name"]
    assert frame["sha256"] == hashlib.sha256(jpeg.read_bytes()).hexdigest()
    assert open_result(job / "out" / "final_package.zip").manifest == open_result(job / "out").manifest


def test_what_others_put_beside_the_package_stays(job: Path) -> None:
    for folder in ("exports", "for_exports"):
        (job / "out" / folder).mkdir(parents=True)
        (job / "out" / folder / "notes.txt").write_text("mine")
    assert run_stage(job).returncode == 0
    assert [(job / "out" / folder / "notes.txt").read_text() for folder in ("exports", "for_exports")] == ["mine"] * 2
