"""Frames of an upload, and the persons in them, before any job."""

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from tests.support.synthetic import number_in, write_counter_video
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server
from videoprep_nb.media.sample import write_sample

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("frames")
    write_counter_video(folder / "street.mp4", 100, Fraction(25))
    with running_server(folder / "workspace", replace(SMALL_LIMITS, import_roots=(folder,))) as running:
        yield running


def upload(client: httpx.Client, file: Path) -> str:
    content = file.read_bytes()
    created = client.post("/api/uploads/", headers=TUS | {"Upload-Length": str(len(content))})
    piece = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    assert client.patch(created.headers["location"], content=content, headers=piece).status_code == 204
    return str(created.headers["location"])


def image_of(frame: dict) -> np.ndarray:
    kind, _, text = frame["image"].partition(",")
    assert kind == "data:image/jpeg;base64"
    image = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_frames_of_uploads_and_files_on_the_server(server: RunningServer):
    file = server.service.workspace.path.parent / "street.mp4"
    uploaded = f"{upload(server.client, file)}/frames"
    for address, query in ((uploaded, {}), ("/api/imports/frames", {"path": str(file)})):
        asked = query | {"at_s": [1.0, 3.96], "is_exact": True}
        found = server.client.get(address, params=asked, timeout=120).json()
        assert (found["problem"], [frame["at_s"] for frame in found["frames"]]) == ("", [1.0, 3.96])
        assert [number_in(image_of(frame)) for frame in found["frames"]] == [25, 99]
    assert len(server.client.get(uploaded, timeout=120).json()["frames"]) == 1
    assert server.client.get(uploaded, params={"at_s": [1.0] * 25}).status_code == 422


@pytest.mark.slow
def test_people_are_detected_as_by_a_job_and_kept(server: RunningServer, tmp_path: Path):
    write_sample(tmp_path / "people.mp4", duration_s=2.0)
    address = f"{upload(server.client, tmp_path / 'people.mp4')}/detections"
    asked = {"at_s": [0.0, 1.0], "params": {"track_persons": {"image_size": 320}}}
    started_s = time.monotonic()
    found = server.client.post(address, json=asked, timeout=150).json()
    took_s = time.monotonic() - started_s
    assert (found["problem"], [frame["at_s"] for frame in found["frames"]]) == ("", [0.0, 1.0])
    assert all(image_of(frame).shape == (360, 640, 3) for frame in found["frames"])
    assert found["frames"][0]["person_count"] >= 2, "the sample begins with people in the street"
    started_s = time.monotonic()
    other_tracking = asked | {"params": {"track_persons": {"image_size": 320, "max_gap_s": 1}}}
    assert server.client.post(address, json=other_tracking, timeout=150).json() == found
    assert time.monotonic() - started_s < took_s / 4, "nothing is detected again"
    wrong = asked | {"params": {"track_persons": {"weights": "/etc/passwd"}}}
    assert_problem(server.client.post(address, json=wrong), 422, "track_persons.weights")
    assert server.client.post(address, json={"at_s": [0, 1, 2, 3]}).status_code == 422


def test_frames_of_what_is_no_video_or_not_there(server: RunningServer, tmp_path: Path):
    (tmp_path / "notes.mp4").write_bytes(b"no video")
    found = server.client.get(f"{upload(server.client, tmp_path / 'notes.mp4')}/frames", timeout=120).json()
    assert found["frames"] == []
    assert "cannot be processed" in found["problem"]
    created = server.client.post("/api/uploads/", headers=TUS | {"Upload-Length": "5"})
    assert_problem(server.client.get(f"{created.headers['location']}/frames"), 409, "not complete")
    assert_problem(server.client.get("/api/imports/frames", params={"path": "/etc/hostname"}), 400, "import folder")
