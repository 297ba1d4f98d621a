"""Corrections of a finished job over HTTP: saved, applied, undone; the package read back from the download."""

import io
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.api.test_exports import finished_job
from tests.support.job_services import wait_until
from tests.support.packages import ids_by_video
from tests.support.results import write_uncorrected_tracks
from tests.support.web_server import RunningServer, assert_problem, running_server
from videoprep_nb.exports.dense_tracks import write_dense_tracks

JSON = {"Content-Type": "application/json"}
MERGE = "camera 1.avi:\n- {merge: [1, 2]}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("corrections")) as running:
        yield running


def correctable_job(server: RunningServer) -> str:
    job_id = finished_job(server)
    write_uncorrected_tracks(server.service.workspace.job_folder(job_id).path)
    return job_id


def ids_of(server: RunningServer, job_id: str) -> dict[str, set[int]]:
    """Ids in the package that people download, by video."""
    return ids_by_video(io.BytesIO(server.client.get(f"/api/jobs/{job_id}/package").content))


def save(server: RunningServer, job_id: str, text: str):
    body = json.dumps({"text": text})
    return server.client.put(f"/api/jobs/{job_id}/corrections", content=body, headers=JSON)


def make(server: RunningServer, job_id: str) -> dict[str, Any]:
    assert server.client.post(f"/api/jobs/{job_id}/corrections/package").status_code == 202
    assert wait_until(lambda: not status(server, job_id)["is_running"])
    return status(server, job_id)


def status(server: RunningServer, job_id: str) -> dict[str, Any]:
    return server.client.get(f"/api/jobs/{job_id}/corrections").json()


def test_tracks_are_corrected_and_the_package_follows(server: RunningServer):
    job_id = correctable_job(server)
    before = ids_of(server, job_id)
    assert before == {"1": {1, 2}, "2": {3}}
    saved = save(server, job_id, MERGE).json()
    assert [track["pieces"] for track in saved["videos"][0]["tracks"]] == [["1", "2"]]
    assert (saved["videos"][0]["lines"], saved["is_applied"]) == (["merge 1, 2"], False)
    assert ids_of(server, job_id) == before, "the package stays until it is made again"
    assert make(server, job_id)["is_applied"]
    assert ids_of(server, job_id) == {"1": {1}, "2": {2}}
    save(server, job_id, "")
    assert make(server, job_id)["text"] == ""
    assert ids_of(server, job_id) == before


def test_formats_of_the_package_before_are_not_offered_any_more(server: RunningServer):
    job_id = correctable_job(server)

    def coco() -> dict[str, Any]:
        found = server.client.get(f"/api/jobs/{job_id}/exports").json()
        return next(export for export in found if export["format"] == "coco")

    def write() -> list[dict[str, Any]]:
        server.client.post(f"/api/jobs/{job_id}/exports", content=json.dumps({"format": "coco"}), headers=JSON)
        assert wait_until(lambda: coco()["state"] == "written")
        return server.client.get(coco()["href"]).json()["annotations"]

    assert {box["attributes"]["track_id"] for box in write()} == {1, 2, 3}
    save(server, job_id, MERGE)
    make(server, job_id)
    assert (coco()["state"], coco()["href"]) == ("not written", "")
    assert {box["attributes"]["track_id"] for box in write()} == {1, 2}


def test_strips_show_the_track(server: RunningServer):
    job_id = correctable_job(server)
    answer = server.client.get(f"/api/jobs/{job_id}/corrections/strips/1/1")
    assert (answer.status_code, answer.headers["content-type"], answer.content[:2]) == (200, "image/jpeg", b"\xff\xd8")
    for place in ("1/9", "9/1", "1/..%2f..", "1/1@3"):
        assert server.client.get(f"/api/jobs/{job_id}/corrections/strips/{place}").status_code == 404


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1: [", "not YAML"),
        ("1:\n- {delete: 9}", "there is no track 9"),
        ("cam7.avi:\n- {delete: 1}", "no such video"),
        ("1:\n- !!python/object/apply:os.system [id]", "tag"),
        ("1:\n- {split: 1, at_s: 1e99}", "1000000"),
        ("a: &a [*a]", "alias"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_saved(server: RunningServer, text: str, words: str):
    job_id = correctable_job(server)
    assert_problem(save(server, job_id, text), 422, words)
    assert status(server, job_id)["text"] == ""


def test_a_job_that_kept_no_tracks_says_so(server: RunningServer):
    job_id = finished_job(server)
    assert "were not kept" in status(server, job_id)["problem"]
    assert_problem(save(server, job_id, MERGE), 409, "were not kept")


def test_corrections_that_were_spoilt_are_reported(server: RunningServer):
    job_id = correctable_job(server)
    server.service.workspace.job_folder(job_id).corrections.write_text("1: [", encoding="utf-8")
    assert "not YAML" in status(server, job_id)["problem"]
    assert save(server, job_id, MERGE).status_code == 200


def test_a_package_that_was_made_anew_has_no_corrections_yet(server: RunningServer):
    """As after a retry: the tracks may be others, and what no longer fits is said."""
    job_id = correctable_job(server)
    save(server, job_id, MERGE)
    assert make(server, job_id)["is_applied"]
    folder = server.service.workspace.job_folder(job_id)
    (folder.staged_result / "uncorrected_tracks").mkdir(parents=True)
    shutil.copy(folder.uncorrected / "2.npz", folder.staged_result / "uncorrected_tracks")
    write_dense_tracks(folder.staged_result / "uncorrected_tracks/1.npz", {})
    shutil.copy(folder.package, folder.staged_package)
    folder.publish()
    found = status(server, job_id)
    assert not found["is_applied"]
    assert "there is no track 1" in found["problem"]
