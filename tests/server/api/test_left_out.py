"""Clips that were left out of a finished job over HTTP: listed, brought back; the package read from the download."""

import io
from collections.abc import Iterator

import pytest

from tests.server.api.test_exports import finished_job
from tests.support.job_services import wait_until
from tests.support.packages import read_proposals
from tests.support.proposal_files import good_proposals
from tests.support.results import LEFT_OUT, leave_clips_out
from tests.support.web_server import RunningServer, assert_problem, running_server
from videoprep_nb.jobs.models import JobResult, State, VideoResult


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("left-out")) as running:
        yield running


def job_with_left_out(server: RunningServer) -> str:
    job_id = finished_job(server)
    folder = server.service.workspace.job_folder(job_id)
    clips = leave_clips_out(folder.path)
    videos = [
        VideoResult(
            video_id=video,
            original_name=f"camera {video}.avi",
            state=State.DONE,
            clip_count=sum(clip.startswith(video) for clip in good_proposals()),
            left_out=tuple(clip for clip in clips if clip.clip_id.startswith(video)),
        )
        for video in "12"
    ]
    JobResult(
        job_id=job_id,
        state=State.DONE,
        message="",
        folder=folder.path,
        package=folder.package,
        videos=videos,
        tasks=[],
        elapsed_s=1.0,
    ).write(folder.result)
    return job_id


def clips_of(server: RunningServer, job_id: str) -> list[str]:
    """Clips in the package that people download."""
    return list(read_proposals(io.BytesIO(server.client.get(f"/api/jobs/{job_id}/package").content)))


def left_out(server: RunningServer, job_id: str) -> list[str]:
    assert wait_until(lambda: not server.client.get(f"/api/jobs/{job_id}/left-out").json()["is_running"])
    found = server.client.get(f"/api/jobs/{job_id}/left-out").json()
    assert found["problem"] == ""
    return [clip["clip_id"] for clip in found["clips"]]


def test_one_clip_and_then_all_others_come_back(server: RunningServer):
    job_id = job_with_left_out(server)
    assert left_out(server, job_id) == LEFT_OUT
    address = f"/api/jobs/{job_id}/left-out"
    assert "Bring 1_clip_001 back" in page_of(server, job_id)
    assert server.client.post(address, params={"clip": "2_clip_000"}).status_code == 202
    assert left_out(server, job_id) == ["1_clip_001"]
    assert clips_of(server, job_id) == ["1_clip_000", "2_clip_000"]
    assert server.client.post(address).status_code == 202
    assert left_out(server, job_id) == []
    assert clips_of(server, job_id) == list(good_proposals())
    assert wait_until(lambda: "Bring all back" not in page_of(server, job_id))
    assert_problem(server.client.post(address), 409, "Nothing was left out")


def test_a_clip_that_was_not_left_out_is_refused(server: RunningServer):
    job_id = job_with_left_out(server)
    answer = server.client.post(f"/api/jobs/{job_id}/left-out", params={"clip": "1_clip_000"})
    assert_problem(answer, 422, "1_clip_000")
    assert clips_of(server, job_id) == ["1_clip_000"]


def page_of(server: RunningServer, job_id: str) -> str:
    return server.client.get("/page/live", params={"view": "job", "job": job_id}).text
