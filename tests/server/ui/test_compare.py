"""Two jobs of the same video compared on the page: chosen, read, and played, in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE, clean_page
from tests.support.job_services import NO_LIMITS, wait_for_end
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import JobAbout, State
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.media.sample import write_sample

STRIDE = {"frame_stride": 5}
FRAMES = {"frames_per_second": 5}
SPLIT = "1:\n- {split: 2, at_s: 2}\n"
"""What the second job has otherwise: its second track is cut in two at 2 s."""


@dataclass
class Jobs:
    server: RunningServer
    first: str
    second: str
    other: str

    def address(self, query: str) -> str:
        return f"http://127.0.0.1:{self.server.port}/?{query}"


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """Two jobs of one video, under two names, that differ in a setting; and a job of another video."""
    folder = tmp_path_factory.mktemp("compare")
    street, other = folder / "street.mp4", folder / "other.mp4"
    write_sample(street, duration_s=4)
    write_sample(other, duration_s=1)
    with running_server(folder / "workspace", NO_LIMITS) as server:
        submitted = [
            server.service.submit(
                [(name, video)], JobParams({"extract_frames": FRAMES, "track_persons": STRIDE | of_stage})
            )
            for name, video, of_stage in (
                ("street.mp4", street, {}),
                ("street copy.mp4", street, {"corrections": SPLIT}),
                ("other.mp4", other, {}),
            )
        ]
        assert all(wait_for_end(server.service, job_id).job.state is State.DONE for job_id in submitted)
        server.service.change_about(submitted[1], JobAbout(name="torn in two"))
        yield Jobs(server, *submitted)


def moment_of(page: Page, side: str) -> float:
    player = page.locator(f"#compared-0 video[data-side={side}]")
    expect(player).to_be_in_viewport()
    page.wait_for_function("(video) => video.readyState >= 2 && video.currentTime > 0", arg=player.element_handle())
    return float(player.evaluate("(video) => { video.pause(); return video.currentTime; }"))


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("look", [{"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark"}], ids=str)
def test_a_reviewer_sees_what_changed_and_plays_the_moment(look: dict[str, Any], jobs: Jobs, browser: Browser):
    with clean_page(browser, jobs.address(f"job={jobs.first}"), **look) as page:
        page.get_by_role("link", name="Compare", exact=True).press("Enter")
        choice = page.locator("#vp-live table")
        expect(choice).to_contain_text("street copy.mp4")
        expect(choice).not_to_contain_text("other.mp4")
        page.get_by_role("link", name="Job 2 torn in two", exact=True).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Job 1 compared with Job 2 · torn in two")
        expect(page.locator("#vp-live")).to_contain_text("track_persons.corrections")
        change = page.locator(".vp-changes li").filter(has_text="One person in Job 1 has two ids in Job 2")
        expect(change).to_have_count(1)
        expect(change.locator("figcaption")).to_have_text(["Track 2", "Track 2", "Track 2@2"])
        for strip in change.locator("img").all():
            assert strip.evaluate("(image) => image.decode().then(() => image.naturalHeight)") == 108
        change.get_by_role("button", name="Play both jobs at 0:02.0").press("Enter")
        assert [moment_of(page, side) for side in ("left", "right")] == pytest.approx([1, 1], abs=0.9)


@pytest.mark.slow
def test_where_nothing_can_be_compared_the_page_says_what_to_do(jobs: Jobs, browser: Browser):
    with clean_page(browser, jobs.address(f"view=compare&job={jobs.other}")) as page:
        expect(page.locator("#vp-live")).to_contain_text("No other finished job has a video of the same content")
        expect(page.get_by_role("link", name="New job from this one")).to_be_visible()
        page.goto(jobs.address(f"view=compare&job={jobs.first}&with={jobs.other}"))
        expect(page.locator("#vp-live")).to_contain_text("The two jobs have no video of the same content.")
