"""Links that show one job: what somebody with a link sees, and that it opens nothing else."""

import io
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE, clean_page, watched_context
from tests.support.job_services import wait_until
from tests.support.web_server import (
    PASSWORDS,
    RunningServer,
    assert_problem,
    bearer,
    log_in,
    make_users,
    running_server,
)
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.shares import Shares
from videoprep_nb.server.security.user_file import Role, add_user, remove_user
from videoprep_nb.server.security.users import Users

ABSENT_JOB = "20260131-0123456789abcdef"
# what a link opens, below its own path; every other route must refuse it, also one that is added later
OPENED = {
    ("GET", ""),
    ("GET", "/"),
    ("GET", "/api/jobs/{job_id}/package"),
    ("HEAD", "/api/jobs/{job_id}/package"),
    ("GET", "/api/jobs/{job_id}/final_package.zip"),
    ("HEAD", "/api/jobs/{job_id}/final_package.zip"),
    ("GET", "/api/jobs/{job_id}/reports/{name}"),
    ("HEAD", "/api/jobs/{job_id}/reports/{name}"),
    ("GET", "/api/jobs/{job_id}/reports.zip"),
    ("GET", "/api/jobs/{job_id}/preview/{name}"),
    ("HEAD", "/api/jobs/{job_id}/preview/{name}"),
}
# open to everybody without a link as well
OPEN = {"/login", "/login/invite", "/api/health/live", "/api/health/ready"}


@pytest.fixture(scope="module")
def user_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_users(tmp_path_factory.mktemp("users"))


@pytest.fixture(scope="module")
def server(user_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("shares"), users=Users(user_file)) as running:
        yield running


@pytest.fixture(scope="module")
def anna(server: RunningServer) -> Iterator[httpx.Client]:
    with log_in(server, "anna") as client:
        yield client


def failed_job(server: RunningServer, owner: httpx.Client, preview: bytes) -> str:
    """A job that has failed, with a preview and a package as of one that has not."""
    job_id = owner.post("/api/jobs", files={"videos": ("street.mp4", b"no video")}).json()["job_id"]
    assert wait_until(lambda: owner.get(f"/api/jobs/{job_id}").json()["state"] == "failed")
    folder = server.service.workspace.job_folder(job_id)
    folder.package.write_bytes(b"the package")
    (folder.path / "preview").mkdir()
    (folder.path / "preview" / "1.mp4").write_bytes(preview)
    return str(job_id)


@pytest.fixture(scope="module")
def job_id(server: RunningServer, anna: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    video = tmp_path_factory.mktemp("video") / "1.mp4"
    write_sample(video, duration_s=1.0)
    return failed_job(server, anna, video.read_bytes())


def cancelled_job(owner: httpx.Client) -> str:
    """A job that ends at once."""
    job_id = owner.post("/api/jobs", files={"videos": ("other.mp4", b"no video")}).json()["job_id"]
    owner.post(f"/api/jobs/{job_id}/cancel")
    assert wait_until(lambda: owner.get(f"/api/jobs/{job_id}").json()["state"] in ("cancelled", "failed"))
    return str(job_id)


def share(owner: httpx.Client, job_id: str, **requested: float) -> str:
    """Make a link; its path and key."""
    answer = owner.post(f"/api/jobs/{job_id}/shares", json=requested)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["address"]).removeprefix(str(owner.base_url).rstrip("/"))


def follow(server: RunningServer, link: str) -> tuple[httpx.Client, str]:
    """Somebody without an account who has followed a link, and what is before its paths."""
    visitor = server.fresh_client()
    answer = visitor.get(link)
    path = link.partition("?")[0]
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}/")
    return visitor, path


def routes_of(server: RunningServer) -> set[tuple[str, str]]:
    contexts = iter_route_contexts(server.app.routes)
    return {
        (method, str(context.path))
        for context in contexts
        if isinstance(context.original_route, APIRoute)
        for method in context.methods or ()
    }


