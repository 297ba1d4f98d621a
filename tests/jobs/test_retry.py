"""A retry repeats what is missing or changed and nothing else: real jobs, cancelled in the middle."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.job_services import (
    IN_THIS_PROCESS,
    NO_LIMITS,
    package_content,
    quick_settings,
    submit,
    tasks_of,
    wait_for_end,
    wait_until,
)
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow

PARAMS = quick_settings(1.5)
FINISHED = ("01_resize_1", "02_clip_1")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=3.0)
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(Workspace(tmp_path_factory.mktemp("workspace")), IN_THIS_PROCESS, NO_LIMITS) as service:
        yield service


@pytest.fixture(scope="module")
def undisturbed(service: Service, video: Path) -> tuple[bytes, dict[str, list[str]]]:
    job_id = submit(service, video, params=PARAMS)
    assert wait_for_end(service, job_id).job.state is State.DONE
    return package_content(service.package_path(job_id))


def times_of(folder: Path) -> dict[str, int]:
    """When the products and markers of the stages that were done were written."""
    kinds = ("resized/*", "clips/1/*", "tasks/01_resize_1/done.json", "tasks/02_clip_1/done.json")
    found = [file for kind in kinds for file in folder.glob(kind)]
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in found}


def cancelled_while_tracking(service: Service, video: Path) -> tuple[str, dict[str, int]]:
    """A job that was cancelled in its longest stage, and the times of what was done before."""
    job_id = submit(service, video, params=PARAMS)
    folder = service.workspace.job_folder(job_id)

    def is_tracking() -> bool:
        task = tasks_of(service, job_id).get("04_track_persons_1")
        return task is not None and task.state is State.RUNNING

    assert wait_until(is_tracking)
    before = times_of(folder.scratch)
    assert {"resized/1.mp4", "clips/1/1_clip_001.mp4", "tasks/02_clip_1/done.json"} <= set(before)
    service.cancel(job_id)
    assert wait_for_end(service, job_id).job.state is State.CANCELLED
    assert wait_until(lambda: not folder.scratch.exists())
    return job_id, before


def starts_of(service: Service, job_id: str) -> dict[str, object]:
    return {key: task.started_at for key, task in tasks_of(service, job_id).items()}


def test_finished_stages_are_not_repeated(
    service: Service, video: Path, undisturbed: tuple[bytes, dict[str, list[str]]]
):
    job_id, before = cancelled_while_tracking(service, video)
    folder = service.workspace.job_folder(job_id)
    assert times_of(folder.kept).items() >= before.items()
    starts = starts_of(service, job_id)
    service.retry(job_id)
    # tracking itself may be over too soon to be seen: its detections are kept, too
    assert wait_until(lambda: times_of(folder.scratch).items() >= before.items())
    view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    after = starts_of(service, job_id)
    assert {key: after[key] for key in FINISHED} == {key: starts[key] for key in FINISHED}
    assert package_content(service.package_path(job_id)) == undisturbed
    assert not folder.kept.exists()


@pytest.mark.exhaustive
def test_changed_parameter_repeats_the_stages_that_it_affects(service: Service, video: Path):
    job_id, _ = cancelled_while_tracking(service, video)
    folder = service.workspace.job_folder(job_id)
    spec = json.loads(folder.spec.read_text())
    spec["params"]["clip"]["clip_duration_s"] = 1.0
    folder.spec.write_text(json.dumps(spec))
    starts = starts_of(service, job_id)
    service.retry(job_id)
    assert wait_for_end(service, job_id).job.state is State.DONE
    after = starts_of(service, job_id)
    assert after["01_resize_1"] == starts["01_resize_1"]
    assert after["02_clip_1"] > starts["02_clip_1"]
    assert len(package_content(service.package_path(job_id))[1]) == 3


@pytest.mark.exhaustive
def test_disk_that_is_nearly_full_keeps_no_videos(video: Path, tmp_path: Path):
    workspace = Workspace(tmp_path)
    with Service(workspace, IN_THIS_PROCESS, NO_LIMITS) as service:
        job_id = submit(service, video, params=PARAMS)
        assert wait_until(lambda: "02_clip_1" in tasks_of(service, job_id))
        assert wait_until(lambda: tasks_of(service, job_id)["02_clip_1"].state is State.DONE)
    with Service(workspace, EngineSettings(scheduler="tcp://127.0.0.1:9"), Limits(free_bytes=10**18)) as service:
        service.cancel(job_id)
        assert wait_for_end(service, job_id).job.state is State.CANCELLED
    assert list(JobFolder(workspace.jobs_dir / job_id).kept.rglob("*.mp4")) == []
