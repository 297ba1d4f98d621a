"""A new job from another one, in a real browser: same videos, settings filled in, nothing uploaded again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import clean_page
from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer, running_server
from videoprep_nb.jobs.models import ENDED, JobSpec
from videoprep_nb.media.sample import write_sample

PARAMS: dict[str, Any] = {"clip": {"clip_duration_s": 7}, "track_persons": {"frame_stride": 50}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("again")) as running:
        yield running


def cancelled_job(server: RunningServer, folder: Path, params: dict[str, Any] = PARAMS) -> str:
    write_sample(folder / "street.mp4", duration_s=1.0)
    files = [
        ("videos", ("street.mp4", (folder / "street.mp4").read_bytes())),
        ("videos", ("notes.mp4", b"no video")),
    ]
    job_id = server.client.post("/api/jobs", files=files, data={"params": json.dumps(params)}).json()["job_id"]
    server.client.post(f"/api/jobs/{job_id}/cancel")
    assert wait_until(lambda: server.service.job(job_id).job.state in ENDED)
    return job_id


def spec_of(server: RunningServer, job_id: str) -> JobSpec:
    return JobSpec.read(server.service.workspace.job_folder(job_id).spec)


@pytest.mark.slow
def test_a_wrong_setting_is_changed_without_another_upload(server: RunningServer, browser: Browser, tmp_path: Path):
    before = cancelled_job(server, tmp_path)
    first = spec_of(server, before).videos[0].path
    with clean_page(browser, f"http://127.0.0.1:{server.port}/?job={before}") as page:
        page.get_by_role("link", name="New job from this one").click()
        rows = page.locator("#vp-videos tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("street.mp4")
        expect(rows.nth(1)).to_contain_text("it is damaged or not a video")
        duration = page.locator("[name='clip.clip_duration_s']")
        expect(duration).to_have_value("7")
        duration.fill("9")
        page.locator("#vp-start").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Job 2")
        after = page.locator("#vp-watched").get_attribute("data-job") or ""
        page.get_by_role("button", name="Cancel job").click()
        page.locator("#vp-question [value=yes]").click()
        expect(page.get_by_role("heading", level=1).locator(".vp-state")).to_have_text("cancelled")
    spec = spec_of(server, after)
    assert spec.params.model_dump() == {"clip": {"clip_duration_s": 9.0}, "track_persons": {"frame_stride": 50}}
    assert [video.original_name for video in spec.videos] == ["street.mp4"]
    assert spec.videos[0].path.samefile(first), "the bytes are on the disk once"
    server.client.delete(f"/api/jobs/{before}")
    assert spec.videos[0].path.read_bytes() == (tmp_path / "street.mp4").read_bytes()


def test_videos_that_are_gone_are_named(server: RunningServer, tmp_path: Path):
    job_id = cancelled_job(server, tmp_path, {"resize": {"time_ranges": ["1:0.2-", "2:3-5"]}})
    spec_of(server, job_id).videos[0].path.unlink()
    again = server.client.post(f"/api/jobs/{job_id}/again").json()
    assert again["params"] == {"resize": {"time_ranges": ["1:3-5"]}}, "what was video 2 is video 1 now"
    assert ([video["name"] for video in again["videos"]], again["missing"]) == (["notes.mp4"], ["street.mp4"])
    assert server.client.post("/api/jobs/no-such-job/again").status_code == 404
