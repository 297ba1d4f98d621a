"""A first visit, in a real browser: the sample is there with one click, and a job of it started with one more."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import clean_page
from tests.support.job_services import wait_until
from tests.support.web_server import running_server
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import Limits

ROOMY = Limits(free_bytes=0, free_per_input_byte=0)


@pytest.mark.slow
def test_sample_needs_one_click_and_its_job_one_more(browser: Browser, tmp_path: Path):
    with running_server(tmp_path / "workspace", ROOMY) as server, clean_page(browser) as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.method) if "/api/uploads" in request.url else None)
        page.goto(str(server.client.base_url))
        page.get_by_role("button", name="Try it with the sample").click()
        row = page.locator("#vp-videos tbody tr")
        expect(row).to_contain_text("sample.mp4")
        expect(row).to_contain_text("25 frames per second")
        expect(row.locator("img")).to_be_visible()
        expect(page.get_by_role("button", name="Try it with the sample")).to_be_hidden()
        assert set(sent) == {"GET"}, "nothing is uploaded"
        page.get_by_role("radio", name="Fast draft").check()
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Job 1")
        [job], _ = server.service.jobs()
        assert wait_until(lambda: server.service.row(job.job_id).state in ENDED, 300)
        view = server.service.job(job.job_id)
        assert view.job.state is State.DONE
        assert view.result is not None
        [video] = view.result.videos
        assert (video.standard_frame_count, video.clip_count) == (500, 2)
        assert (video.person_count or 0) > 0
        assert validate_package(server.service.workspace.job_folder(job.job_id).package) == []
        assert server.uploads == [], "the job has taken the upload, and nothing else is left"
        page.get_by_role("link", name="New job", exact=True).click()
        expect(page.get_by_role("button", name="Choose files")).to_be_visible()
        expect(page.get_by_role("button", name="Try it with the sample")).to_be_hidden()
