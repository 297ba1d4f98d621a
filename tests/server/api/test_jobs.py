"""Jobs over HTTP: from two videos to a validated package; ids, reports and questions that lead nowhere."""

import io
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.support.job_services import wait_until
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, read_events, running_server
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.media.sample import write_sample

ABSENT = "20260131-0123456789abcdef"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("api")) as running:
        yield running


def submit(server: RunningServer, *videos: tuple[str, bytes], **texts: str) -> str:
    files = [("videos", (name, io.BytesIO(content))) for name, content in videos]
    answer = server.client.post("/api/jobs", files=files, data=texts)
    assert answer.status_code == 202, answer.text
    return answer.json()["job_id"]


def wait_for_end(server: RunningServer, job_id: str) -> dict:
    read_events(server.client, f"/api/jobs/{job_id}/events")
    return server.client.get(f"/api/jobs/{job_id}").json()


@pytest.fixture(scope="module")
def failed_job(server: RunningServer) -> str:
    job_id = submit(server, ("failing <b>.mp4", b"no video"))
    assert wait_for_end(server, job_id)["state"] == "failed"
    return job_id


@pytest.mark.exhaustive
@pytest.mark.slow
def test_two_videos_become_a_package(server: RunningServer, tmp_path: Path):
    for number in (1, 2):
        write_sample(tmp_path / f"{number}.mp4", duration_s=2.0)
    videos = [(f"video {number}.mp4", (tmp_path / f"{number}.mp4").read_bytes()) for number in (1, 2)]
    job_id = submit(server, *videos, params=json.dumps({"track_persons": {"frame_stride": 5}}))
    path = f"/api/jobs/{job_id}"
    events = read_events(server.client, f"{path}/events")
    assert events[-1] == {"event": "end", "data": {"state": "done"}}
    from_the_start = server.client.get(f"{path}/events", headers={"Last-Event-ID": ""})
    assert from_the_start.text.count("event: ") == len(events)
    ids = [int(event["id"]) for event in events[:-1]]
    assert ids == sorted(set(ids))
    states = [event["data"]["data"]["state"] for event in events if event["event"] == "job"]
    assert states == ["queued", "running", "done"]

    job = server.client.get(path).json()
    assert (job["state"], job["fraction_done"], job["has_package"]) == ("done", 1.0, True)
    assert [(video["original_name"], video["state"]) for video in job["videos"]] == [
        ("video 1.mp4", "done"),
        ("video 2.mp4", "done"),
    ]
    assert {task["state"] for task in job["tasks"]} == {"done"}
    resize = next(task for task in job["tasks"] if task["stage"] == "resize")
    assert resize["done"] == resize["total"] > 0

    whole = server.client.get(f"{path}/package")
    assert whole.headers["content-disposition"] == f'attachment; filename="final_package_{job_id}.zip"'
    size = len(whole.content)
    announced = server.client.head(f"{path}/package")
    assert (announced.headers["content-length"], announced.content) == (str(size), b"")
    cuts = [0, 1, size // 3, size // 2, size]
    pieces = []
    for start, end in pairwise(cuts):
        answer = server.client.get(f"{path}/package", headers={"Range": f"bytes={start}-{end - 1}"})
        assert (answer.status_code, answer.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{size}")
        pieces.append(answer.content)
    assert b"".join(pieces) == whole.content
    assert server.client.get(f"{path}/package", headers={"Range": f"bytes={size}-"}).status_code == 416
    package = tmp_path / "package.zip"
    package.write_bytes(whole.content)
    assert validate_package(package) == []

    assert server.client.get("/api/jobs", params={"search": "VIDEO 2"}).json()["total"] == 1
    assert server.client.delete(path).status_code == 204
    assert not (server.service.workspace.jobs_dir / job_id).exists()
    assert_problem(server.client.get(path), 404, job_id)


def test_job_that_fails_says_why(failed_job: str, server: RunningServer):
    path = f"/api/jobs/{failed_job}"
    job = server.client.get(path).json()
    assert job["message"]
    assert [(video["original_name"], video["state"]) for video in job["videos"]] == [("failing <b>.mp4", "failed")]
    assert_problem(server.client.get(f"{path}/package"), 404, "no package")
    assert_problem(server.client.post(f"{path}/cancel"), 409, "failed")


@pytest.mark.parametrize(
    "values",
    [
        {"weights": "/tmp/evil.pt"},
        {"weights": "evil.pt"},
        {"weights": "yolo11n"},
        {"weights": "../here/mine"},
        {"detections_file": "/etc/passwd"},
        {"detector_options": ["weights:/tmp/evil.pt"]},
    ],
    ids=[
        "weights by path",
        "weights by file name",
        "weights to download",
        "weights elsewhere",
        "detections",
        "weights as an option",
    ],
)
def test_no_file_of_the_server_is_named_from_outside(values: dict[str, str | list[str]], server: RunningServer):
    files = [("videos", ("a.mp4", io.BytesIO(b"x")))]
    answer = server.client.post("/api/jobs", files=files, data={"params": json.dumps({"track_persons": values})})
    assert_problem(answer, 422, *values)


def test_weights_of_the_administrator_are_named_from_outside(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def problems(weights: str) -> list:
        body = f"track_persons: {{weights: {weights}}}"
        headers = {"Content-Type": "application/yaml"}
        return server.client.post("/api/params", content=body, headers=headers).json()["problems"]

    assert problems("yolov8n") == []
    assert problems("ours_v2.1") != []
    (tmp_path / "ours_v2.1.pt").write_bytes(b"x")
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(tmp_path))
    assert problems("ours_v2.1") == []
    for other in ("ours", "yolo11n", f"{tmp_path}/ours_v2.1", ".", '""'):
        assert problems(other) != []


def test_job_is_named_by_its_number(failed_job: str, server: RunningServer):
    by_id = server.client.get(f"/api/jobs/{failed_job}").json()
    number = by_id["number"]
    assert number in [job["number"] for job in server.client.get("/api/jobs").json()["jobs"]]
    assert server.client.get(f"/api/jobs/{number}").json() == by_id
    for rest in ("events?follow=false", "reports", "reports/index.html"):
        answers = [server.client.get(f"/api/jobs/{name}/{rest}") for name in (failed_job, number)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].text == answers[1].text


def test_job_is_steered_by_its_number(server: RunningServer):
    files = [("videos", ("a.mp4", io.BytesIO(b"no video")))]
    submitted = server.client.post("/api/jobs", files=files).json()
    path = f"/api/jobs/{submitted['number']}"
    assert wait_for_end(server, submitted["job_id"])["number"] == submitted["number"]
    assert server.client.post(f"{path}/retry").json() == submitted
    assert server.client.post(f"{path}/cancel").json() == submitted
    assert wait_for_end(server, submitted["job_id"])["state"] == "cancelled"
    assert server.client.delete(path).status_code == 204
    assert_problem(server.client.get(path), 404, f"There is no job {submitted['number']};")


def test_events_since_the_last_one_seen(failed_job: str, server: RunningServer):
    path = f"/api/jobs/{failed_job}/events"
    events = read_events(server.client, path, follow=False)
    seen = events[2]["id"]
    assert read_events(server.client, path, since=seen) == events[3:]
    with server.client.stream("GET", path, headers={"Last-Event-ID": seen}) as answer:
        assert f"id: {events[3]['id']}\n" in answer.read().decode()
        assert f"id: {seen}\n" not in answer.read().decode()


def test_cancel_and_retry(server: RunningServer):
    job_id = submit(server, *[(f"{number}.mp4", b"no video") for number in range(5)])
    path = f"/api/jobs/{job_id}"
    assert_problem(server.client.delete(path), 409, "cancel it first")
    assert_problem(server.client.post(f"{path}/retry"), 409)
    assert server.client.post(f"{path}/cancel").status_code == 202
    assert wait_for_end(server, job_id)["state"] == "cancelled"
    assert server.client.post(f"{path}/retry").status_code == 202
    assert server.client.get(path).json()["state"] in ("queued", "running")
    assert server.client.post(f"{path}/cancel").status_code == 202
    assert wait_for_end(server, job_id)["state"] == "cancelled"
    assert server.client.delete(path).status_code == 204


def test_followers_that_leave_are_forgotten(server: RunningServer):
    job_id = submit(server, *[(f"{number}.mp4", b"no video") for number in range(5)])
    open_before = psutil.Process().num_fds()
    for _ in range(20):
        with server.client.stream("GET", f"/api/jobs/{job_id}/events") as answer:
            next(answer.iter_lines())
    end_s = time.monotonic() + 5
    while psutil.Process().num_fds() > open_before + 5:
        assert time.monotonic() < end_s, "connections stay open"
        time.sleep(0.05)
    server.client.post(f"/api/jobs/{job_id}/cancel")


@pytest.mark.parametrize(
    "job_id",
    [
        pytest.param(ABSENT, id="unknown"),
        pytest.param("..", id="dots"),
        pytest.param("%2e%2e", id="dots in hexadecimal"),
        pytest.param("..%2f..%2fetc", id="slashes in hexadecimal"),
        pytest.param("%00", id="NUL"),
        pytest.param("x" * 5000, id="endless"),
        pytest.param("20260131-0123456789ABCDEF", id="upper case"),
        pytest.param("٢٠٢٦٠١٣١-0123456789abcdef", id="other digits"),
        pytest.param("' OR 1=1 --", id="SQL"),
        pytest.param("0", id="number zero"),
        pytest.param("987654", id="unknown number"),
        pytest.param("٣٢", id="number in other digits"),
        pytest.param("9" * 100, id="number too large for the database"),
    ],
)
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("DELETE", ""),
        ("GET", "/package"),
        ("GET", "/exports"),
        ("POST", "/exports"),
        ("GET", "/exports/manifest.json"),
        ("GET", "/reports"),
        ("GET", "/reports/index.html"),
    ],
    ids=lambda value: value or "/",
)
def test_ids_that_lead_nowhere(method: str, rest: str, job_id: str, server: RunningServer):
    answer = server.client.request(method, f"/api/jobs/{job_id}{rest}")
    # what a client makes of dots before it asks may be another path
    assert answer.status_code in (404, 405, 422)
    assert_problem(answer, answer.status_code)


