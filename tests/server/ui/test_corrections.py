"""Corrections on the page of a finished job, in a real browser, with the keyboard alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.server.api.test_corrections import correctable_job, ids_of
from tests.support.browser import DESKTOP, PHONE, clean_page
from tests.support.web_server import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("corrections")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("look", [{"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark"}], ids=str)
def test_a_reviewer_merges_splits_and_undoes(look: dict[str, Any], server: RunningServer, browser: Browser):
    job_id = correctable_job(server)
    with clean_page(browser, f"http://127.0.0.1:{server.port}/?job={job_id}", **look) as page:
        section = page.locator("#vp-corrections")
        section.locator("summary").first.press("Enter")
        strip = page.locator("#track-1-1 img")
        expect(strip).to_be_visible()
        assert strip.evaluate("image => image.decode().then(() => image.naturalWidth)") == 2 * 72
        for track in ("1", "2"):
            page.locator(f"#track-1-{track} input").press("Space")
        section.get_by_role("button", name="Merge chosen tracks").first.press("Enter")
        expect(page.locator("#track-1-1")).to_contain_text("consists of 1, 2")
        expect(page.locator("#track-1-2")).to_have_count(0)
        page.locator("#track-1-1").get_by_role("button", name="Split track 1 here, at 2.0 s").press("Enter")
        expect(section).to_contain_text("camera 1.avi: split 1 at 2 s")
        expect(page.locator("[id='track-1-1@2']")).to_contain_text("Track 1@2")
        section.get_by_role("button", name="Make the package again").press("Enter")
        expect(section).to_contain_text("The package has these corrections")
        assert ids_of(server, job_id) == {"1": {1, 3}, "2": {4}}
        section.get_by_role("button", name="Undo: merge 1, 2 in camera 1.avi").press("Enter")
        section.get_by_role("button", name="Undo: split 1 at 2 s in camera 1.avi").press("Enter")
        section.get_by_role("button", name="Make the package again").press("Enter")
        expect(section.get_by_role("status")).to_have_count(0)
        assert ids_of(server, job_id) == {"1": {1, 2}, "2": {3}}


@pytest.mark.slow
def test_too_few_tracks_are_said(server: RunningServer, browser: Browser):
    job_id = correctable_job(server)
    with clean_page(browser, f"http://127.0.0.1:{server.port}/?job={job_id}") as page:
        section = page.locator("#vp-corrections")
        section.locator("summary").first.click()
        page.locator("#track-1-1 input").check()
        section.get_by_role("button", name="Merge chosen tracks").first.click()
        expect(page.locator("#vp-notice")).to_have_text("Choose two or more tracks of one person first.")
        page.locator("#track-1-1 input").uncheck()
        section.get_by_role("button", name="Delete chosen tracks").first.click()
        expect(page.locator("#vp-notice")).to_have_text("Choose the tracks to delete first.")
