"""The notebooks themselves, run by papermill in real kernels; what counts is what they leave behind."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from PIL import Image

from tests.support.html_pages import Page
from tests.support.results import write_result
from videoprep_nb.core.records import ClipTable, FrameTable
from videoprep_nb.exports.dense_proposals import load_proposals
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.reports.render import export_html, first_image
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.registry import STAGES

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MAX_REPORT_BYTES = 5_000_000
EVIL_NAME = "<img src=x onerror=alert(1)>.mp4"

pytestmark = pytest.mark.slow


def execute(stage: str, output: Path, parameters: dict[str, Any], folder: Path) -> Path:
    papermill.execute_notebook(
        str(NOTEBOOKS / STAGES[stage].notebook), str(output), parameters, cwd=str(folder), progress_bar=False
    )
    return output


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Path:
    """All notebooks run with explicit folders on a 5 s sample cut into clips of 2 s."""
    root = tmp_path_factory.mktemp("chain")
    write_sample(root / "sample.mp4", duration_s=5)
    elsewhere = root / "elsewhere"  # relative paths would end here
    elsewhere.mkdir()
    folders = {name: str(root / name) for name in ("resized", "clips", "frames", "tracks", "detections")}
    clips, frames, tracks = folders["clips"], folders["frames"], folders["tracks"]
    proposals, package = str(root / "proposals.pkl"), str(root / "final_package.zip")
    dense_tracks = str(root / "dense_tracks.npz")
    parameters: dict[str, dict[str, Any]] = {
        "resize": {
            "input_file": str(root / "sample.mp4"),
            "output_dir": folders["resized"],
            "original_name": EVIL_NAME,
        },
        "clip": {"input_file": f"{folders['resized']}/1.mp4", "output_dir": clips, "clip_duration_s": 2},
        "extract_frames": {"clips_dir": clips, "output_dir": frames},
        "track_persons": {"clips_dir": clips, "output_dir": tracks, "detections_dir": folders["detections"]},
        "sample_frames": {
            "clips_dir": clips,
            "frames_dir": frames,
            "tracks_dir": tracks,
            "frames_output_dir": str(root / "sampled" / "frames"),
            "tracks_output_dir": str(root / "sampled" / "tracks"),
            "budget_per_minute": 60,
        },
        "anonymize": {
            "clips_dir": clips,
            "frames_dir": frames,
            "tracks_dir": tracks,
            "output_dir": str(root / "anonymized"),
            "hide": "faces",
            "faces_per_second": 1,
        },
        "generate_proposals": {
            "frames_dir": frames,
            "tracks_dir": tracks,
            "output_file": proposals,
            "dense_tracks_file": dense_tracks,
        },
        "select": {
            "resized_dir": folders["resized"],
            "clips_dir": clips,
            "frames_dir": frames,
            "proposals_file": proposals,
            "dense_tracks_file": dense_tracks,
            "output_dir": str(root / "selection"),
            "mode": "keep",
            "keep_times": "1,0,2",
            "only_listed": True,
        },
        "package": {
            "resized_dir": folders["resized"],
            "clips_dir": clips,
            "frames_dir": frames,
            "proposals_file": proposals,
            "dense_tracks_file": dense_tracks,
            "output_file": package,
        },
    }
    for stage, values in parameters.items():
        notebook = execute(stage, root / f"{stage}.ipynb", values, elsewhere)
        export_html(notebook, notebook.with_suffix(".html"))
    assert list(elsewhere.iterdir()) == []
    return root


def test_clips_and_frames_are_there(chain):
    clips = ClipTable.read_folder(chain / "clips" / "1").clips
    assert [clip.frame_count for clip in clips] == [50, 50, 25]
    frames = FrameTable.read_folder(chain / "frames" / "1").frames
    assert len(frames) == 5
    assert all((chain / "frames" / "1" / frame.clip_id / frame.name).is_file() for frame in frames)


def test_package_holds_persons_and_is_valid(chain):
    assert validate_package(chain / "final_package.zip") == []
    with zipfile.ZipFile(chain / "final_package.zip") as package:
        assert len(package.namelist()) == 4
    proposals = load_proposals(chain / "proposals.pkl")
    assert any(boxes for frames in proposals.values() for boxes in frames.values())


@pytest.mark.parametrize("stage", STAGES)
def test_report_is_small_offline_and_has_images(chain, stage):
    assert (chain / f"{stage}.ipynb").stat().st_size < MAX_REPORT_BYTES
    page = Page(chain / f"{stage}.html")
    assert page.loads_from_outside == []
    assert "script" not in page.tags
    assert page.images
    for image in page.images:
        assert np.asarray(Image.open(io.BytesIO(image)).convert("L")).std() > 5  # shows something
    assert first_image(chain / f"{stage}.ipynb")


def test_file_name_from_a_stranger_is_text(chain):
    assert EVIL_NAME in Page(chain / "resize.html").text


def test_detections_are_not_made_again(chain, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (chain / "detections").rglob("*.npz")}
    folders = {"clips_dir": str(chain / "clips"), "detections_dir": str(chain / "detections")}
    values = {**folders, "output_dir": str(tmp_path / "tracks"), "min_length_s": 0.2, "max_gap_s": 0.0}
    execute("track_persons", tmp_path / "again.ipynb", values, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in (chain / "detections").rglob("*.npz")} == before
    assert len(list((tmp_path / "tracks" / "1").glob("*.json"))) == 3


def test_defaults_make_a_package_by_hand(tmp_path):
    """As in JupyterLab: the notebooks' folder is the working folder, no parameter is touched."""
    for stage in STAGES:
        shutil.copy(NOTEBOOKS / STAGES[stage].notebook, tmp_path)
    write_sample(tmp_path / "work" / "sample.mp4", duration_s=3)
    for stage in STAGES:
        execute(stage, tmp_path / f"{stage}.ipynb", {}, tmp_path)
    assert validate_package(tmp_path / "work" / "final_package.zip") == []


