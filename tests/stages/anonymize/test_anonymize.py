"""A job that hides faces: another detector finds none in anything that leaves it, and tracks are those of before."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.decoding import read_frames
from tests.support.faces import faces_by_another_detector
from tests.support.html_pages import Page
from tests.support.packages import read_proposals
from tests.support.photographs import photograph
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.models import JobResult, State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.run import run
from videoprep_nb.media.rgb_writer import RgbWriter
from videoprep_nb.stages.anonymize.params import AnonymizeParams

FRAME_COUNT = 12
PARAMS: dict[str, Any] = {
    "extract_frames": {"frames_per_second": 2},
    "sample_frames": {"budget_per_minute": 60},
    "anonymize": {"hide": "faces", "regions": "all:\n- polygon: [[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]"},
    "select": {"mode": "keep", "min_persons_s": 0.5},
    "package": {"exports": ["label-studio"]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a job left of a video of two men in front of a moving camera; faces hidden, nothing else kept."""
    path = tmp_path_factory.mktemp("job")
    photo = photograph("zidane.jpg")
    with RgbWriter(path / "men.mp4", (1280, 720), Fraction(10), {"crf": "12"}) as writer:
        for number in range(FRAME_COUNT):
            writer.write(np.ascontiguousarray(np.roll(photo, 3 * number, axis=1)))
    result = run([path / "men.mp4"], output=path / "out", params=PARAMS, options=JobOptions(previews=True))
    assert result.state is State.DONE, result.message
    return path / "out"


def images_of_reports(folder: Path) -> Iterator[bytes]:
    for report in sorted((folder / "reports").glob("*.ipynb")):
        outputs = [out for cell in json.loads(report.read_text())["cells"] for out in cell.get("outputs", [])]
        for data in (output.get("data", {}) for output in outputs):
            yield from (base64.b64decode(data[kind]) for kind in data if kind.startswith("image/"))
    for page in sorted((folder / "reports").glob("*.html")):
        yield from Page(page).images


def frames_in_zip(path: Path) -> list[np.ndarray]:
    """All JPEGs and videos in an archive, also in archives inside it."""
    found: list[np.ndarray] = []
    waiting = [path.read_bytes()]
    while waiting:
        with zipfile.ZipFile(io.BytesIO(waiting.pop())) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                if name.endswith(".zip"):
                    waiting.append(content)
                elif name.endswith(".jpg"):
                    found.append(decoded(content))
                elif name.endswith(".mp4"):
                    video = path.with_name("inner.mp4")
                    video.write_bytes(content)
                    found += read_frames(video)
    return found


def decoded(content: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def count_faces(images: list[np.ndarray]) -> int:
    return sum(len(faces_by_another_detector(image)) for image in images)


@pytest.mark.slow
def test_nothing_that_leaves_a_job_shows_a_face(folder: Path):
    assert count_faces([photograph("zidane.jpg")]) == 2
    frames = frames_in_zip(folder / "final_package.zip")
    assert len(frames) == 3
    clips = frames_in_zip(folder / "exports" / "label_studio.zip")
    assert len(clips) >= FRAME_COUNT
    preview = [file for file in folder.rglob("*") if file.parent.name == "preview"]
    assert {file.suffix for file in preview} == {".mp4", ".jpg"}
    shown = [decoded(file.read_bytes()) for file in preview if file.suffix == ".jpg"]
    shown += [image for file in preview if file.suffix == ".mp4" for image in read_frames(file)]
    reports = [decoded(image) for image in images_of_reports(folder)]
    assert len(reports) > 10
    assert count_faces([*frames, *clips[::4], *shown[::4], *reports]) == 0


@pytest.mark.slow
def test_persons_are_those_of_the_original(folder: Path):
    result = JobResult.read(folder / "result.json")
    assert result.videos[0].person_count == 2
    assert result.videos[0].shown, "places lead into the preview without faces"
    frames = read_proposals(folder / "final_package.zip")["1_clip_000"]
    assert [len(boxes) for boxes in frames.values()] == [2, 2, 2]


@pytest.mark.slow
def test_regions_are_hidden_and_the_rest_stays(folder: Path):
    first = frames_in_zip(folder / "final_package.zip")[0]
    photo = photograph("zidane.jpg")
    assert np.abs(first[300:700, :60].astype(int) - photo[300:700, :60]).mean() < 4
    colours_in_corner = [len(np.unique(image[:60, :100].reshape(-1, 3), axis=0)) for image in (first, photo)]
    assert colours_in_corner[0] < colours_in_corner[1] / 2


def test_a_job_that_hides_nothing_has_no_such_stage():
    assert "anonymize" not in {stage.name for stage in JobParams({}).chain.stages}
    assert "anonymize" in {stage.name for stage in JobParams(PARAMS).chain.stages}


def test_persons_are_named_with_their_video():
    params = AnonymizeParams(video_id="2", hide="persons", visible_persons=["1:7", "2:3"])
    assert params.visible_ids() == [3]
    with pytest.raises(ParameterError, match="video:track id"):
        AnonymizeParams.checked({"visible_persons": ["7"]})


def test_a_wrong_region_is_reported_before_a_job_starts():
    with pytest.raises(ParameterError, match=r"anonymize\.regions"):
        JobParams({"anonymize": {"regions": "all:\n- polygon: [[0, 0], [1, 1]]"}})
