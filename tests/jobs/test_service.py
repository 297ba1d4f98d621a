"""The service as its callers see it: limits, ids, many jobs side by side, retry, order of work."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.job_services import NO_LIMITS, quick_settings, submit, tasks_of, wait_for_end, wait_until
from videoprep_nb.core.errors import (
    InputError,
    LimitExceeded,
    NoRoom,
    NoSuchJob,
    ParameterError,
    TooLarge,
    TooManyJobs,
    WrongState,
)
from videoprep_nb.exports.validation.validate import validate_package
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.params import JobOptions, JobParams
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

NO_SCHEDULER = EngineSettings(scheduler="tcp://127.0.0.1:9")


@pytest.fixture
def idle_service(tmp_path: Path) -> Iterator[Service]:
    """A service whose scheduler never answers, so that jobs stay queued."""
    with Service(Workspace(tmp_path / "workspace"), NO_SCHEDULER, NO_LIMITS) as service:
        yield service


@pytest.fixture(scope="session")
def tiny_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "persons.mp4"
    write_sample(path, duration_s=1.0)
    return path


def test_ids_cannot_be_guessed(idle_service: Service, no_video: Path):
    ids = [submit(idle_service, no_video) for _ in range(20)]
    assert all(re.fullmatch(r"\d{8}-[0-9a-f]{16}", job_id) for job_id in ids)
    secrets = [int(job_id[9:], 16) for job_id in ids]
    assert len(set(secrets)) == 20
    varying = 0
    for secret in secrets:
        varying |= secret ^ secrets[0]
    assert varying.bit_count() > 56, "nearly all of the 64 bits differ somewhere among 20 ids"


def test_job_that_nobody_works_on_can_be_cancelled(idle_service: Service, no_video: Path):
    job_id = submit(idle_service, no_video)
    assert idle_service.job(job_id).job.state is State.QUEUED
    idle_service.cancel(job_id)
    assert wait_for_end(idle_service, job_id).job.state is State.CANCELLED
    with pytest.raises(WrongState, match=r"^Job 1 is cancelled already"):
        idle_service.cancel(job_id)
    with pytest.raises(NoSuchJob, match=r"^Job 1 has no report 'absent.html'"):
        idle_service.report_path(job_id, "absent.html")
    idle_service.delete(job_id)
    assert not idle_service.workspace.job_folder(job_id).path.exists()
    with pytest.raises(NoSuchJob):
        idle_service.job(job_id)


def test_submission_is_answered_before_any_work(idle_service: Service, no_video: Path):
    job_id = submit(idle_service, no_video)
    assert idle_service.job(job_id).job.state is State.QUEUED
    assert idle_service.job(job_id).fraction_done == 0
    for call in (idle_service.delete, idle_service.retry):
        with pytest.raises(WrongState, match=r"^Job 1 is queued;"):
            call(job_id)
    with pytest.raises(NoSuchJob, match=r"^Job 1 is queued and has no package"):
        idle_service.package_path(job_id)


def test_second_service_is_kept_out(idle_service: Service):
    with pytest.raises(InputError, match="used by another service"):
        Service(idle_service.workspace, NO_SCHEDULER)


@pytest.mark.parametrize(
    "scheduler", ["", "127.0.0.1", "127.0.0.1:87x6", "tcp://127.0.0.1:abc", "foo://bar:1", "tcp://a b:1"]
)
def test_what_is_no_scheduler_is_refused_at_once(scheduler: str):
    with pytest.raises(InputError, match="scheduler"):
        EngineSettings(scheduler=scheduler)


def test_spoilt_result_costs_only_itself(idle_service: Service, no_video: Path):
    job_id = submit(idle_service, no_video)
    idle_service.cancel(job_id)
    wait_for_end(idle_service, job_id)
    idle_service.workspace.job_folder(job_id).result.write_text("{}")
    view = idle_service.job(job_id)
    assert (view.job.state, view.result) == (State.CANCELLED, None)


def test_closed_service_says_so(tmp_path: Path):
    service = Service(Workspace(tmp_path), NO_SCHEDULER)
    service.close()
    with pytest.raises(InputError, match="closed"):
        service.clean()


@pytest.mark.parametrize(
    ("limits", "videos", "error", "numbers"),
    [
        pytest.param({"file_bytes": 10_000}, 1, TooLarge, [], id="size of a file"),
        pytest.param({"job_bytes": 20_000}, 2, TooLarge, [], id="size of a job"),
        pytest.param({"videos": 1}, 2, TooLarge, ["2", "1"], id="number of videos"),
        pytest.param({"queued_jobs": 0}, 1, LimitExceeded, ["0"], id="number of jobs"),
        pytest.param({"free_bytes": 10**18}, 1, NoRoom, ["1000000000.00 GB"], id="room on the disk"),
    ],
)
def test_limits_refuse_with_numbers(
    limits: dict[str, int], videos: int, error: type[Exception], numbers: list[str], no_video: Path, tmp_path: Path
):
    workspace = Workspace(tmp_path / "workspace")
    with Service(workspace, NO_SCHEDULER, replace(NO_LIMITS, **limits)) as service:
        with pytest.raises(error, match=r"\d") as found:
            submit(service, *[no_video] * videos)
        assert all(number in str(found.value) for number in numbers)
        assert list(workspace.jobs_dir.iterdir()) == []
        assert service.jobs() == ([], 0)


def test_full_queue_of_one_user_is_none_for_another(no_video: Path, tmp_path: Path):
    with Service(Workspace(tmp_path / "workspace"), NO_SCHEDULER, replace(NO_LIMITS, queued_jobs=2)) as service:
        ended, *_ = [submit(service, no_video, owner="anna") for _ in range(2)]
        with pytest.raises(TooManyJobs, match=r"^2 jobs of this user are waiting or running.* wait until one ends, or"):
            submit(service, no_video, owner="anna")
        assert submit(service, no_video, owner="bert")
        service.cancel(ended)
        wait_for_end(service, ended)
        assert submit(service, no_video, owner="anna")
        with pytest.raises(TooManyJobs):
            service.retry(ended)


def test_submissions_at_the_same_moment_pass_no_limit_together(no_video: Path, tmp_path: Path):
    def try_to_submit(_: int) -> bool:
        with suppress(TooManyJobs):
            return bool(submit(service, no_video, owner="anna"))
        return False

    limits = replace(NO_LIMITS, queued_jobs=3)
    with Service(Workspace(tmp_path / "workspace"), NO_SCHEDULER, limits) as service, ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(try_to_submit, range(20))) == 3


def test_wrong_submissions_leave_nothing(idle_service: Service, no_video: Path):
    with pytest.raises(ParameterError):
        submit(idle_service)
    with pytest.raises(ParameterError):
        submit(idle_service, no_video, params=JobParams({"clip": {"clip_duration_s": -1}}))
    assert list(idle_service.workspace.jobs_dir.iterdir()) == []


def test_default_limits_ask_for_free_disk(tmp_path: Path):
    with Service(Workspace(tmp_path), NO_SCHEDULER, Limits()) as service, pytest.raises(NoRoom, match="GB are free"):
        service.admission.check_room(10**18, owner="")


def test_upload_that_is_still_to_come_needs_room_of_its_own(tmp_path: Path):
    with Service(Workspace(tmp_path), NO_SCHEDULER, NO_LIMITS) as service:
        service.admission.check_room(10**18, owner="")
        with pytest.raises(NoRoom):
            service.admission.check_room(10**18, owner="", to_come_bytes=10**18)


def test_uploads_stay_when_their_job_cannot_be_made(idle_service: Service):
    upload = idle_service.workspace.new_upload_path()
    upload.write_bytes(b"hours of video")
    with pytest.raises(FileNotFoundError):
        submit(idle_service, upload, idle_service.workspace.new_upload_path())
    assert upload.read_bytes() == b"hours of video"
    assert list(idle_service.workspace.jobs_dir.iterdir()) == []
    assert idle_service.jobs() == ([], 0)


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
def test_gpu_that_is_not_there_is_not_waited_for(tmp_path: Path, no_video: Path):
    on_this_machine = EngineSettings(worker_count=1)
    with Service(Workspace(tmp_path / "workspace"), on_this_machine, NO_LIMITS) as service:
        on_gpu = JobParams({"track_persons": {"device": "cuda"}})
        with pytest.raises(ParameterError, match="no NVIDIA GPU"):
            submit(service, no_video, params=on_gpu)


def test_job_without_its_file_fails_and_the_next_one_works(tmp_path: Path, no_video: Path):
    workspace = Workspace(tmp_path / "workspace")
    with Service(workspace, NO_SCHEDULER, NO_LIMITS) as service:
        broken, sound = submit(service, no_video), submit(service, no_video)
    workspace.job_folder(broken).spec.unlink()
    with Service(workspace, NO_SCHEDULER, NO_LIMITS) as service:
        view = wait_for_end(service, broken)
        assert view.job.state is State.FAILED
        assert "job.json" in view.job.message
        assert service.job(sound).job.state is State.QUEUED


@pytest.mark.slow
@pytest.mark.exhaustive
def test_ten_jobs_side_by_side(tiny_video: Path, no_video: Path, tmp_path: Path):
    """One is hostile, one has a bad video among good ones and is tried again, eight are like any other."""
    hostile_file = tmp_path / "hostile.mp4"
    hostile_file.write_text(f"ffconcat version 1.0\nfile '{tiny_video}'\n")
    mended = tmp_path / "mended.mp4"
    shutil.copy(no_video, mended)
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=2), NO_LIMITS) as service:
        plain = [submit(service, tiny_video) for _ in range(4)]
        hostile = submit(service, hostile_file)
        mixed = submit(service, tiny_video, mended, tiny_video)
        plain += [submit(service, tiny_video) for _ in range(4)]
        for job_id in plain:
            assert wait_for_end(service, job_id).job.state is State.DONE
            assert validate_package(service.package_path(job_id)) == []
        view = wait_for_end(service, hostile)
        assert view.job.state is State.FAILED
        assert "cannot be processed" in view.job.message
        with pytest.raises(NoSuchJob):
            service.package_path(hostile)

        view = wait_for_end(service, mixed)
        assert view.job.state is State.COMPLETED_WITH_ERRORS
        assert view.result is not None
        assert [video.state for video in view.result.videos] == [State.DONE, State.FAILED, State.DONE]
        assert validate_package(service.package_path(mixed)) == []
        folder = service.workspace.job_folder(mixed)
        assert wait_until(lambda: not folder.scratch.exists())  # it goes once the end is in the store
        assert not list(folder.kept.rglob("*.mp4"))
        times = {task.key: task.started_at for task in view.tasks if task.video_id in ("1", "3")}
        shutil.copy(tiny_video, mended)
        service.retry(mixed)
        view = wait_for_end(service, mixed)
        assert view.job.state is State.DONE, view.job.message
        assert {task.key: task.started_at for task in view.tasks if task.video_id in ("1", "3")} == times
        assert not folder.kept.exists()
        assert validate_package(service.package_path(mixed)) == []


@pytest.mark.slow
def test_retry_of_a_cancelled_job_finds_detections_and_videos_that_are_done(tiny_video: Path, tmp_path: Path):
    """The first video is done when the job is cancelled, of the second one the persons are detected."""
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, tiny_video, tiny_video)
        folder = service.workspace.job_folder(job_id)

        def second_video_is_detected() -> bool:
            detections = folder.scratch / "detections" / "2"
            return tasks_of(service, job_id)["04_track_persons_1"].state is State.DONE and any(detections.glob("2*"))

        assert wait_until(lambda: "04_track_persons_1" in tasks_of(service, job_id))
        assert wait_until(second_video_is_detected)
        service.cancel(job_id)
        assert wait_for_end(service, job_id).job.state is State.CANCELLED
        assert not folder.scratch.exists()
        before = tasks_of(service, job_id)
        service.retry(job_id)
        assert wait_for_end(service, job_id).job.state is State.DONE
        after = tasks_of(service, job_id)
        first = [key for key in before if key.endswith("_1")]
        assert {key: after[key].started_at for key in first} == {key: before[key].started_at for key in first}
        report = (folder.reports / "04_track_persons_2.html").read_text(encoding="utf-8")
        assert re.search(r"clips with cached detections</t[hd]>\s*<td>1<", report)
        assert validate_package(service.package_path(job_id)) == []


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    "key", ["04_track_persons_1_part_2", pytest.param("04_track_persons_1", marks=pytest.mark.exhaustive)]
)
def test_retry_of_a_cancelled_job_with_a_long_video(key: str, tmp_path: Path):
    """The video is worked on in parts; the job is cancelled while one of them, or what joins them, runs."""
    video = tmp_path / "long.mp4"
    write_sample(video, duration_s=4.0)
    with Service(Workspace(tmp_path / "workspace"), EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, video, params=quick_settings(1.0), options=JobOptions(clips_per_task=1))
        assert wait_until(lambda: key in tasks_of(service, job_id))
        assert wait_until(lambda: tasks_of(service, job_id)[key].state is State.RUNNING)
        service.cancel(job_id)
        assert wait_for_end(service, job_id).job.state is State.CANCELLED
        service.retry(job_id)
        view = wait_for_end(service, job_id)
        assert view.job.state is State.DONE, view.job.message
        assert sum(task.part is not None for task in view.tasks) == 4
        assert validate_package(service.package_path(job_id)) == []


@pytest.mark.slow
def test_wish_to_cancel_outlives_the_service(tiny_video: Path, tmp_path: Path):
    workspace = Workspace(tmp_path / "workspace")
    with Service(workspace, EngineSettings(worker_count=1), NO_LIMITS) as service:
        job_id = submit(service, tiny_video)
        assert wait_until(lambda: service.job(job_id).job.state is State.RUNNING)
        service.cancel(job_id)
    with Service(workspace, NO_SCHEDULER, NO_LIMITS) as service:
        assert wait_for_end(service, job_id).job.state is State.CANCELLED
        assert wait_until(lambda: not workspace.job_folder(job_id).scratch.exists())


@pytest.mark.parametrize(
    ("values", "field"),
    [({"weights": "empty"}, "weights"), ({"person_classes": ["dragon"]}, "person_classes")],
    ids=["a file that is no weights", "a class that is not there"],
)
def test_weights_that_do_not_fit_are_refused_at_once(
    values: dict[str, object], field: str, idle_service: Service, no_video: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = no_video.parent / "weights"
    folder.mkdir()
    (folder / "empty.pt").touch()
    monkeypatch.setenv("VIDEOPREP_WEIGHTS_DIR", str(folder))
    with pytest.raises(ParameterError) as caught:
        idle_service.submit([("a.mp4", no_video)], JobParams({"track_persons": values}))
    assert caught.value.field == f"track_persons.{field}"
    assert idle_service.jobs()[1] == 0