def filled(path: str, job_id: str) -> str:
    for name, value in {"job_id": job_id, "name": "index.html", "upload_id": "0" * 32}.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{invite_id}", "x").replace("{share_id}", "x")


def test_link_opens_what_is_listed_and_no_other_route(server: RunningServer, anna: httpx.Client, job_id: str):
    link = share(anna, job_id)
    key = link.partition("?key=")[2]
    visitor, path = follow(server, link)
    routes = routes_of(server)
    prefix = "/shared/{share_id}"
    assert {(method, route.removeprefix(prefix)) for method, route in routes if route.startswith(prefix)} == OPENED
    closed = {(method, route) for method, route in routes if not route.startswith(prefix) and route not in OPEN}
    assert len(closed) > 40
    # whatever a program may do with the key
    attempts = [{}, bearer(key), {"Cookie": f"videoprep_session={key}; videoprep_share={key}"}]
    for method, route in closed:
        for headers in attempts:
            answer = visitor.request(method, filled(route, job_id), headers=headers)
            assert answer.status_code in (401, 429), (method, route)
            assert "street" not in answer.text
    for method, route in {(method, route) for method, route in closed if "{job_id}" in route}:
        if (method, route) not in OPENED:
            assert visitor.request(method, path + filled(route, job_id)).status_code in (404, 405), (method, route)
    for mounted in ("/openapi.json", "/page/static/page.js", "/theme.css", "/gradio_api/info", "/nothing"):
        for below in ("", path):
            assert visitor.get(below + mounted).status_code in (401, 404), mounted
    assert visitor.get("/", headers={"Accept": "text/html"}).headers["location"].startswith("/login")
    assert server.service.row(job_id).state == "failed"
    visitor.close()


def test_visitor_fetches_the_results_of_this_job_alone(server: RunningServer, anna: httpx.Client, job_id: str):
    other_id = cancelled_job(anna)
    link = share(anna, job_id)
    visitor, path = follow(server, link)
    page = visitor.get(f"{path}/")
    assert page.status_code == 200
    assert "street.mp4" in page.text
    assert other_id not in page.text
    files = {
        "package": b"the package",
        "final_package.zip": b"the package",
        "preview/1.mp4": None,
        "reports/index.html": None,
        "reports.zip": None,
    }
    for file, content in files.items():
        answer = visitor.get(f"{path}/api/jobs/{job_id}/{file}")
        assert answer.status_code == 200, file
        assert content is None or answer.content == content
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        for stranger in (other_id, ABSENT_JOB, "1", "2"):
            assert visitor.get(f"{path}/api/jobs/{stranger}/{file}").status_code == 404
    ranged = visitor.get(f"{path}/api/jobs/{job_id}/package", headers={"Range": "bytes=4-6"})
    assert (ranged.status_code, ranged.content) == (206, b"pac")
    for odd in ("../../jobs.sqlite", "..%2fjob.json", "%2e%2e/job.json", "1.mp4%00.jpg"):
        assert visitor.get(f"{path}/api/jobs/{job_id}/preview/{odd}").status_code == 404
    reports = zipfile.ZipFile(io.BytesIO(visitor.get(f"{path}/api/jobs/{job_id}/reports.zip").content))
    workspace = str(server.service.workspace.path).encode()
    assert not any(workspace in reports.read(name) for name in reports.namelist())
    assert workspace not in visitor.get(f"{path}/api/jobs/{job_id}/reports/index.html").content
    visitor.close()


