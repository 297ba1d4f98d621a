"""The way back over HTTP: exports of CVAT are uploaded, imported in the background, and fetched as training data."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.annotations.test_round_trip import EXPECTED, frame_tasks, rounded
from tests.server.api.test_exports import delete, finished_job, retry
from tests.server.api.test_tus import PROTOCOL, create, uploaded
from tests.support.cvat_exports import images_xml, video_xml
from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer, assert_problem, log_in, make_users, running_server
from videoprep_nb.server.security.users import Users

LABELS = "label: person\nattributes:\n  action: [sit, walk]\n  talking: [no, yes]\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("annotations")) as running:
        yield running


@pytest.fixture(scope="module")
def job_id(server: RunningServer) -> str:
    return finished_job(server)


def project(*, annotator: str = "") -> bytes:
    tasks = [replace(task, annotator=annotator) for task in frame_tasks()]
    return video_xml(tasks, project=True)


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", content)
    return file.getvalue()


def start(client: httpx.Client, job_id: str, *uploads: str, **more: object) -> httpx.Response:
    return client.post(f"/api/jobs/{job_id}/annotations", json={"uploads": uploads, **more})


def status(client: httpx.Client, job_id: str) -> dict:
    answer = client.get(f"/api/jobs/{job_id}/annotations")
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_for(client: httpx.Client, job_id: str) -> dict:
    assert wait_until(lambda: status(client, job_id)["state"] != "being imported")
    return status(client, job_id)


def imported(client: httpx.Client, job_id: str, **exports: bytes) -> dict:
    """Upload and import exports by the stems of their files."""
    ids = [uploaded(client, content, f"{name}.xml") for name, content in exports.items()]
    assert start(client, job_id, *ids).status_code == 202
    return wait_for(client, job_id)


def training_files(client: httpx.Client, job_id: str) -> dict[str, bytes]:
    answer = client.get(f"/api/jobs/{job_id}/annotations/training.zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="training_{job_id}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(files: dict[str, bytes]) -> set[tuple]:
    return {
        (video, int(second), tuple(round(float(value), 4) for value in box), int(action), int(person))
        for video, second, *box, action, person in csv.reader(io.StringIO(files["ava/annotations.csv"].decode()))
    }


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(project(), id="XML for video"),
        pytest.param(images_xml(frame_tasks(), project=True), id="XML for images"),
        pytest.param(zipped(project()), id="ZIP"),
    ],
)
def test_labels_come_back(content: bytes, server: RunningServer):
    job_id = finished_job(server)
    assert status(server.client, job_id) == {
        "state": "not imported",
        "problem": "",
        "is_outdated": False,
        "files": [],
    }
    upload_id = uploaded(server.client, content, "work of anna")
    answer = start(server.client, job_id, upload_id)
    assert (answer.status_code, answer.json()["state"]) == (202, "being imported")
    found = wait_for(server.client, job_id)
    assert (found["state"], found["problem"]) == ("imported", "")
    assert rows_of(training_files(server.client, job_id)) == rounded(EXPECTED)
    report = server.client.get(next(file["href"] for file in found["files"] if file["name"] == "report.html"))
    assert "work of anna" in report.text
    assert report.headers["content-type"].startswith("text/html")
    assert report.headers["content-security-policy"].startswith("sandbox allow-same-origin allow-downloads; default")
    assert server.uploads == []
    assert not list(server.service.workspace.path.glob(".partial-*"))


def test_labels_number_the_actions_and_formats_are_written(server: RunningServer, job_id: str):
    upload_id = uploaded(server.client, project())
    start(server.client, job_id, upload_id, labels=LABELS, formats=["ava", "coco", "cvat"])
    assert wait_for(server.client, job_id)["problem"] == ""
    files = training_files(server.client, job_id)
    assert {name.partition("/")[0] for name in files} == {"report.html", "ava", "coco.json", "cvat"}
    actions = re.findall(r'name: "(\w+)"\s+id: (\d)', files["ava/action_list.pbtxt"].decode())
    assert actions == [("sit", "1"), ("walk", "2"), ("no", "3"), ("yes", "4")]


def test_newer_import_replaces_the_older_one_when_it_is_complete(server: RunningServer, job_id: str):
    imported(server.client, job_id, first=project())
    older = training_files(server.client, job_id)
    failed = imported(server.client, job_id, broken=project()[:-200])
    assert failed["state"] == "failed"
    assert "broken.xml" in failed["problem"]
    assert training_files(server.client, job_id) == older
    assert len(failed["files"]) == 2
    newer = imported(server.client, job_id, second=images_xml(frame_tasks()))
    assert (newer["state"], newer["problem"]) == ("imported", "")
    assert b"second.xml" in training_files(server.client, job_id)["report.html"]
    assert server.uploads == []


def test_download_is_not_disturbed_by_a_newer_import(server: RunningServer):
    job_id = finished_job(server)
    imported(server.client, job_id, first=project())
    address = f"/api/jobs/{job_id}/annotations/training.zip"
    older = random.Random(1).randbytes(50_000_000)  # more than sockets hold
    (server.service.workspace.job_folder(job_id).annotations / "training.zip").write_bytes(older)
    with server.fresh_client() as other, other.stream("GET", address) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        assert imported(server.client, job_id, second=project())["state"] == "imported"
        assert first + b"".join(pieces) == older
    whole = server.client.get(address).content
    assert b"second.xml" in training_files(server.client, job_id)["report.html"]
    assert int(server.client.head(address).headers["content-length"]) == len(whole)
    part = server.client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])


def test_training_data_of_an_older_package_is_marked(server: RunningServer):
    job_id = finished_job(server)
    assert imported(server.client, job_id, first=project())["is_outdated"] is False
    package = server.service.workspace.job_folder(job_id).package
    package.write_bytes(package.read_bytes())  # as a retry publishes one
    older = status(server.client, job_id)
    assert (older["state"], older["is_outdated"], len(older["files"])) == ("imported", True, 2)
    assert "made for an older package" in server.client.get(f"/page/live?view=job&job={job_id}").text
    assert imported(server.client, job_id, second=project())["is_outdated"] is False


def test_two_annotators_with_files_of_one_name(server: RunningServer, job_id: str):
    ids = [uploaded(server.client, project(), "annotations.xml") for _ in range(2)]
    start(server.client, job_id, *ids)
    assert wait_for(server.client, job_id)["problem"] == ""
    report = training_files(server.client, job_id)["report.html"].decode()
    assert "1_annotations.xml" in report
    assert "2_annotations.xml" in report
    assert str(server.service.workspace.path) not in report


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><annotations>&b;</annotations>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"no video", "x.xml", id="text"),
        pytest.param(BOMB, "entit", id="entities"),
        pytest.param(zipped(b" " * 10_000_000), "grows", id="zip bomb"),
        pytest.param(b"PK\x03\x04", "damaged", id="cut ZIP"),
    ],
)
def test_what_is_refused_is_said(content: bytes, words: str, server: RunningServer):
    job_id = finished_job(server)
    found = imported(server.client, job_id, x=content)
    assert (found["state"], found["files"]) == ("failed", [])
    assert words in found["problem"]
    assert str(server.service.workspace.path) not in found["problem"]
    assert_problem(server.client.get(f"/api/jobs/{job_id}/annotations/training.zip"), 404, "no annotations")
    assert_problem(server.client.get(f"/api/jobs/{job_id}/annotations/report.html"), 404, "no annotations")
    assert server.uploads == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"formats": ["kitti"]}, ("formats", "kitti"), id="format"),
        pytest.param({"formats": []}, ("formats",), id="no format"),
        pytest.param({"labels": "label: ["}, ("labels",), id="labels that are no YAML"),
        pytest.param({"labels": "@/etc/passwd"}, ("labels",), id="file of the server"),
        pytest.param({"output_dir": "/tmp/x"}, ("output_dir",), id="unknown field"),
    ],
)
def test_refused_requests_leave_the_upload_alone(
    more: dict[str, object], words: tuple[str, ...], server: RunningServer, job_id: str
):
    upload_id = uploaded(server.client, project())
    assert_problem(start(server.client, job_id, upload_id, **more), 422, *words)
    assert_problem(start(server.client, job_id, upload_id, upload_id), 422, "uploads", "twice")
    assert_problem(start(server.client, job_id), 422, "uploads")
    [left] = server.client.get("/api/uploads/").json()
    assert left["upload_id"] == upload_id
    assert start(server.client, job_id, upload_id).status_code == 202
    assert wait_for(server.client, job_id)["problem"] == ""


def test_uploads_that_cannot_be_taken(server: RunningServer, job_id: str):
    assert_problem(start(server.client, job_id, "0" * 32), 404, "Unknown upload")
    location = create(server.client, 100, "half.xml")
    half = location.rpartition("/")[2]
    assert_problem(start(server.client, job_id, half), 409, "half.xml", "not complete")
    server.client.delete(location, headers=PROTOCOL)


@pytest.mark.parametrize("change", [delete, retry])
def test_job_that_changes_meanwhile_gets_no_annotations(
    change: Callable[[RunningServer, str], None], server: RunningServer
):
    job_id, other = finished_job(server), finished_job(server)
    first = uploaded(server.client, project())
    second = uploaded(server.client, project())
    start(server.client, other, first)  # the other one waits for it
    start(server.client, job_id, second)
    assert_problem(start(server.client, job_id, uploaded(server.client, b"x")), 409, "being written already")
    change(server, job_id)
    wait_for(server.client, other)
    last = finished_job(server)
    imported(server.client, last, x=project())  # so the one before is done
    folder = server.service.workspace.job_folder(job_id)
    assert not folder.annotations.exists()
    assert folder.path.exists() == (change is retry)
    assert len(server.uploads) == 1  # that of the request that was refused
    for upload in server.client.get("/api/uploads/").json():
        server.client.delete(f"/api/uploads/{upload['upload_id']}", headers=PROTOCOL)


def test_job_that_has_not_ended_takes_no_annotations(server: RunningServer):
    running = server.client.post("/api/jobs", files=[("videos", (f"{n}.mp4", b"no video")) for n in range(5)]).json()
    upload_id = uploaded(server.client, b"x")
    assert_problem(start(server.client, running["job_id"], upload_id), 409, "when it has ended")
    assert_problem(server.client.get(f"/api/jobs/{running['number']}/annotations"), 409, "when it has ended")
    server.client.delete(f"/api/uploads/{upload_id}", headers=PROTOCOL)
    server.client.post(f"/api/jobs/{running['job_id']}/cancel")


def test_service_stops_while_annotations_are_imported(tmp_path: Path):
    with running_server(tmp_path) as server:
        job_id = finished_job(server)
        start(server.client, job_id, uploaded(server.client, project()))
    with running_server(tmp_path) as server:
        assert status(server.client, job_id)["state"] in ("not imported", "imported")
        imported(server.client, job_id, again=project())
        assert rows_of(training_files(server.client, job_id)) == rounded(EXPECTED)


def test_uploads_of_others_are_not_taken(tmp_path: Path):
    users = tmp_path / "users"
    users.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(running_server(tmp_path / "service", users=Users(make_users(users))))
        anna, bert, root = (stack.enter_context(log_in(server, name)) for name in ("anna", "bert", "root"))
        server.client = anna
        job_id = finished_job(server)
        hers, his = uploaded(anna, project()), uploaded(bert, project())
        assert_problem(start(anna, job_id, his), 404, "Unknown upload")
        assert_problem(start(root, job_id, hers), 404, "Unknown upload")
        assert_problem(start(bert, job_id, his), 404, "There is no job")
        assert start(anna, job_id, hers).status_code == 202
        assert wait_for(anna, job_id)["state"] == "imported"
        for path in ("", "/report.html", "/training.zip"):
            assert bert.get(f"/api/jobs/{job_id}/annotations{path}").status_code == 404
            assert root.get(f"/api/jobs/{job_id}/annotations{path}").status_code == 200
