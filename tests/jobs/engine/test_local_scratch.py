"""Tasks that work on a local disk: what they see of the workspace, and what comes back to it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.job_services import mounted_disk, wait_until
from videoprep_nb.core.errors import DiskFullError, InputError, ScratchFullError
from videoprep_nb.core.layout import SCRATCH_DIR_VARIABLE, disk_full_error
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.local_scratch import LocalScratch, check_scratch_dir, sweep
from videoprep_nb.jobs.storage.folder import JobFolder

JOB_ID = "20261128-0123456789abcdef"


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    """A job of two videos that have been cut."""
    job = JobFolder(tmp_path / "workspace" / "jobs" / JOB_ID)
    for video_id in ("1", "2"):
        _write(job.scratch / "clips" / video_id / f"{video_id}_clip_000.mp4", "clip")
        _write(job.scratch / "clips" / video_id / "clips.json", "table")
        _write(job.scratch / "resized" / f"{video_id}.mp4", "resized")
    _write(job.tasks / "02_clip_1" / "done.json", "{}")
    return job


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name("new")
    staging.write_text(text)
    staging.replace(path)


def _scratch(disk: Path, job: JobFolder, video_id: str = "1", **parameters) -> LocalScratch:
    folders = {"clips_dir": "clips", "output_dir": "frames"} | parameters
    named = {name: str(job.scratch / folder) for name, folder in folders.items()}
    return LocalScratch(disk, job, video_id, named | {"video_id": video_id, "quality": 3})


def _go_on() -> bool:
    return True


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def _work(disk: Path, job: JobFolder, **files: str) -> None:
    """A task that writes frames."""
    scratch = _scratch(disk, job)
    with scratch.opened() as parameters:
        for name, text in files.items():
            _write(Path(parameters["output_dir"]) / "1" / f"{name}.jpg", text)
        assert scratch.hand_over(_go_on)


def test_task_sees_what_its_parameters_name_of_its_own_video(tmp_path: Path, job: JobFolder):
    with _scratch(tmp_path / "disk", job).opened() as parameters:
        assert (parameters["video_id"], parameters["quality"]) == ("1", 3)
        clips = Path(parameters["clips_dir"])
        assert clips.is_relative_to(tmp_path / "disk" / JOB_ID)
        assert _names(clips.parent) == {"clips/1/1_clip_000.mp4", "clips/1/clips.json"}
        assert (clips / "1" / "clips.json").read_text() == "table"
        assert Path(parameters["output_dir"]) == clips.parent / "frames"


def test_task_of_the_whole_job_sees_all_videos_but_no_small_files(tmp_path: Path, job: JobFolder):
    with _scratch(tmp_path / "disk", job, video_id="", output_dir="").opened() as parameters:
        assert _names(Path(parameters["output_dir"])) == _names(job.scratch) - {"tasks/02_clip_1/done.json"}


def test_what_a_task_made_comes_back_and_nothing_else_changes(tmp_path: Path, job: JobFolder):
    before = {path: path.stat() for path in job.scratch.rglob("*") if path.is_file()}
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        local = Path(parameters["output_dir"])
        _write(local / "1" / "frames.json", "table")
        _write(local / ".partial-9-half.jpg", "half")
        (local / "1" / "empty").mkdir()
        _write(Path(parameters["clips_dir"]) / "1" / "clips.json", "another table")
        _write(job.scratch / "frames" / "1" / "other.jpg", "of another worker")
        assert scratch.hand_over(_go_on)
    assert _names(job.scratch / "frames") == {"1/frames.json", "1/other.jpg"}
    assert (job.scratch / "frames" / "1" / "empty").is_dir()
    assert (job.scratch / "clips" / "1" / "clips.json").read_text() == "another table"
    changed = [path.name for path, stats in before.items() if path.stat() != stats]
    assert changed == ["clips.json"]


def test_deleted_local_files_stay_in_the_workspace(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        (Path(parameters["clips_dir"]) / "1" / "clips.json").unlink()
        assert scratch.hand_over(_go_on)
    assert (job.scratch / "clips" / "1" / "clips.json").read_text() == "table"


def test_file_that_was_moved_or_linked_is_copied(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        clip, output = Path(parameters["clips_dir"]) / "1" / "1_clip_000.mp4", Path(parameters["output_dir"])
        output.mkdir()
        (output / "linked.mp4").hardlink_to(clip)
        clip.replace(output / "moved.mp4")
        assert scratch.hand_over(_go_on)
    for name in ("linked.mp4", "moved.mp4"):
        path = job.scratch / "frames" / name
        assert not path.is_symlink()
        assert path.read_text() == "clip"


def test_later_task_of_a_machine_reads_its_own_disk_and_others_the_workspace(tmp_path: Path, job: JobFolder):
    _work(tmp_path / "disk a", job, frame="first")
    for disk, is_link in [("disk a", False), ("disk b", True)]:
        with _scratch(tmp_path / disk, job).opened() as parameters:
            frame = Path(parameters["output_dir"]) / "1" / "frame.jpg"
            assert (frame.is_symlink(), frame.read_text()) == (is_link, "first")


def test_what_another_machine_made_anew_takes_the_place_of_what_is_here(tmp_path: Path, job: JobFolder):
    _work(tmp_path / "disk a", job, frame="first")
    _work(tmp_path / "disk b", job, frame="other")
    with _scratch(tmp_path / "disk a", job).opened() as parameters:
        assert (Path(parameters["output_dir"]) / "1" / "frame.jpg").read_text() == "other"
    assert (job.scratch / "frames" / "1" / "frame.jpg").read_text() == "other"


def test_what_is_freed_in_the_workspace_is_freed_here(tmp_path: Path, job: JobFolder):
    _work(tmp_path / "disk", job, first="first", second="second")
    (job.scratch / "frames" / "1" / "first.jpg").unlink()
    with _scratch(tmp_path / "disk", job).opened() as parameters:
        assert _names(Path(parameters["output_dir"])) == {"1/second.jpg"}
    assert _names(tmp_path / "disk" / JOB_ID / "made") == {"frames/1/second.jpg"}


def test_task_whose_local_files_were_deleted_is_not_done(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened():
        shutil.rmtree(tmp_path / "disk")
        assert not scratch.hand_over(_go_on)
    assert (job.scratch / "clips" / "1" / "clips.json").exists()


def test_tasks_side_by_side_add_to_one_folder(tmp_path: Path, job: JobFolder):
    first, second = _scratch(tmp_path / "disk a", job), _scratch(tmp_path / "disk b", job)
    third = _scratch(tmp_path / "disk a", job)
    with first.opened() as in_first, second.opened() as in_second, third.opened() as in_third:
        for scratch, parameters, name in [(first, in_first, "1"), (second, in_second, "2"), (third, in_third, "3")]:
            _write(Path(parameters["output_dir"]) / "1" / f"frames_part_{name}.json", name)
            assert scratch.hand_over(_go_on)
    assert _names(job.scratch / "frames") == {f"1/frames_part_{part}.json" for part in (1, 2, 3)}


def test_room_is_made_while_a_task_reads_what_is_deleted(tmp_path: Path, job: JobFolder):
    _work(tmp_path / "disk", job, frame="first")
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        scratch.make_room()
        frame = Path(parameters["output_dir"]) / "1" / "frame.jpg"
        assert frame.read_text() == "first"
        _write(frame, "second")
        assert scratch.hand_over(_go_on)
    assert (job.scratch / "frames" / "1" / "frame.jpg").read_text() == "second"


def test_work_of_an_attempt_that_is_called_off_does_not_come_back(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        _write(Path(parameters["output_dir"]) / "1" / "frame.jpg", "frame")
        assert not scratch.hand_over(lambda: False)
    assert not _names(job.scratch / "frames")


def test_detections_of_a_task_that_did_not_end_well_come_back(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job, detections_dir="detections")
    with scratch.opened() as parameters:
        _write(Path(parameters["detections_dir"]) / "1" / "1_clip_000.npz", "detections")
        _write(Path(parameters["output_dir"]) / "1" / "frame.jpg", "frame")
        scratch.hand_over_kept()
    assert _names(job.scratch / "detections") == {"1/1_clip_000.npz"}
    assert not (job.scratch / "frames").exists()


def test_job_that_has_gone_does_not_come_back(tmp_path: Path, job: JobFolder):
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        _write(Path(parameters["output_dir"]) / "1" / "frame.jpg", "frame")
        job.path.rename(tmp_path / "deleted")
        assert not scratch.hand_over(_go_on)
        scratch.hand_over_kept()
    assert not job.path.exists()


@pytest.mark.parametrize("end", ["ended", "gone"])
def test_local_files_of_a_job_go_with_it_once_no_task_works_there(end: str, tmp_path: Path, job: JobFolder):
    disk = tmp_path / "disk"
    _work(disk, job, frame="frame")
    sweep(disk)
    assert _names(disk / JOB_ID) == {"job", "made/frames/1/frame.jpg"}
    with _scratch(disk, job).opened() as parameters:
        if end == "gone":
            job.path.rename(tmp_path / "deleted")
        else:
            job.result.write_text("{}")
        sweep(disk)
        assert Path(parameters["clips_dir"]).is_dir()
    # nobody asks for it: a thread does as long as anything is there
    assert wait_until(lambda: not any(disk.iterdir()), 20)


def test_what_a_killed_worker_left_goes_with_the_next_task(tmp_path: Path, job: JobFolder):
    disk, other = tmp_path / "disk", JobFolder(job.path.with_name("20261128-fedcba9876543210"))
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from videoprep_nb.jobs.engine.local_scratch import LocalScratch\n"
        "from videoprep_nb.jobs.storage.folder import JobFolder\n"
        "disk, job = map(Path, sys.argv[1:])\n"
        "with LocalScratch(disk, JobFolder(job), '1', {'clips_dir': str(job / 'scratch/clips')}).opened():\n"
        "    print('open', flush=True)\n    time.sleep(600)"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, disk, job.path], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"open\n"
    sweep(disk)
    [left] = disk.glob(f"{JOB_ID}/task-*")
    killed.kill()
    killed.communicate()
    other.scratch.mkdir(parents=True)
    with _scratch(disk, other).opened():
        assert wait_until(lambda: not left.exists(), 20)
    assert (disk / JOB_ID).exists()


def test_what_is_not_ours_is_left_alone(tmp_path: Path):
    _write(tmp_path / JOB_ID / "file", "of somebody else")
    sweep(tmp_path)
    assert _names(tmp_path) == {f"{JOB_ID}/file"}


def test_scratch_folder_is_private(tmp_path: Path, job: JobFolder):
    with _scratch(tmp_path / "disk", job).opened():
        assert (tmp_path / "disk" / JOB_ID).stat().st_mode & 0o077 == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(tmp_path / "small disk", "64k") as disk:
        yield disk


def _fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def test_full_local_disk_is_named(small_disk: Path, job: JobFolder, monkeypatch: pytest.MonkeyPatch):
    _fill(small_disk)
    with (
        pytest.raises(ScratchFullError, match=r"scratch folder .*small disk .*0\.0 MB are free"),
        _scratch(small_disk, job).opened(),
    ):
        pass
    assert not list((small_disk / JOB_ID).glob("made/**/*.jpg"))  # it is in the workspace, too
    monkeypatch.setenv(SCRATCH_DIR_VARIABLE, str(small_disk))
    assert isinstance(disk_full_error(small_disk), ScratchFullError)
    assert not isinstance(disk_full_error(job.path), ScratchFullError)


def test_full_disk_of_the_workspace_is_not_mistaken_for_the_local_one(small_disk: Path, tmp_path: Path):
    job = JobFolder(small_disk / JOB_ID)
    job.scratch.mkdir(parents=True)
    scratch = _scratch(tmp_path / "disk", job)
    with scratch.opened() as parameters:
        _write(Path(parameters["output_dir"]) / "1" / "frame.jpg", "x" * 50_000)
        _fill(small_disk)
        with pytest.raises(DiskFullError, match="The disk is full") as caught:
            scratch.hand_over(_go_on)
    assert not isinstance(caught.value, ScratchFullError)
    assert not list(job.scratch.rglob(".partial-*"))


def test_scratch_folder_that_cannot_be_used_is_refused_at_once(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="cannot be used as a scratch folder"):
        EngineSettings(scratch_dir=file)
    with pytest.raises(InputError, match=f"--scratch-dir is for workers on this machine.*{SCRATCH_DIR_VARIABLE}"):
        EngineSettings(scheduler="127.0.0.1:8786", scratch_dir=tmp_path)
    check_scratch_dir(tmp_path / "new" / "folder")
    assert [path.name for path in tmp_path.glob("new/**/*")] == ["folder"]
