"""The ways between hints, reports and preview videos of a real job: on the page, in a tab of its own, and offline."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.support.browser import DESKTOP, clean_page
from tests.support.html_pages import Page as ReadPage
from tests.support.job_services import NO_LIMITS, wait_for_end
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow

TORN = "".join(f"{video}:\n- {{split: 2, at_s: 2}}\n" for video in (1, 3))
"""A track of each video is torn in two, which is a place to inspect."""


@dataclass
class Job:
    server: RunningServer
    job_id: str

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}/{path}"

    def report(self, name: str) -> str:
        return self.address(f"api/jobs/{self.job_id}/reports/{name}")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A job of two videos and of a file between them that is none; its tracks have places to inspect."""
    folder = tmp_path_factory.mktemp("reports")
    street, notes = folder / "street.mp4", folder / "notes.mp4"
    write_sample(street, duration_s=4)
    notes.write_bytes(b"This is no video." * 1000)
    videos = [("street.mp4", street), ("notes.mp4", notes), ("street again.mp4", street)]
    with running_server(folder / "workspace", NO_LIMITS) as server:
        job_id = server.service.submit(videos, JobParams({"track_persons": {"frame_stride": 5, "corrections": TORN}}))
        ended = wait_for_end(server.service, job_id)
        assert ended.job.state is State.COMPLETED_WITH_ERRORS
        assert ended.result
        assert ended.result.videos[0].places
        yield Job(server, job_id)


def plays(page: Page, video: int) -> None:
    """The preview video of the result plays, and is in sight."""
    player = page.locator(f"#result-{video} video")
    expect(player).to_be_in_viewport()
    page.wait_for_function("(video) => video.currentTime > 0 && video.readyState >= 2", arg=player.element_handle())
    player.evaluate("(video) => { video.pause(); video.currentTime = 0; }")


def report_of(page: Page) -> FrameLocator:
    page.locator("iframe.vp-report").scroll_into_view_if_needed()
    return page.frame_locator("iframe.vp-report")


@pytest.mark.exhaustive
def test_a_hint_of_a_report_plays_in_the_page(job: Job, browser: Browser):
    with clean_page(browser, job.address(f"?job={job.job_id}"), viewport=DESKTOP) as page:
        index = report_of(page).locator(".places tr", has_text="street.mp4").first
        index.get_by_title("in the preview video").click()
        plays(page, 1)
        index.get_by_role("link").last.click()
        heading = report_of(page).locator("h4[id^=hint-]").first
        expect(heading).to_be_visible()
        heading.get_by_role("link", name="▶ in the preview video").click()
        plays(page, 1)


def test_a_place_of_the_page_leads_to_its_images_in_the_report(job: Job, browser: Browser):
    with clean_page(browser, job.address(f"?job={job.job_id}"), viewport=DESKTOP) as page:
        page.get_by_role("link", name=re.compile("Images of street again.mp4 at")).first.click()
        frame = page.locator("iframe.vp-report")
        expect(frame).to_be_in_viewport()
        page.wait_for_function(
            "(frame) => /04_track_persons_3.html#hint-[a-z-]+-1$/.test(frame.contentWindow.location.href)",
            arg=frame.element_handle(),
        )
        anchor = frame.evaluate("(frame) => frame.contentWindow.location.hash")
        expect(page.frame_locator("iframe.vp-report").locator(f"h4{anchor}")).to_be_in_viewport()


def test_a_report_in_a_tab_of_its_own_leads_to_the_moment(job: Job, browser: Browser):
    with clean_page(browser, job.report("04_track_persons_1.html")) as page:
        page.get_by_role("link", name="▶ in the preview video").first.click()
        page.wait_for_url(re.compile(r"/preview/1\.mp4#t=[0-9.]+$"))
        page.wait_for_function("document.querySelector('video').readyState >= 2")


def test_from_one_video_to_the_next(job: Job, browser: Browser):
    with clean_page(browser, job.report("04_track_persons_1.html")) as page:
        page.get_by_role("link", name="street again.mp4 →").first.click()
        page.wait_for_url(job.report("04_track_persons_3.html"))
        page.get_by_role("link", name="← street.mp4").first.click()
        page.wait_for_url(job.report("04_track_persons_1.html"))


def test_refused_videos_are_listed_with_the_reason(job: Job, browser: Browser):
    with clean_page(browser, job.report("index.html")) as page:
        refused = page.locator("ul.refused li")
        expect(refused).to_have_count(1)
        expect(refused).to_contain_text(re.compile("^notes.mp4 cannot be processed: it is damaged"))


def test_reports_that_were_downloaded_have_no_dead_links(job: Job, tmp_path: Path):
    answer = job.server.client.get(f"/api/jobs/{job.job_id}/reports.zip")
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    pages = sorted((tmp_path / "reports").glob("*.html"))
    assert len(pages) > 10
    for page in pages:
        for link in ReadPage(page).links:
            name, anchor = urldefrag(link)
            target = page if not name else page.parent / unquote(name)
            assert target.is_file(), (page.name, link)
            assert not anchor or f'id="{anchor}"' in target.read_text(encoding="utf-8"), (page.name, link)
