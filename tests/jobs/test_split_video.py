"""A long video is worked on in parts from the start; the job gives what it gives without parts."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.job_services import NO_LIMITS, package_content, submit, tasks_of, wait_until
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.ffmpeg import raw_input, run_ffmpeg
from videoprep_nb.media.probe import probe
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.base import VideoLength

PARAMS = JobParams({"resize": {"width": 320, "height": 180}, "track_persons": {"image_size": 320}})


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Persons for 130 s, at 2 frames per second."""
    folder = tmp_path_factory.mktemp("long")
    write_sample(folder / "sample.mp4", duration_s=8.0)
    loop = ["-stream_loop", "20", *raw_input(folder / "sample.mp4"), "-t", "130", "-vf", "fps=2,scale=320:180"]
    run_ffmpeg([*loop, "-c:v", "libx264", "-preset", "veryfast", "-g", "10"], folder / "long.mp4", timeout_s=120)
    return folder / "long.mp4"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=2), NO_LIMITS) as opened:
        yield opened


def finished(service: Service, video: Path, options: JobOptions) -> str:
    job_id = submit(service, video, params=PARAMS, options=options)
    assert wait_until(lambda: service.job(job_id).job.state in ENDED, timeout_s=600), service.job(job_id)
    assert service.job(job_id).job.state is State.DONE, service.job(job_id).job.message
    return job_id


def frames(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_package_is_that_of_the_whole_video(service: Service, long_video: Path) -> None:
    whole = finished(service, long_video, JobOptions(clips_per_task=1000))
    assert not any(task.part for task in tasks_of(service, whole).values())

    found = probe(long_video)
    length = VideoLength(found.duration_s, float(found.rate), can_be_split=not found.not_split_because)
    service.admission.note_length(long_video, length)
    split = finished(service, long_video, JobOptions(clips_per_task=1000))

    parts = {task.stage for task in tasks_of(service, split).values() if task.part == 2}
    assert parts == {"resize", "clip", "extract_frames", "track_persons"}
    assert package_content(service.package_path(split)) == package_content(service.package_path(whole))
    assert frames(service.package_path(split)) == frames(service.package_path(whole))
    index = (service.workspace.job_folder(split).reports / "index.html").read_text(encoding="utf-8")
    assert all(f"{title}, part 2" in index for title in ("Resize", "Clips", "Frames", "People"))
    [result], [expected] = (service.job(job_id).result.videos for job_id in (split, whole))
    assert result == expected
