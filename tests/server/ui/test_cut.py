"""Start and end of a video, and the people in it, in a real browser before the job is started."""

import base64
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import clean_page
from tests.support.job_services import wait_until
from tests.support.synthetic import number_in, write_counter_video
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import ENDED, JobSpec
from videoprep_nb.jobs.service import Limits
from videoprep_nb.media.sample import write_sample


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("cut"), Limits(free_bytes=0, free_per_input_byte=0)) as running:
        yield running


def number_shown(page: Page, frame: str) -> int:
    """The number that the frame of the video carries which is shown."""
    image = page.get_by_role("img", name=frame)
    expect(image).not_to_have_class(re.compile("vp-old"))
    text = (image.get_attribute("src") or "").partition(",")[2]
    return number_in(cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_start_and_end_are_seen_and_reach_the_job(server: RunningServer, browser: Browser, tmp_path: Path):
    street = write_counter_video(tmp_path / "street.mp4", 100, Fraction(25))
    with clean_page(browser, f"http://127.0.0.1:{server.port}/") as page:
        page.locator("#vp-files").set_input_files(str(street))
        page.get_by_role("button", name="Start and end of street.mp4").click()
        dialog = page.get_by_role("dialog", name="street.mp4")
        expect(dialog.locator(".vp-cut-strip img")).to_have_count(12)
        assert (number_shown(page, "First frame"), number_shown(page, "Last frame")) == (0, 99)
        start, end = (dialog.get_by_role("spinbutton", name=name) for name in ("From (seconds)", "To (seconds)"))
        start.fill("9")
        start.blur()
        expect(start).to_have_attribute("aria-invalid", "true")
        expect(start).to_have_accessible_description("expected a number from 0 to less than 4")
        expect(dialog.get_by_role("button", name="Done")).to_be_disabled()
        start.fill("1")
        end.fill("3")
        end.blur()
        expect(dialog.locator("[aria-invalid]")).to_have_count(0)
        dialog.get_by_role("slider", name="From (seconds)").press("ArrowRight")
        expect(start).to_have_value("1.04")
        assert wait_until(lambda: number_shown(page, "First frame") == 26, 60)
        assert wait_until(lambda: number_shown(page, "Last frame") == 74, 60)
        dialog.get_by_role("button", name="Done").click()
        expect(page.locator("#vp-videos")).to_contain_text("Only 1.04 s to 3 s")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Job 1")
        [job], _ = server.service.jobs()
        server.service.cancel(job.job_id)
        spec = JobSpec.read(server.service.workspace.job_folder(job.job_id).spec)
        assert spec.params.model_dump() == {"resize": {"time_ranges": ["1:1.04-3"]}}
        assert wait_until(lambda: server.service.row(job.job_id).state in ENDED)
        page.get_by_role("link", name="New job from this one").click()
        expect(page.locator("#vp-videos")).to_contain_text("Only 1.04 s to 3 s")


@pytest.mark.slow
def test_people_are_shown_before_the_start(server: RunningServer, browser: Browser, tmp_path: Path):
    write_sample(tmp_path / "people.mp4", duration_s=4.0)
    with clean_page(browser, f"http://127.0.0.1:{server.port}/") as page:
        page.locator("#vp-files").set_input_files(str(tmp_path / "people.mp4"))
        page.get_by_label("Crowded scene").check()
        page.get_by_role("button", name="Start and end of people.mp4").click()
        page.get_by_role("spinbutton", name="To (seconds)").fill("0.6")
        page.get_by_role("spinbutton", name="To (seconds)").blur()
        with page.expect_request("**/detections*") as asked:
            page.get_by_role("button", name="Show detected people").click()
        assert asked.value.post_data_json["at_s"] == [0.1, 0.3, 0.5]
        assert asked.value.post_data_json["params"]["track_persons"]["image_size"] == 1280
        images = page.get_by_role("img", name=re.compile(r"^\d+ people at 0\.\d s$"))
        expect(images).to_have_count(3)
        for image in images.all():
            assert int((image.get_attribute("alt") or "0").split()[0]) >= 2
            assert image.evaluate("image => image.naturalWidth") == 640
