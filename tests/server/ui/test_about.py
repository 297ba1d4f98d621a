"""Names and notes of jobs, in a real browser: given at the start, changed later, searched for."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE, clean_page
from tests.support.web_server import PASSWORDS, RunningServer, make_users, running_server
from videoprep_nb.jobs.models import JobAbout
from videoprep_nb.media.sample import write_sample
from videoprep_nb.server.security.users import Users

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("about")) as running:
        yield running


def address(server: RunningServer, rest: str) -> str:
    return f"http://127.0.0.1:{server.port}/{rest}"


def rename(page: Page, name: str, note: str) -> None:
    page.get_by_role("button", name="Edit name and note").click()
    dialog = page.get_by_role("dialog", name="Edit name and note")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Note").fill(note)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()


@pytest.mark.slow
def test_a_job_is_named_at_its_start_renamed_later_and_found(server: RunningServer, browser: Browser, tmp_path: Path):
    write_sample(tmp_path / "street.mp4", duration_s=1.0)
    with clean_page(browser, address(server, ""), viewport=DESKTOP) as page:
        page.locator("#vp-files").set_input_files(tmp_path / "street.mp4")
        page.locator("#vp-about").get_by_label("Name").fill("Station, north")
        page.locator("#vp-about").get_by_label("Note").fill(f"camera 3\n{HOSTILE}")
        page.get_by_role("button", name="Start", exact=True).click()
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text("Job 1 · Station, north")
        expect(page).to_have_title(re.compile(r" · Job 1 · Station, north · videoprep$"))
        expect(page.locator("#vp-live .vp-note")).to_have_text(f"camera 3\n{HOSTILE}")
        job = page.url.partition("?job=")[2]
        rename(page, f"Platform 7 {HOSTILE}", "camera 3\nsecond try")
        expect(heading).to_contain_text(f"Job 1 · Platform 7 {HOSTILE}")
        assert page.locator("img[src=x]").count() == 0
        page.get_by_role("button", name="Edit name and note").press("Enter")
        expect(page.get_by_role("dialog").get_by_label("Note")).to_have_value("camera 3\nsecond try")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Jobs", exact=True).click()
        row = page.locator(f"#job-{job}")
        expect(row).to_contain_text("Platform 7")
        for text, count in (("second TRY", 1), ("station", 0), ("platform 7", 1)):
            page.get_by_role("searchbox").fill(text)
            expect(row).to_have_count(count)
        page.get_by_role("link", name="New job").click()
        expect(page.locator("#vp-about").get_by_label("Name")).to_have_value("")
    server.client.post(f"/api/jobs/{job}/cancel")


@pytest.mark.slow
def test_the_search_is_in_the_address_with_page_and_state(server: RunningServer, browser: Browser, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    videos = [("a.mp4", tmp_path / "a.mp4")]
    for number in range(25):
        server.service.submit(videos, about=JobAbout(name=f"Market {number}"))
    server.service.submit(videos, about=JobAbout(name="Square"))
    with clean_page(browser, address(server, "?view=jobs&search=market&page=1"), viewport=PHONE) as page:
        expect(page.locator("#vp-live tbody tr")).to_have_count(5)
        expect(page.get_by_role("searchbox")).to_have_value("market")
        expect(page.get_by_text("21–25 of 25")).to_be_visible()
        page.get_by_role("button", name="Newer").click()
        expect(page.get_by_text("1–20 of 25")).to_be_visible()
        page.get_by_label("State", exact=True).select_option("done")
        expect(page.get_by_text("No job matches.")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.slow
def test_members_find_their_own_jobs_only(browser: Browser, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    users = Users(make_users(tmp_path))
    with running_server(tmp_path / "workspace", users=users) as server:
        anna = users.named("anna").user_id
        server.service.submit([("a.mp4", tmp_path / "a.mp4")], owner=anna, about=JobAbout(name="Secret market"))
        for name, found in (("anna", "Secret market"), ("bert", "No job matches."), ("root", "Secret market")):
            with clean_page(browser, address(server, "?view=jobs&search=anna")) as page:
                page.get_by_label("User name").fill(name)
                page.get_by_label("Password").fill(PASSWORDS[name])
                page.get_by_role("button", name="Log in").click()
                expect(page.locator("#vp-live")).to_contain_text(found)
