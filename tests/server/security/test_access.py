"""Two members and an admin against every route: nobody reaches the jobs and uploads of somebody else."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer, assert_problem, bearer, log_in, make_users, running_server
from videoprep_nb.server.security.user_file import new_token
from videoprep_nb.server.security.users import Users

ABSENT_JOB = "20260131-0123456789abcdef"
ABSENT_UPLOAD = "0" * 32
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
# of a job or an upload that is somebody else's every route says 404; these are about neither
FOR_EVERYBODY = {
    ("GET", "/api/health/live"),
    ("GET", "/api/health/ready"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/login/password"),
    ("POST", "/login/password"),
    ("POST", "/login/mail"),
    ("GET", "/login/invite"),
    ("POST", "/login/invite"),
    ("GET", "/api/jobs"),
    ("POST", "/api/jobs"),
    ("POST", "/api/estimate"),
    ("POST", "/api/params"),
    ("POST", "/api/sample"),
    ("GET", "/api/imports"),
    ("GET", "/api/imports/probe"),
    ("GET", "/api/imports/frames"),
    ("POST", "/api/imports/detections"),
    ("GET", "/api/uploads/"),
    ("POST", "/api/uploads/"),
    ("OPTIONS", "/api/uploads/"),
    ("GET", "/api/health"),
    ("GET", "/page/live"),
    ("GET", "/page/header"),
}
FOR_ADMINS = {("POST", "/api/clean"), ("GET", "/api/health/details"), ("GET", "/metrics")}
# more of them in ui/test_accounts.py
ABOUT_USERS = {("GET", "/users"), ("POST", "/users/invites")}


class People:
    """Browsers of three users, and a job and an upload of one of them."""

    def __init__(self, server: RunningServer, anna: httpx.Client, bert: httpx.Client, root: httpx.Client) -> None:
        self.server, self.anna, self.bert, self.root = server, anna, bert, root
        files = {"videos": ("secret of anna.mp4", b"no video")}
        self.job_id = anna.post("/api/jobs", files=files).json()["job_id"]
        assert wait_until(lambda: anna.get(f"/api/jobs/{self.job_id}").json()["state"] == "failed")
        folder = server.service.workspace.job_folder(self.job_id)
        folder.package.write_bytes(b"package of anna")
        (folder.path / "preview").mkdir()
        for name in ("1.mp4", "1.jpg", "1_2.jpg", "notes.txt", "../1_3.jpg"):
            (folder.path / "preview" / name).write_bytes(b"preview of anna")
        folder.exports.mkdir()
        (folder.exports / "counts.csv").write_bytes(b"counts of anna")
        answer = anna.post("/api/uploads/", headers=TUS | {"Upload-Length": "5"})
        self.upload_id = answer.headers["location"].rpartition("/")[2]


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def people(user_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with ExitStack() as stack:
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("access"), users=Users(user_file)))
        clients = [stack.enter_context(log_in(server, name)) for name in ("anna", "bert", "root")]
        yield People(server, *clients)


def routes_of(people: People) -> set[tuple[str, str | None]]:
    """Every route that is not Gradio's, with its methods; those of links are tested in ``test_shared_jobs.py``."""
    contexts = iter_route_contexts(people.server.app.routes)
    return {
        (method, context.path)
        for context in contexts
        if isinstance(context.original_route, APIRoute) and not str(context.path).startswith("/shared/")
        for method in context.methods or ()
    }


def filled(path: str, job_id: str, upload_id: str, name: str) -> str:
    return path.replace("{job_id}", job_id).replace("{upload_id}", upload_id).replace("{name}", name)


def names_for(path: str) -> list[str]:
    if "exports" in path:
        return ["counts.csv", "final_package.zip"]
    return ["1.mp4", "1.jpg", "1_2.jpg"] if "preview" in path else ["index.html", "01_resize_1.html"]


def requests_to(path: str) -> list[str]:
    return names_for(path) if "{name}" in path else [""]