def test_reports_are_shown_like_a_strangers_page(failed_job: str, server: RunningServer):
    reports = server.client.get(f"/api/jobs/{failed_job}/reports").json()
    assert {"01_resize_1.html", "01_resize_1.ipynb", "index.html"} <= {report["name"] for report in reports}
    for report in reports:
        answer = server.client.get(report["href"])
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"sandbox allow-same-origin allow-downloads", "default-src 'none'"} <= set(policy)
        attached = answer.headers.get("content-disposition", "").startswith("attachment")
        assert attached == report["name"].endswith(".ipynb")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fjob.json",
        "..%2fjob.json",
        "%2fetc%2fpasswd",
        "%2e%2e",
        "%00.html",
        ".html",
        "absent.html",
        "x" * 5000,
    ],
)
def test_reports_that_lead_elsewhere(name: str, failed_job: str, server: RunningServer):
    answer = server.client.get(f"/api/jobs/{failed_job}/reports/{name}")
    assert answer.status_code in (404, 422)
    assert_problem(answer, answer.status_code)


def test_list_is_filtered_and_paged(failed_job: str, server: RunningServer):
    def ask(**query: object) -> dict:
        return server.client.get("/api/jobs", params=query).json()

    assert failed_job in [job["job_id"] for job in ask(state="failed")["jobs"]]
    assert ask(search="FAILING <B>")["total"] == 1
    assert ask(text=failed_job)["jobs"][0]["job_id"] == failed_job
    assert ask(search="no such thing") == {"jobs": [], "total": 0}
    everything = ask()
    assert ask(offset=0, limit=1)["jobs"] == everything["jobs"][:1]
    assert ask(offset=everything["total"])["jobs"] == []


