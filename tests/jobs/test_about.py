"""A job that gets another name: in its folder, in its report, and through a loss of the database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.storage.test_adoption import remove_database, service_of, submit_upload
from tests.support.job_services import IN_THIS_PROCESS, NO_LIMITS, submit, wait_for_end
from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.backup import back_up
from videoprep_nb.jobs.models import JobAbout, JobSpec
from videoprep_nb.jobs.rebuild import rebuild_database
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace

FIRST = JobAbout(name="Station, north", note="camera 3\n<b>second</b> try")
LATER = JobAbout(name="Station, south & <i>west</i>")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def service(workspace: Workspace) -> Iterator[Service]:
    with Service(workspace, IN_THIS_PROCESS, NO_LIMITS) as running:
        yield running


def overview(service: Service, job_id: str) -> str:
    return service.report_path(job_id, "index.html").read_text()


@pytest.mark.slow
def test_report_has_the_name_that_the_job_has_now(service: Service, no_video: Path):
    job_id = submit(service, no_video, about=FIRST)
    number = service.row(job_id).number
    wait_for_end(service, job_id)
    first = overview(service, job_id)
    assert f"<title>Job {number} · Station, north</title>" in first
    assert "camera 3\n&lt;b&gt;second&lt;/b&gt; try" in first
    service.change_about(job_id, LATER)
    later = overview(service, job_id)
    assert f"<h1>Job {number} · Station, south &amp; &lt;i&gt;west&lt;/i&gt;</h1>" in later
    assert "camera 3" not in later
    assert JobSpec.read(service.workspace.job_folder(job_id).spec).about == LATER
    service.change_about(job_id, FIRST)
    assert overview(service, job_id) == first


@pytest.mark.exhaustive
@pytest.mark.slow
def test_name_that_was_changed_while_the_job_ran_is_in_its_report(service: Service, no_video: Path):
    job_id = submit(service, *[no_video] * 3, about=FIRST)
    service.change_about(job_id, LATER)
    wait_for_end(service, job_id)
    assert "Station, south" in overview(service, job_id)
    assert "Station, north" not in overview(service, job_id)


def test_heading_of_an_older_report_is_found(service: Service, no_video: Path):
    job_id = submit(service, no_video)
    wait_for_end(service, job_id)
    index = service.workspace.job_folder(job_id).reports / "index.html"
    index.write_text("<title>Job 1</title><main><h1>Job 1</h1><p>done</p>")
    service.change_about(job_id, JobAbout(name="Market"))
    assert "<h1>Job 1 · Market</h1>" in index.read_text()
    assert "<p>done</p>" in index.read_text()


def test_name_survives_a_lost_database_and_a_backup(workspace: Workspace, tmp_path: Path):
    with service_of(workspace) as service:
        job_id = submit_upload(service, "anna")
        service.change_about(job_id, FIRST)
        back_up(workspace, tmp_path / "backup")
    rebuild_database(workspace)
    with service_of(workspace) as service:
        assert service.row(job_id).about == FIRST
        assert service.jobs(text="station")[1] == 1
    remove_database(workspace)
    shutil.copy(tmp_path / "backup" / "jobs.sqlite", workspace.database)
    with service_of(workspace) as service:
        assert service.row(job_id).about == FIRST


def test_job_without_files_is_renamed_all_the_same(workspace: Workspace):
    with service_of(workspace) as service:
        job_id = submit_upload(service, "anna")
        shutil.rmtree(service.workspace.job_folder(job_id).path)
        service.change_about(job_id, FIRST)
        assert service.row(job_id).about == FIRST
        assert not service.workspace.job_folder(job_id).path.exists()
        with pytest.raises(NoSuchJob):
            service.change_about("20260131-0123456789abcdef", FIRST)