def without_ids(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(r"[0-9a-f-]{25,}", "ID", answer.text)


def test_somebody_elses_is_like_nothing(people: People):
    personal = {route for route in routes_of(people) if "{job_id}" in route[1] or "{upload_id}" in route[1]}
    assert len(personal) >= 16
    for method, path in personal:
        for name in requests_to(path):
            there = filled(path, people.job_id, people.upload_id, name)
            absent = filled(path, ABSENT_JOB, ABSENT_UPLOAD, name)
            answer = people.bert.request(method, there, headers=TUS)
            assert answer.status_code == 404, (method, there)
            assert without_ids(answer) == without_ids(people.bert.request(method, absent, headers=TUS))
            assert "anna" not in answer.text
    assert people.anna.get(f"/api/jobs/{people.job_id}").json()["state"] == "failed"
    assert people.anna.head(f"/api/uploads/{people.upload_id}", headers=TUS).headers["upload-offset"] == "0"


def test_number_of_somebody_elses_job_is_like_a_free_one(people: People):
    number = str(people.anna.get(f"/api/jobs/{people.job_id}").json()["number"])
    free = "987654"
    assert people.anna.get(f"/api/jobs/{number}").status_code == 200
    assert people.root.get(f"/api/jobs/{number}").status_code == 200
    for method, path in {route for route in routes_of(people) if "{job_id}" in route[1]}:
        for name in requests_to(path):
            theirs, absent = (people.bert.request(method, filled(path, it, "", name)) for it in (number, free))
            assert (theirs.status_code, theirs.text.replace(number, free, 1)) == (404, absent.text), (method, path)


def test_every_route_is_known_to_these_tests(people: People):
    impersonal = {route for route in routes_of(people) if "{" not in route[1]}
    assert impersonal == FOR_EVERYBODY | FOR_ADMINS | ABOUT_USERS


def test_lists_hold_only_ones_own(people: People):
    assert people.bert.get("/api/jobs").json() == {"jobs": [], "total": 0}
    assert people.bert.get("/api/jobs", params={"search": "anna"}).json()["total"] == 0
    assert people.bert.get("/api/health").json()["jobs"] == {}
    assert people.bert.get("/api/uploads/").json() == []
    for view in ("jobs", f"job&job={people.job_id}", "job&job=1", "compare&job=1", "health"):
        assert "anna" not in people.bert.get(f"/page/live?view={view}").text


def test_page_finds_a_job_by_its_number_too(people: People):
    number = people.anna.get(f"/api/jobs/{people.job_id}").json()["number"]
    by_number, by_id = (people.anna.get(f"/page/live?view=job&job={name}").json() for name in (number, people.job_id))
    assert by_number["pieces"] == by_id["pieces"]
    assert f"<h1>Job {number} " in by_number["pieces"]["title"]
    theirs, absent = (people.bert.get(f"/page/live?view=job&job={name}").json()["pieces"] for name in (number, 987654))
    assert f"There is no job {number};" in theirs["problem"]
    assert theirs["problem"].replace(str(number), "987654") == absent["problem"]


def test_a_comparison_needs_both_jobs(user_file: Path, tmp_path: Path):
    with running_server(tmp_path, users=Users(user_file)) as server, ExitStack() as stack:
        anna, bert = (stack.enter_context(log_in(server, name)) for name in ("anna", "bert"))
        numbers = [
            user.post("/api/jobs", files={"videos": ("secret.mp4", b"no video")}).json()["number"]
            for user in (anna, bert)
        ]
        of_anna, of_bert = numbers

        def shown(user: httpx.Client, job: int, other: int | str) -> dict[str, str]:
            pieces: dict[str, str] = user.get(f"/page/live?view=compare&job={job}&with={other}").json()["pieces"]
            return pieces

        for job, other in ((of_anna, ""), (of_anna, of_bert), (of_bert, of_anna)):
            assert list(shown(bert, job, other)) == ["problem"]
            assert f"There is no job {of_anna};" in shown(bert, job, other)["problem"]
        absent = shown(bert, of_bert, 987654)["problem"]
        assert shown(bert, of_bert, of_anna)["problem"].replace(str(of_anna), "987654") == absent


def test_uploads_of_others_make_no_job(people: People):
    for user in (people.bert, people.root):
        answer = user.post("/api/jobs", json={"videos": [{"upload_id": people.upload_id}]})
        assert_problem(answer, 404, "Unknown upload")


def test_admin_sees_all_jobs_and_no_uploads(people: People):
    assert [job["owner"] for job in people.root.get("/api/jobs").json()["jobs"]] == ["anna"]
    assert people.root.get(f"/api/jobs/{people.job_id}").status_code == 200
    assert people.root.get(f"/api/jobs/{people.job_id}/package").content == b"package of anna"
    assert people.root.head(f"/api/uploads/{people.upload_id}", headers=TUS).status_code == 404
    assert people.root.get("/api/health").json()["jobs"] == {"failed": 1}


def test_only_admins_look_after_the_service(people: People):
    for method, path in FOR_ADMINS:
        assert_problem(people.bert.request(method, path), 403, "administrators")
        assert people.root.request(method, path).status_code == 200
        assert people.server.client.request(method, path).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file={workspace}/jobs/{job_id}/final_package.zip",
        "/gradio_api/file=jobs/{job_id}/reports/index.html",
        "/file={workspace}/jobs.sqlite",
        "/gradio_api/file={workspace}/sessions.json",
        "/gradio_api/file={workspace}/uploads/{upload_id}/content.bin",
        "/page/static/../../../../sessions.json",
        "/page/static/%2e%2e/%2e%2e/users.py",
        "/static/../../jobs.sqlite",
    ],
)
def test_files_are_not_reached_by_guessed_addresses(path: str, people: People):
    guessed = path.format(
        workspace=people.server.service.workspace.path, job_id=people.job_id, upload_id=people.upload_id
    )
    for user in (people.anna, people.bert, people.root):
        assert user.get(guessed).status_code in (403, 404)
    assert people.server.client.get(guessed).status_code == 401