def test_cookie_holds_for_its_link_alone(server: RunningServer, anna: httpx.Client, job_id: str):
    other = share(anna, cancelled_job(anna)).partition("?")[0]
    link = share(anna, job_id, days=2)
    with server.fresh_client() as visitor:
        cookie = visitor.get(link).headers["set-cookie"]
        key = link.partition("?key=")[2]
        assert cookie.startswith(f"videoprep_share={key};")
        assert f"Path={link.partition('?')[0]};" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "no-referrer" in visitor.get(link).headers["referrer-policy"]
        sent = {"Cookie": f"videoprep_share={key}"}
        assert visitor.get(f"{other}/", headers=sent).status_code == 404
        assert visitor.get(f"{link.partition('?')[0]}/").status_code == 200
    with server.fresh_client() as stranger:
        for path in (f"{other}/", f"{other}?key={key}", other, "/shared/x/", "/shared/"):
            answer = stranger.get(path)
            assert answer.status_code == 404, path
            assert "street" not in answer.text


def test_link_ends_with_itself_its_job_and_its_maker(server: RunningServer, user_file: Path):
    add_user(user_file, "carla", Role.MEMBER, PASSWORDS["anna"])
    with server.fresh_client() as carla:
        carla.post("/login", data={"name": "carla", "password": PASSWORDS["anna"]})
        jobs = [cancelled_job(carla) for _ in range(3)]
        links = [share(carla, job_id) for job_id in jobs]
        visitors = [follow(server, link)[0] for link in links]
        [known] = carla.get(f"/api/jobs/{jobs[0]}/shares").json()
        assert carla.delete(f"/api/jobs/{jobs[0]}/shares/{known['share_id']}").status_code == 204
        assert_problem(carla.delete(f"/api/jobs/{jobs[0]}/shares/{known['share_id']}"), 404, "revoked")
        assert carla.delete(f"/api/jobs/{jobs[1]}").status_code < 300

    def shown() -> list[int]:
        paths = [link.partition("?")[0] for link in links]
        return [visitor.get(f"{path}/").status_code for visitor, path in zip(visitors, paths, strict=True)]

    assert shown() == [404, 404, 200]
    remove_user(user_file, "carla")
    assert shown() == [404, 404, 404]
    add_user(user_file, "carla", Role.MEMBER, PASSWORDS["anna"])  # the next user of the name
    assert shown() == [404, 404, 404]
    assert "expired or was revoked" in visitors[0].get(links[0]).text
    path = f"{links[0].partition('?')[0]}/api/jobs/{jobs[0]}/package"
    assert_problem(visitors[0].get(path), 404, "expired or was revoked")
    for visitor in visitors:
        visitor.close()


def test_links_expire_and_outlive_the_service(tmp_path: Path):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    file = tmp_path / "shares.json"
    made, key = Shares(file, lambda: now).make("job", "anna#1", days=1)
    assert key not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shares = Shares(file, lambda: now)
    assert shares.find(made.share_id, key) == made
    for share_id, wrong in ((made.share_id, key + "x"), (made.share_id, ""), ("", key), ("x", key)):
        assert shares.find(share_id, wrong) is None
    now += timedelta(days=1)
    assert shares.find(made.share_id, key) is None
    assert shares.of_job("job") == []


def test_only_who_may_see_a_job_shares_it(server: RunningServer, anna: httpx.Client, job_id: str):
    share(anna, job_id)
    with log_in(server, "bert") as bert, log_in(server, "root") as root:
        for answer in (bert.get(f"/api/jobs/{job_id}/shares"), bert.post(f"/api/jobs/{job_id}/shares", json={})):
            assert_problem(answer, 404, "There is no job")
        assert share(root, job_id)
        listed = root.get(f"/api/jobs/{job_id}/shares").json()
        assert {known["created_by"] for known in listed} >= {"anna", "root"}
        assert "key" not in json.dumps(listed)
        assert bert.delete(f"/api/jobs/{job_id}/shares/{listed[0]['share_id']}").status_code == 404
    for days in (0, -1, 366, "x", None):
        assert anna.post(f"/api/jobs/{job_id}/shares", json={"days": days}).status_code == 422


def test_service_without_users_shares_nothing(tmp_path: Path):
    with running_server(tmp_path) as local:
        job_id = cancelled_job(local.client)
        assert_problem(local.client.post(f"/api/jobs/{job_id}/shares", json={}), 409, "--auth-file")
        assert "Share this job" not in local.client.get(f"/page/live?view=job&job={job_id}").text