@pytest.mark.parametrize(
    ("stage", "values", "words"),
    [
        ("resize", {"input_file": "nowhere.mp4"}, "nowhere.mp4 does not exist"),
        ("clip", {"clip_duration_s": -1}, "clip_duration_s"),
        ("track_persons", {"tracker": "sorrt"}, "sort"),
    ],
    ids=["missing file", "bad number", "misspelt tracker"],
)
def test_failing_notebook_is_kept_and_says_why(chain, tmp_path, stage, values, words):
    folders = {"clips_dir": str(chain / "clips")} if stage == "track_persons" else {}
    output = tmp_path / "report.ipynb"
    with pytest.raises(PapermillExecutionError) as caught:
        execute(stage, output, {**folders, **values}, tmp_path)
    assert words in caught.value.evalue
    export_html(output, output.with_suffix(".html"))
    assert words in Page(output.with_suffix(".html")).text
    assert any(cell.metadata.get("tags") == ["parameters"] for cell in nbformat.read(output, as_version=4).cells)


@pytest.mark.parametrize(
    ("stage", "values", "words"),
    [
        ("resize", {"widht": 640}, "widht: unknown parameter; did you mean width?"),
        ("track_persons", {"trackr": "sort", "level_scores": False}, "trackr: unknown parameter; did you mean tracker"),
    ],
)
def test_a_parameter_that_the_notebook_does_not_have_fails_at_once(tmp_path, stage, values, words):
    with pytest.raises(PapermillExecutionError) as caught:
        execute(stage, tmp_path / "report.ipynb", values, tmp_path)
    assert words in caught.value.evalue
    assert list(tmp_path.iterdir()) == [tmp_path / "report.ipynb"]


def test_old_names_of_parameters_are_accepted_with_a_warning(chain, tmp_path):
    folders = {"clips_dir": str(chain / "clips"), "detections_dir": str(chain / "detections")}
    values = {**folders, "output_dir": str(tmp_path / "tracks"), "level_scores": False, "second_look": True}
    report = nbformat.read(execute("track_persons", tmp_path / "report.ipynb", values, tmp_path), as_version=4)
    printed = "".join(output.get("text", "") for cell in report.cells for output in cell.get("outputs", []))
    assert "level_scores was renamed to normalize_scores" in printed
    assert "second_look was removed" in printed


def test_export_notebook_writes_what_is_asked_for(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    parameters = {"source": str(tmp_path / "job"), "output_dir": str(tmp_path / "out"), "formats": ["coco", "mot"]}
    papermill.execute_notebook(
        str(NOTEBOOKS / "07_export.ipynb"), str(tmp_path / "out.ipynb"), parameters, progress_bar=False
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["coco.json", "mot.zip"]
    images = json.loads((tmp_path / "out" / "coco.json").read_text())["images"]
    assert len(images) == 5
