"""What waits in front of a job, in a real browser: in the list, on the page of the job, and in the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import clean_page
from tests.support.job_services import NO_LIMITS
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import State

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "workspace", NO_LIMITS) as running:
        yield running


@pytest.mark.exhaustive
def test_a_queued_job_says_what_is_in_front_of_it(server: RunningServer, browser: Browser, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    video = ("a.mp4", tmp_path / "a.mp4")
    large, second, third = (server.service.submit([video] * count, owner="anna") for count in (300, 1, 1))
    server.service.submit([video], owner="bert")
    with clean_page(browser, f"http://127.0.0.1:{server.port}/?job={third}") as page:
        status = page.locator("#vp-live [role=status]")
        expect(status).to_contain_text("2 jobs of the same user are in front of it.")
        expect(status).to_contain_text("You can close this page.")
        page.get_by_role("link", name="Jobs", exact=True).click()
        expect(page.locator(f"#job-{third}")).to_contain_text("2 jobs in front")
        expect(page.locator(f"#job-{second}")).to_contain_text("1 job in front")
        assert server.client.get(f"/api/jobs/{third}").json()["jobs_ahead"] == 2
        listed = {job["job_id"]: job["jobs_ahead"] for job in server.client.get("/api/jobs").json()["jobs"]}
        assert (listed[second], listed[third]) == (1, 2)
        server.client.post(f"/api/jobs/{second}/cancel")
        expect(page.locator(f"#job-{third}")).to_contain_text("1 job in front")
        server.client.post(f"/api/jobs/{large}/cancel")
        expect(page.locator(f"#job-{third}")).to_contain_text("failed")  # it had its turn
    ended = server.client.get(f"/api/jobs/{third}").json()
    assert (ended["state"], ended["jobs_ahead"], ended["other_users"]) == (State.FAILED, None, None)