def test_guesses_are_slowed_down_logged_and_keep_no_link_out(tmp_path: Path):
    user_file = make_users(tmp_path)
    with running_server(tmp_path / "workspace", users=Users(user_file)) as server, log_in(server, "anna") as anna:
        job_id = cancelled_job(anna)
        server.service.workspace.job_folder(job_id).package.write_bytes(b"the package")
        link = share(anna, job_id)
        path, _, key = link.partition("?key=")
        answers = [server.client.get(f"{path}?key=guess{number}") for number in range(31)]
        assert [answer.status_code for answer in answers] == [404] * 30 + [429]
        visitor, _ = follow(server, link)
        visitor.get(f"{path}/api/jobs/{job_id}/package")
        visitor.close()
    logs = tmp_path / "workspace" / "logs"
    audit = [json.loads(line) for line in (logs / "audit.jsonl").read_text().splitlines()]
    assert not any(key in file.read_text() for file in logs.iterdir())
    assert key not in (tmp_path / "workspace" / "shares.json").read_text()
    name = f"share link {path.removeprefix('/shared/')}"
    assert [line["object"] for line in audit if line["action"] == "share job"] == [job_id]
    assert [(line["name"], line["object"]) for line in audit if line["action"] == "open share link"] == [(name, job_id)]
    assert [(line["name"], line["object"]) for line in audit if line["action"] == "download package"] == [
        (name, job_id)
    ]
    assert [line["outcome"] for line in audit if line["action"] == "share link"] == ["refused"] * 30


def enter(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORDS[name])
    page.get_by_role("button", name="Log in").click()


def test_owner_shares_a_job_and_revokes_the_link(
    server: RunningServer, anna: httpx.Client, job_id: str, browser: Browser
):
    for known in anna.get(f"/api/jobs/{job_id}/shares").json():
        anna.delete(f"/api/jobs/{job_id}/shares/{known['share_id']}")
    with clean_page(browser, f"{server.client.base_url}/?job={job_id}", viewport=DESKTOP) as page:
        enter(page, "anna")
        page.get_by_text("Share this job").click()
        page.get_by_label("Valid for (days)").fill("3")
        page.get_by_role("button", name="Create link").click()
        field = page.get_by_label("Whoever has this link")
        expect(field).to_have_value(re.compile(r"/shared/\w+\?key="))
        link = field.input_value()
        page.get_by_role("button", name="Close").click()
        [share_id] = [known["share_id"] for known in anna.get(f"/api/jobs/{job_id}/shares").json()]
        expect(page.get_by_role("row").filter(has_text=share_id)).to_contain_text("anna")
        with clean_page(browser, link, viewport=PHONE) as visitor:
            assert "key" not in visitor.url
            expect(visitor.get_by_role("heading", level=1)).to_contain_text("failed")
            expect(visitor.get_by_text("street.mp4").first).to_be_visible()
            visitor.locator("video").evaluate("video => video.play()")
            visitor.wait_for_function("document.querySelector('video').currentTime > 0")
            expect(visitor.frame_locator("iframe[name=report]").locator("body")).to_contain_text("street.mp4")
            with visitor.expect_download() as download:
                visitor.get_by_role("link", name="Download package").click()
            assert Path(download.value.path()).read_bytes() == b"the package"
            assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
            for name in ("Delete job", "Retry", "Log out", "New job"):
                expect(visitor.get_by_text(name)).to_have_count(0)
        page.get_by_role("button", name=f"Revoke link {share_id}").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.get_by_text(share_id)).to_have_count(0)
        expect(page).to_have_url(f"{server.client.base_url}/?job={job_id}")
    with watched_context(browser) as (context, _):
        visitor = context.new_page()
        visitor.goto(link)
        expect(visitor.get_by_role("alert")).to_contain_text("expired or was revoked")