def test_owner_fetches_what_was_made(people: People):
    path = f"/api/jobs/{people.job_id}"
    names = [preview["name"] for preview in people.anna.get(f"{path}/preview").json()]
    assert names == ["1.jpg", "1.mp4", "1_2.jpg"]
    preview = people.anna.get(f"{path}/preview/1.mp4", headers={"Range": "bytes=0-6"})
    assert (preview.status_code, preview.content, preview.headers["content-type"]) == (206, b"preview", "video/mp4")
    for name in ("notes.txt", "1_3.jpg", "..%2f1_3.jpg", "2.mp4", "%00"):
        assert_problem(people.anna.get(f"{path}/preview/{name}"), 404)
    for name in ("package", "final_package.zip"):
        assert people.anna.get(f"{path}/{name}").content == b"package of anna"


def test_reports_come_as_one_zip(people: People):
    path = f"/api/jobs/{people.job_id}"
    answer = people.anna.get(f"{path}/reports.zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="reports_{people.job_id}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        listed = {report["name"]: report["href"] for report in people.anna.get(f"{path}/reports").json()}
        assert archive.namelist() == [f"reports/{name}" for name in sorted(listed)]
        for name, href in listed.items():
            assert archive.read(f"reports/{name}") == people.anna.get(href).content


def test_measurements(people: People):
    read = people.root.get("/metrics")
    assert read.headers["content-type"].startswith("text/plain; version=")
    values = dict(line.rsplit(" ", 1) for line in read.text.splitlines() if not line.startswith("#"))
    assert values['videoprep_jobs{state="failed"}'] == "1.0"
    assert values["videoprep_running_tasks"] == "0.0"
    assert float(values["videoprep_disk_bytes"]) > float(values["videoprep_disk_free_bytes"]) > 0
    before = float(values["videoprep_received_bytes_total"])
    people.root.post("/api/jobs", content=bytes(1000), headers={"Content-Type": "text/plain"})
    people.anna.patch(f"/api/uploads/{people.upload_id}", content=b"12345", headers={**TUS, "Upload-Offset": "0"})
    after = people.root.get("/metrics").text
    assert f"videoprep_received_bytes_total {before + 5}" in after
    assert 'videoprep_requests_total{method="POST",status="415"} 1.0' in after


def test_machine_is_checked(people: People):
    def details() -> dict:
        return people.root.get("/api/health/details").json()

    assert details()["jobs_bytes"] > 0
    assert wait_until(lambda: details()["checked_at"])
    found = {check["name"]: check for check in details()["checks"]}
    assert found["ffmpeg"]["ok"]
    assert found["write access"]["needed"]


def test_token_has_the_rights_of_its_user(people: People, user_file: Path):
    anna, bert = (bearer(new_token(user_file, name)) for name in ("anna", "bert"))
    with people.server.fresh_client() as program:
        assert program.get(f"/api/jobs/{people.job_id}", headers=anna).status_code == 200
        assert program.get(f"/api/jobs/{people.job_id}", headers=bert).status_code == 404
        assert program.get("/metrics", headers=anna).status_code == 403
