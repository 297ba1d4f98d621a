"""How much room jobs take: measured where files change, and asked for without touching the disk."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.jobs.storage.test_adoption import end, service_of, submit_upload
from tests.support.job_services import IN_THIS_PROCESS, NO_LIMITS, submit, wait_for_end, wait_until
from tests.support.store_records import at, job_id, spec
from videoprep_nb.jobs.models import JobSpec, State
from videoprep_nb.jobs.rebuild import rebuild_database
from videoprep_nb.jobs.scheduling.active import ActiveJob
from videoprep_nb.jobs.scheduling.scratch import ScratchQuota
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage import measuring
from videoprep_nb.jobs.storage.retention import clean
from videoprep_nb.jobs.storage.workspace import Workspace, disk_bytes
from videoprep_nb.jobs.store.store import Store


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def service(workspace: Workspace) -> Iterator[Service]:
    with Service(workspace, IN_THIS_PROCESS, NO_LIMITS) as running:
        yield running


def is_measured(service: Service, job_id: str) -> bool:
    return service.row(job_id).disk_bytes == disk_bytes(service.workspace.job_folder(job_id).path)


def test_ended_jobs_are_measured_and_nobody_who_asks_walks_through_folders(
    service: Service, no_video: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second = (submit(service, no_video, owner=owner) for owner in ("anna", "bert"))
    for job in (first, second):
        wait_for_end(service, job)
    assert wait_until(lambda: is_measured(service, first) and is_measured(service, second))
    uploads = service.disk_usage()["uploads"]

    def walk(path: Path) -> int:
        raise AssertionError(f"{path} was measured again")

    monkeypatch.setattr(measuring, "disk_bytes", walk)
    sizes = {row.job_id: row.disk_bytes or 0 for row in service.jobs()[0]}
    assert sizes[first] > 0
    assert service.job(first).job.disk_bytes == sizes[first]
    assert (service.disk_bytes("anna"), service.disk_bytes()) == (sizes[first], sizes[first] + sizes[second])
    assert service.disk_usage() | {"free": 0} == {
        "total": shutil.disk_usage(service.workspace.path).total,
        "free": 0,
        "jobs": sum(sizes.values()),
        "uploads": uploads,
    }


def test_queued_job_is_measured(workspace: Workspace):
    with service_of(workspace) as service:
        job = submit_upload(service, "anna")
        assert wait_until(lambda: is_measured(service, job))
        assert (service.row(job).disk_bytes or 0) >= 1000


def test_running_job_is_measured_while_it_grows(service: Service, no_video: Path):
    noted: dict[str, int] = {}
    job = submit(service, no_video)
    wait_for_end(service, job)
    folder = service.workspace.job_folder(job)
    (folder.scratch / "frames").mkdir(parents=True)
    (folder.scratch / "frames" / "1.jpg").write_bytes(bytes(100_000))
    all_bytes, scratch_bytes = measuring.measure_running(folder)
    assert all_bytes - scratch_bytes > 0
    assert scratch_bytes >= 100_000
    quota = ScratchQuota(scratch_bytes, noted.__setitem__)
    assert list(quota.exceeded([ActiveJob(JobSpec.read(folder.spec), folder, "")])) == []
    assert noted == {job: all_bytes}


def test_what_is_deleted_takes_no_room(workspace: Workspace):
    with service_of(workspace) as service:
        failed, done = (submit_upload(service, "anna") for _ in range(2))
        kept = service.workspace.job_folder(failed).kept
        kept.mkdir()
        (kept / "clip.mp4").write_bytes(bytes(100_000))
        end(service, failed, State.FAILED)
        end(service, done, State.DONE)
    with closing(Store(workspace.database)) as store:
        measuring.measure_job(workspace, store, failed)
        before = store.job(failed).disk_bytes or 0
        clean(workspace, store, 3600.0 * 24 * 90, datetime.now(UTC) + timedelta(days=8))
        assert store.job(failed).disk_bytes == disk_bytes(workspace.job_folder(failed).path) < before - 90_000
        clean(workspace, store, 1.0, datetime.now(UTC) + timedelta(days=8))
        assert store.disk_bytes() == 0


def test_restored_jobs_are_measured_when_the_service_cleans(workspace: Workspace):
    with service_of(workspace) as service:
        job = submit_upload(service, "anna")
        end(service, job, State.DONE)
    rebuild_database(workspace)
    with closing(Store(workspace.database)) as store:
        assert store.unmeasured_jobs() == [job]
        clean(workspace, store, 3600.0, datetime.now(UTC))
        assert store.unmeasured_jobs() == []
        assert store.job(job).disk_bytes == disk_bytes(workspace.job_folder(job).path)


def test_jobs_of_one_user_are_summed(workspace: Workspace, tmp_path: Path):
    with closing(Store(tmp_path / "jobs.sqlite")) as store:
        for number, owner in enumerate(["anna", "bert", "anna"]):
            store.add_job(spec(number), 1, owner, at(number))
        assert (store.disk_bytes(), store.job(job_id(0)).disk_bytes) == (0, None)
        store.set_disk_bytes(job_id(0), 5)
        store.set_disk_bytes(job_id(1), 7)
        store.set_disk_bytes(job_id(99), 100)  # it was deleted meanwhile
        assert (store.disk_bytes("anna"), store.disk_bytes("bert"), store.disk_bytes()) == (5, 7, 12)
        assert store.unmeasured_jobs() == [job_id(2)]
