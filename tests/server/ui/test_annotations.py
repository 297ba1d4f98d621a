"""Annotations on the page, in a real browser: exports of CVAT uploaded to a finished job, training data fetched."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.annotations.test_round_trip import EXPECTED, rounded
from tests.server.api.test_annotations import project, rows_of
from tests.server.api.test_exports import finished_job
from tests.support.browser import PHONE, clean_page
from tests.support.web_server import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("annotations")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_exports_become_training_data(scheme: str, server: RunningServer, browser: Browser, tmp_path: Path):
    job_id = finished_job(server)
    (tmp_path / "anna.xml").write_bytes(project())
    (tmp_path / "bert.xml").write_bytes(project()[:-200])
    address = f"http://127.0.0.1:{server.port}/?job={job_id}"
    with clean_page(browser, address, viewport=PHONE, color_scheme=scheme) as page:
        files = page.get_by_label("Choose exports")
        files.set_input_files([str(tmp_path / "anna.xml"), str(tmp_path / "bert.xml")])
        section = page.locator("section[data-name=annotations]")
        expect(section.locator(".vp-bad")).to_contain_text("bert.xml")
        expect(section.get_by_role("link")).to_have_count(0)
        files.set_input_files(str(tmp_path / "anna.xml"))
        link = section.get_by_role("link", name="Download training data")
        expect(link).to_be_visible()
        expect(section).not_to_contain_text("bert.xml")
        with page.expect_download() as started:
            link.click()
        started.value.save_as(tmp_path / "training.zip")
        with page.context.expect_page() as opened:
            section.get_by_role("link", name="Annotation report").click()
        expect(opened.value.get_by_role("heading", name="Annotations")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.set_viewport_size({"width": 1280, "height": 800})
        section.scroll_into_view_if_needed()
        page.screenshot(path=str(tmp_path / f"desktop_{scheme}.png"))
    with zipfile.ZipFile(tmp_path / "training.zip") as archive:
        assert rows_of({name: archive.read(name) for name in archive.namelist()}) == rounded(EXPECTED)
    assert server.uploads == []
