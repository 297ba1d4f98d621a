"""A finished job pushed to CVAT from the page, in a real browser, until the link to the project is there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.api.test_exports import finished_job
from tests.server.api.test_push import account, cvat, cvat_of_module  # noqa: F401 - fixtures
from tests.support.browser import PHONE, clean_page
from tests.support.cvat_server import CvatServer
from tests.support.job_services import wait_until
from tests.support.web_server import PASSWORDS, RunningServer, log_in, make_users, running_server
from videoprep_nb.exports import push_to_cvat
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.server.security.users import Users

pytest.importorskip("cvat_sdk", reason="the extra cvat is not installed")


@pytest.fixture(scope="module")
def server(account: CvatAccount, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:  # noqa: F811
    users = Users(make_users(tmp_path_factory.mktemp("users")))
    with ExitStack() as stack:
        running = stack.enter_context(running_server(tmp_path_factory.mktemp("push"), users=users, cvat=account))
        running.client = stack.enter_context(log_in(running, "anna"))
        yield running


def show_job(page: Page, server: RunningServer, job_id: str, user: str) -> None:
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password").fill(PASSWORDS[user])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#vp-files")).to_be_attached()
    page.goto(f"http://127.0.0.1:{server.port}/?job={job_id}")
    expect(page.get_by_role("heading", name="Formats")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_job_is_pushed(
    scheme: str,
    server: RunningServer,
    cvat: CvatServer,  # noqa: F811
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr(push_to_cvat, "_ATTEMPTS", 1)
    job_id = finished_job(server)
    address = f"http://127.0.0.1:{server.port}/"
    with clean_page(browser, address, viewport=PHONE, color_scheme=scheme) as page:
        show_job(page, server, job_id, "root")
        section = page.locator("#vp-push")
        expect(section).to_contain_text(cvat.address)
        cvat.stalls = True
        section.get_by_role("button", name="Push to CVAT").click()
        expect(section).to_contain_text("uploading")
        expect(section.get_by_role("progressbar")).to_be_visible()
        expect(section.get_by_role("button")).to_have_count(0)
        page.reload()
        expect(section).to_contain_text("uploading")
        cvat.go_on.set()
        expect(section).to_contain_text("push again, it goes on from there")
        section.get_by_role("button", name="Push to CVAT").click()
        link = section.get_by_role("link", name="Open the project on CVAT")
        expect(link).to_have_attribute("href", f"{cvat.address}/projects/7")
        expect(section.locator(".vp-bad")).to_have_count(0)
        assert len(cvat.projects) == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        section.get_by_role("button", name="Push to CVAT again").click()
        page.get_by_role("button", name="Keep one project").click()
        page.set_viewport_size({"width": 1280, "height": 800})
        section.scroll_into_view_if_needed()
        page.screenshot(path=str(tmp_path / f"push_{scheme}.png"))
        section.get_by_role("button", name="Push to CVAT again").click()
        page.get_by_role("dialog").get_by_role("button", name="Push to CVAT again").click()
        assert wait_until(lambda: len(cvat.projects) == 2)
        expect(link).to_be_visible()


@pytest.mark.slow
def test_members_see_nothing_of_it(server: RunningServer, browser: Browser):
    job_id = finished_job(server)
    with clean_page(browser, f"http://127.0.0.1:{server.port}/") as page:
        show_job(page, server, job_id, "anna")
        expect(page.locator("#vp-push")).to_have_count(0)
        assert "Push to CVAT" not in page.content()