@pytest.mark.parametrize(
    "query",
    [
        "state=lost",
        "limit=0",
        "limit=501",
        "offset=-1",
        "offset=99999999999999999999",
        "limit=x",
        "search=" + "x" * 201,
    ],
)
def test_questions_that_make_no_sense(query: str, server: RunningServer):
    assert_problem(server.client.get(f"/api/jobs?{query}"), 422, query.split("=")[0])


def test_health(server: RunningServer):
    health = server.client.get("/api/health").json()
    assert health["disk_free_bytes"] <= health["disk_total_bytes"]
    assert sum(health["jobs"].values()) == server.client.get("/api/jobs").json()["total"]


def test_health_lists_what_lies_in_lost_and_found(server: RunningServer):
    assert server.client.get("/api/health/details").json()["notices"] == []
    lost = server.service.workspace.lost_dir / "20260131-0123456789abcdef"
    lost.mkdir(parents=True)
    (notice,) = server.client.get("/api/health/details").json()["notices"]
    assert lost.name in notice
    assert notice in server.client.get("/page/live", params={"view": "health"}).text
    shutil.rmtree(lost.parent)


def test_health_lists_the_workers(server: RunningServer):
    assert wait_until(lambda: server.client.get("/api/health").json()["workers"], 30)
    (worker,) = server.client.get("/api/health").json()["workers"]
    (known,) = server.service.workers()
    assert worker == {"address": known.address, "threads": 1, "resources": known.resources}


def test_full_queue_is_said_before_the_upload(tmp_path: Path):
    with running_server(tmp_path, replace(SMALL_LIMITS, queued_jobs=0)) as full:
        assert_problem(full.client.post("/api/jobs", files={"videos": b"x"}), 429, "0 jobs")
    with running_server(tmp_path, replace(SMALL_LIMITS, free_bytes=10**18)) as crowded:
        assert_problem(crowded.client.post("/api/jobs", files={"videos": b"x"}), 507, "GB are free")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_request_that_the_document_allows_breaks_the_server(tmp_path: Path):
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from schemathesis.checks import not_a_server_error

    schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
    with running_server(tmp_path) as tried:
        schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{tried.port}/openapi.json")
        for operation in (result.ok() for result in schema.get_all_operations()):

            @seed(1)
            @settings(
                max_examples=20,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def try_it(case: schemathesis.Case) -> None:
                case.call_and_validate(checks=[not_a_server_error], timeout=30)

            try_it()
