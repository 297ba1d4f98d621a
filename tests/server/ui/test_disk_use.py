"""How much room jobs take, in a real browser: in the list, on the page of a job, and on that of the health."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import clean_page
from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.core.text import format_size
from videoprep_nb.jobs.models import ENDED
from videoprep_nb.jobs.storage.workspace import disk_bytes

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "workspace") as running:
        yield running


@pytest.mark.exhaustive
def test_pages_say_what_jobs_take_on_the_disk(server: RunningServer, browser: Browser):
    files = {"videos": ("a.mp4", b"no video" * 200_000)}
    jobs = [server.client.post("/api/jobs", files=files).json()["job_id"] for _ in range(2)]
    folders = [server.service.workspace.job_folder(job_id).path for job_id in jobs]

    def is_measured(job_id: str) -> bool:
        row = server.service.row(job_id)
        return row.state in ENDED and row.disk_bytes == disk_bytes(server.service.workspace.job_folder(job_id).path)

    assert wait_until(lambda: all(is_measured(job_id) for job_id in jobs))
    sizes = [format_size(disk_bytes(folder)) for folder in folders]
    total = sum(disk_bytes(folder) for folder in folders)
    address = f"http://127.0.0.1:{server.port}/"
    with clean_page(browser, f"{address}?view=jobs") as page:
        for job_id, size in zip(jobs, sizes, strict=True):
            expect(page.locator(f"#job-{job_id} td[data-label='On disk']")).to_have_text(size)
        expect(page.get_by_text(f"All jobs: {format_size(total)} on disk")).to_be_visible()
        page.get_by_role("link", name="Job 1", exact=True).click()
        expect(page.locator(".vp-title")).to_contain_text(f"1.6 MB of video · {sizes[0]} on disk")
        page.get_by_role("link", name="Health").click()
        expect(page.get_by_text(f"jobs {format_size(total)}, uploads")).to_be_visible()
    assert server.client.get(f"/api/jobs/{jobs[0]}").json()["disk_bytes"] == disk_bytes(folders[0])
    assert server.client.get("/api/health/details").json()["jobs_bytes"] == total
