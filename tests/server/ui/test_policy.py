"""What browsers may load, run and keep: the policy of every page, in a real Chromium."""

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.support.browser import clean_page
from tests.support.job_services import wait_until
from tests.support.web_server import PASSWORDS, RunningServer, log_in, make_users, running_server
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.users import Users
from videoprep_nb.server.ui.policy import policy_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    user_file = make_users(tmp_path_factory.mktemp("users"))
    with running_server(tmp_path_factory.mktemp("policy"), users=Users(user_file)) as running:
        yield running


@pytest.fixture(scope="module")
def job_id(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A job that has failed, with a preview and a package as of one that has not."""
    folder = tmp_path_factory.mktemp("video")
    write_sample(folder / "1.mp4", duration_s=1.0)
    with log_in(server, "root") as root:
        job_id = root.post("/api/jobs", files={"videos": ("x.mp4", b"no video")}).json()["job_id"]
        assert wait_until(lambda: root.get(f"/api/jobs/{job_id}").json()["state"] == "failed")
    job = server.service.workspace.job_folder(job_id)
    job.package.write_bytes(b"package")
    (job.path / "preview").mkdir()
    (job.path / "preview" / "1.mp4").write_bytes((folder / "1.mp4").read_bytes())
    return str(job_id)


def enter(page: Page) -> None:
    page.get_by_label("User name").fill("root")
    page.get_by_label("Password").fill(PASSWORDS["root"])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#vp-new")).to_be_visible()


def test_no_page_needs_more_than_its_policy_allows(server: RunningServer, job_id: str, browser: Browser):
    address = str(server.client.base_url)
    with clean_page(browser, f"{address}/login") as page:
        enter(page)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
        page.goto(f"{address}/?view=jobs")
        expect(page.get_by_text("Job 1").first).to_be_visible()
        page.goto(f"{address}/?view=health")
        expect(page.get_by_text("ffmpeg").first).to_be_visible()
        page.goto(f"{address}/?job={job_id}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Job 1")
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        with page.expect_response("**/preview/1.mp4") as video:
            page.locator("video").evaluate("video => { video.preload = 'auto'; video.load(); }")
        assert video.value.ok
        report = page.frame_locator("iframe[name=report]")
        expect(report.locator("body")).to_contain_text("x.mp4")
        for link in page.locator("a[target=report]").all():
            link.click()
            expect(report.locator("body")).not_to_be_empty()


def test_page_runs_no_script_of_strangers(server: RunningServer, browser: Browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.client.base_url}/login")
        enter(page)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad = 1\">')")
        with pytest.raises(Error, match="Content Security Policy"):
            page.add_script_tag(content="window.bad = 2")
        with pytest.raises(Error):
            page.add_script_tag(url="data:text/javascript,window.bad = 3")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<a href=\"javascript:window.bad = 4\">bad</a>')")
        page.get_by_role("link", name="bad").press("Enter")
        assert page.evaluate("window.bad") is None


def test_policy_allows_the_scripts_that_are_there_and_no_others():
    policy = policy_of(b"<script>a()\r\n</script><script src='b.js'>c()</script><script data-x>\nd()</script>")
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in (b"a()\n", b"\nd()")]
    assert re.findall(r"'sha256-([^']*)'", policy) == digests
    assert "unsafe-inline" not in policy.partition("style-src")[0]


PRIVATE_PATHS = [
    "/",
    "/login",
    "/nothing",
    "/api/jobs",
    "/api/jobs/{job_id}",
    "/api/jobs/{job_id}/package",
    "/api/jobs/{job_id}/reports",
    "/api/jobs/{job_id}/reports/index.html",
    "/api/jobs/{job_id}/reports.zip",
    "/api/health",
    "/api/uploads/",
    "/api/nothing",
    "/metrics",
    "/openapi.json",
    "/page/live?view=jobs",
]


def test_browsers_keep_nothing(server: RunningServer, job_id: str):
    with log_in(server, "root") as root, server.fresh_client() as stranger:
        for path in (path.format(job_id=job_id) for path in PRIVATE_PATHS):
            for client in (root, stranger):
                assert client.get(path).headers["cache-control"] == "no-store", path


def test_browsers_keep_the_program(server: RunningServer):
    with log_in(server, "root") as root:
        scripts = re.findall(r'src="\./(assets/[^"]+)"', root.get("/").text)
        assert scripts
        for path in (f"/{scripts[0]}", "/page/static/page.js"):
            assert root.get(path).headers["cache-control"] != "no-store"
            assert root.get(path).headers["etag"]
