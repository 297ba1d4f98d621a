"""Formats of a finished job over HTTP: listed, written in the background, fetched."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import Field

from tests.support.job_services import wait_until
from tests.support.proposal_files import good_proposals
from tests.support.results import write_result
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server
from videoprep_nb.core.layout import KEPT_FOLDER
from videoprep_nb.exports.base import Exporter, ExportOptions
from videoprep_nb.exports.registry import EXPORTERS
from videoprep_nb.exports.result import Result
from videoprep_nb.jobs.models import ENDED

LABELS = "label: person\nattributes:\n  action: [stand, walk]\n"


class GatedOptions(ExportOptions):
    step: int = Field(1, ge=1, description="every so many frames")


class Gated(Exporter):
    """Number of people on every frame; it waits to be let through."""

    name = "gated"
    title = "People per frame"
    file_name = "gated.json"
    options_type = GatedOptions
    gate = threading.Event()
    started = threading.Event()
    error: Exception | None = None

    def write(self, result: Result, target: Path) -> None:
        target.write_text("half")
        self.started.set()
        assert self.gate.wait(60)
        if self.error:
            raise self.error
        frames = [len(boxes) for clip in result.proposals.values() for boxes in clip.values()]
        target.write_text(json.dumps(frames[:: self.options.step]))


@pytest.fixture
def gated() -> Iterator[type[Gated]]:
    """A format that is written when the test lets it."""
    Gated.gate.clear()
    Gated.started.clear()
    Gated.error = None
    EXPORTERS.add(Gated)
    try:
        yield Gated
    finally:
        Gated.gate.set()
        EXPORTERS._members.pop(Gated.name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("exports")) as running:
        yield running


def ended_job(server: RunningServer, **params: object) -> str:
    """A job that was cancelled, which is the quickest end."""
    files = {"videos": ("a.mp4", b"no video")}
    job_id = server.client.post("/api/jobs", files=files, data={"params": json.dumps(params)}).json()["job_id"]
    server.client.post(f"/api/jobs/{job_id}/cancel")
    assert wait_until(lambda: server.service.job(job_id).job.state in ENDED)
    return job_id


def finished_job(server: RunningServer, kept: bool = True, **params: object) -> str:
    """A job that has ended, with a result that was written by hand."""
    job_id = ended_job(server, **params)
    folder = server.service.workspace.job_folder(job_id).path
    write_result(folder)
    if not kept:
        (folder / KEPT_FOLDER).rename(folder / "elsewhere")
    return job_id


@pytest.fixture(scope="module")
def job_id(server: RunningServer) -> str:
    return finished_job(server)


def exports_of(server: RunningServer, job_id: str) -> dict[str, dict]:
    return {export["format"]: export for export in server.client.get(f"/api/jobs/{job_id}/exports").json()}


def write(server: RunningServer, job_id: str, **request: object):
    json_type = {"Content-Type": "application/json"}
    return server.client.post(f"/api/jobs/{job_id}/exports", content=json.dumps(request), headers=json_type)


def wait_for(server: RunningServer, job_id: str, name: str) -> dict:
    assert wait_until(lambda: exports_of(server, job_id)[name]["state"] != "being written")
    return exports_of(server, job_id)[name]


def test_every_format_is_listed(server: RunningServer):
    found = exports_of(server, finished_job(server))
    assert found.keys() == set(EXPORTERS)
    assert found["cvat-backup"]["state"] == "not written"
    assert "CVAT" in found["cvat-backup"]["help"]
    assert all(export["title"] and export["help"] for export in found.values())
    # what every job has is not written again
    for name, file in (("package", "final_package.zip"), ("manifest", "manifest.json")):
        assert (found[name]["state"], found[name]["file_name"]) == ("written", file)
        assert found[name]["size_bytes"] == len(server.client.get(found[name]["href"]).content) > 0


def test_format_is_written_and_fetched(server: RunningServer, job_id: str):
    answer = write(server, job_id, format="cvat-backup", labels=LABELS)
    assert answer.status_code == 202
    assert answer.json()["state"] in ("being written", "written")
    export = wait_for(server, job_id, "cvat-backup")
    assert (export["state"], export["problem"]) == ("written", "")
    whole = server.client.get(export["href"])
    assert whole.headers["content-disposition"] == f'attachment; filename="cvat_backup_{job_id}.zip"'
    assert len(whole.content) == export["size_bytes"]
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        [label] = json.loads(archive.read("project.json"))["labels"]
        tasks = {name.partition("/")[0] for name in archive.namelist() if "/" in name}
    assert [attribute["values"] for attribute in label["attributes"] if attribute["name"] == "action"] == [
        ["not labelled", "stand", "walk"]
    ]
    assert len(tasks) == len(good_proposals())
    announced = server.client.head(export["href"])
    assert (announced.status_code, int(announced.headers["content-length"])) == (200, export["size_bytes"])
    part = server.client.get(export["href"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])


def test_options_replace_what_was_written(server: RunningServer, job_id: str):
    sizes = []
    for media in ("frames", "clips"):
        assert write(server, job_id, format="cvat-backup", options={"media": media}).status_code == 202
        export = wait_for(server, job_id, "cvat-backup")
        assert export["state"] == "written", export
        with zipfile.ZipFile(io.BytesIO(server.client.get(export["href"]).content)) as archive:
            sizes.append(sum(name.endswith(".mp4") for name in archive.namelist()))
    assert sizes == [0, len(good_proposals())]


def test_labels_are_those_of_the_job_unless_others_are_given(server: RunningServer):
    job_id = ended_job(server, package={"labels": "label: worker"})
    write_result(server.service.workspace.job_folder(job_id).path)
    for labels, expected in (("", "worker"), ("label: rider", "rider")):
        write(server, job_id, format="cvat-backup", labels=labels)
        href = wait_for(server, job_id, "cvat-backup")["href"]
        with zipfile.ZipFile(io.BytesIO(server.client.get(href).content)) as archive:
            assert [label["name"] for label in json.loads(archive.read("project.json"))["labels"]] == [expected]


@pytest.mark.parametrize(
    ("request_body", "words"),
    [
        pytest.param({"format": "cvat-bakup"}, ("format", "did you mean cvat-backup"), id="unknown format"),
        pytest.param({"format": "cvat-backup", "options": {"medium": "clips"}}, ("options", "media"), id="option"),
        pytest.param({"format": "cvat-backup", "options": {"keyframe_iou": 2}}, ("options", "2"), id="range"),
        pytest.param({"format": "cvat-backup", "options": {"media": ["a"]}}, ("str",), id="list as a value"),
        pytest.param({"format": "cvat-backup", "labels": "label: ["}, ("labels",), id="labels that are no YAML"),
        pytest.param({"format": "cvat-backup", "labels": "@/etc/passwd"}, ("labels",), id="file of the server"),
        pytest.param({"format": "cvat-backup", "options": {"\ud800": 1}}, ("valid string",), id="half a character"),
        pytest.param({"format": "cvat-backup", "options": {"keyframe_iou": "nan"}}, ("options",), id="no number"),
        pytest.param({"format": "../../etc"}, ("format",), id="path"),
        pytest.param({"format": "cvat-backup", "output": "/tmp/x"}, ("output",), id="unknown field"),
        pytest.param({}, ("format",), id="nothing"),
    ],
)
def test_requests_that_are_refused(
    request_body: dict[str, object], words: tuple[str, ...], server: RunningServer, job_id: str
):
    answer = write(server, job_id, **request_body)
    assert_problem(answer, 422, *words)
    assert "root:" not in answer.text


def test_what_was_not_kept_is_said(server: RunningServer, gated: type[Gated], monkeypatch: pytest.MonkeyPatch):
    job_id = finished_job(server, kept=False)
    monkeypatch.setattr(
        gated,
        "needs",
        EXPORTERS["cvat-backup"](EXPORTERS["cvat-backup"].options_type.model_validate({"media": "clips"})).needs,
    )
    export = exports_of(server, job_id)["gated"]
    assert export["state"] == "not possible"
    assert export["problem"].startswith("Needs clips and dense tracks, which were not kept")
    assert_problem(write(server, job_id, format="gated"), 409, "clips and dense tracks")
    assert_problem(write(server, job_id, format="cvat-backup", options={"media": "clips"}), 409, "not kept")
    assert write(server, job_id, format="cvat-backup").status_code == 202


def test_one_that_fails_says_why_and_can_be_tried_again(server: RunningServer, gated: type[Gated]):
    job_id = finished_job(server)
    gated.gate.set()
    gated.error = ValueError("no room for people")
    assert write(server, job_id, format="gated").status_code == 202
    export = wait_for(server, job_id, "gated")
    assert (export["state"], export["file_name"]) == ("failed", "")
    assert export["problem"] == "The export format gated failed: ValueError: no room for people"
    gated.error = None
    write(server, job_id, format="gated", options={"step": 2})
    export = wait_for(server, job_id, "gated")
    assert (export["state"], export["problem"]) == ("written", "")
    expected = [len(boxes) for clip in good_proposals().values() for boxes in clip.values()][::2]
    assert server.client.get(export["href"]).json() == expected


def test_formats_wait_for_each_other(server: RunningServer, gated: type[Gated]):
    job_id = finished_job(server)
    write(server, job_id, format="gated")
    assert gated.started.wait(60)
    assert write(server, job_id, format="cvat-backup").json()["state"] == "being written"
    assert_problem(write(server, job_id, format="gated"), 409, "being written already")
    # what is half-written has no name, and the older file stays until then
    assert exports_of(server, job_id)["gated"]["file_name"] == ""
    assert_problem(server.client.get(f"/api/jobs/{job_id}/exports/gated.json"), 404)
    gated.gate.set()
    assert wait_for(server, job_id, "cvat-backup")["state"] == "written"
    assert wait_for(server, job_id, "gated")["state"] == "written"


def delete(server: RunningServer, job_id: str) -> None:
    assert server.client.delete(f"/api/jobs/{job_id}").status_code == 204


def retry(server: RunningServer, job_id: str) -> None:
    assert server.client.post(f"/api/jobs/{job_id}/retry").status_code == 202
    assert server.client.post(f"/api/jobs/{job_id}/cancel").status_code == 202
    assert wait_until(lambda: server.client.get(f"/api/jobs/{job_id}").json()["state"] == "cancelled")
    package = server.service.workspace.job_folder(job_id).package
    package.write_bytes(package.read_bytes())  # as a run publishes one


@pytest.mark.parametrize("change", [delete, retry])
def test_job_that_changes_meanwhile_gets_no_file(
    change: Callable[[RunningServer, str], None], server: RunningServer, gated: type[Gated]
):
    job_id = finished_job(server)
    folder = server.service.workspace.job_folder(job_id)
    write(server, job_id, format="gated")
    assert gated.started.wait(60)
    change(server, job_id)
    gated.gate.set()
    other = finished_job(server)
    write(server, other, format="cvat-backup")
    wait_for(server, other, "cvat-backup")  # so the first one is done
    assert not (folder.exports / "gated.json").exists()
    assert folder.path.exists() == (change is retry)
    assert not list(server.service.workspace.path.glob(".partial-*"))


def test_job_that_runs_has_no_formats(server: RunningServer):
    running = server.client.post("/api/jobs", files=[("videos", (f"{n}.mp4", b"no video")) for n in range(5)]).json()
    for answer in (
        server.client.get(f"/api/jobs/{running['number']}/exports"),
        write(server, running["job_id"], format="cvat-backup"),
    ):
        assert_problem(answer, 409, "when it has ended")
    server.client.post(f"/api/jobs/{running['job_id']}/cancel")
    assert wait_until(lambda: server.client.get(f"/api/jobs/{running['job_id']}").json()["state"] == "cancelled")
    assert_problem(write(server, running["job_id"], format="cvat-backup"), 404, "has no package")


def test_deleted_results_have_no_formats(server: RunningServer):
    from datetime import UTC, datetime

    job_id = finished_job(server)
    server.service._store.mark_results_deleted(job_id, datetime.now(UTC))
    assert_problem(server.client.get(f"/api/jobs/{job_id}/exports"), 404, "have been deleted")
    assert_problem(write(server, job_id, format="cvat-backup"), 404, "have been deleted")
    assert_problem(server.client.get(f"/api/jobs/{job_id}/exports/manifest.json"), 404, "have been deleted")


@pytest.mark.parametrize(
    "name",
    ["..%2fjob.json", "job.json", "result.json", "%2fetc%2fpasswd", "%2e%2e", "%00.zip", "absent.zip", "x" * 5000,
     "link.zip", ".partial-1-x.zip"],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: str, server: RunningServer, job_id: str):
    exports = server.service.workspace.job_folder(job_id).exports
    exports.mkdir(exist_ok=True)
    if not (exports / "link.zip").is_symlink():
        (exports / "link.zip").symlink_to("../job.json")
    (exports / ".partial-1-x.zip").write_text("half")
    answer = server.client.get(f"/api/jobs/{job_id}/exports/{name}")
    assert answer.status_code in (404, 422)
    assert_problem(answer, answer.status_code)


def test_full_disk_is_said_before_the_work(tmp_path: Path):
    with running_server(tmp_path) as roomy:
        job_id = finished_job(roomy)
    with running_server(tmp_path, replace(SMALL_LIMITS, free_bytes=10**18)) as crowded:
        assert_problem(write(crowded, job_id, format="cvat-backup"), 507, "GB are free")


def test_what_a_killed_service_left_half_written_goes(tmp_path: Path):
    leftover = tmp_path / ".partial-export-abc"
    leftover.mkdir(parents=True)
    (leftover / "cvat_backup.zip").write_text("half")
    with running_server(tmp_path):
        assert not leftover.exists()


@pytest.mark.exhaustive
def test_service_stops_while_a_format_is_written(tmp_path: Path, gated: type[Gated]):
    with running_server(tmp_path) as server:
        job_id = finished_job(server)
        write(server, job_id, format="gated")
        write(server, job_id, format="cvat-backup")
        assert gated.started.wait(60)
    gated.gate.set()
    with running_server(tmp_path) as server:
        assert exports_of(server, job_id)["cvat-backup"]["state"] == "not written"
        assert exports_of(server, job_id)["gated"]["state"] == "not written"
        assert wait_until(lambda: not list(tmp_path.glob(".partial-*")))
