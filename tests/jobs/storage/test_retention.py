"""What clean() deletes and what it must never touch, looked up on the disk afterwards."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from videoprep_nb.core.errors import InputError
from videoprep_nb.jobs.models import JobSpec, State, VideoInput
from videoprep_nb.jobs.params import JobOptions
from videoprep_nb.jobs.storage.folder import JobFolder
from videoprep_nb.jobs.storage.retention import clean, remove_tree, sweep_processes
from videoprep_nb.jobs.storage.workspace import WORKSPACE_VARIABLE, Workspace
from videoprep_nb.jobs.store.store import Store

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
KEEP_RESULTS_S = 30 * 86400.0
JOB_ID = "20260131-0123456789abcdef"
ORPHAN_ID = "20260131-fedcba9876543210"
UPLOAD_ID = "0123456789abcdef" * 2


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "workspace")
    with workspace.lock():
        pass
    return workspace


@pytest.fixture
def store(workspace: Workspace):
    store = Store(workspace.database)
    yield store
    store.close()


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder outside the workspace."""
    folder = tmp_path / "precious"
    (folder / "scratch").mkdir(parents=True)
    (folder / "scratch" / "wedding.mp4").write_bytes(bytes(5000))
    (folder / ".partial-1-letter").write_bytes(bytes(100))
    set_age(folder, timedelta(days=900))
    return folder


def content(folder: Path) -> dict[str, int]:
    """Name and size of every file below a folder."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def set_age(path: Path, age: timedelta) -> None:
    """Let a file, or a folder with all that is in it, be this old."""
    time_s = (NOW - age).timestamp()
    for entry in [*path.rglob("*"), path]:
        os.utime(entry, (time_s, time_s), follow_symlinks=False)


def make_files(folder: JobFolder) -> None:
    """Files of 1000 bytes in every part of a job."""
    for file in (
        folder.package,
        folder.spec,
        folder.reports / "index.html",
        folder.path / "input" / "000.mp4",
        folder.scratch / "clips" / "1_clip_000.mp4",
        folder.kept / "tracks" / "1_clip_000.json",
        folder.path / ".partial-7-job.json",
        folder.reports / ".partial-7-index.html",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(1000))


def add_job(
    workspace: Workspace, store: Store, state: State, ended_before: timedelta, keep_scratch: bool = False
) -> JobFolder:
    video = VideoInput(video_id="1", original_name="a.mp4", path=Path("a.mp4"))
    at = NOW - ended_before
    store.add_job(
        JobSpec(
            job_id=JOB_ID, created_at=at, version="0", videos=[video], options=JobOptions(keep_scratch=keep_scratch)
        ),
        size_bytes=1000,
        owner="",
        at=at,
    )
    if state is not State.QUEUED:
        store.set_job_state(JOB_ID, State.RUNNING, "", at)
    if state not in (State.QUEUED, State.RUNNING):
        store.set_job_state(JOB_ID, state, "", at)
    folder = workspace.job_folder(JOB_ID)
    make_files(folder)
    set_age(folder.path, ended_before)
    return folder


RESULTS = {"final_package.zip", "job.json", "reports/index.html", "input/000.mp4"}
SCRATCH = {"scratch/clips/1_clip_000.mp4"}
FOR_RETRY = {"kept/tracks/1_clip_000.json"}
HALF_WRITTEN = {".partial-7-job.json", "reports/.partial-7-index.html"}
EVERYTHING = RESULTS | SCRATCH | FOR_RETRY | HALF_WRITTEN
FRESH, YOUNG, OLD = timedelta(days=6), timedelta(days=29), timedelta(days=31)


@pytest.mark.parametrize(
    ("state", "ended_before", "keep_scratch", "left"),
    [
        pytest.param(State.QUEUED, OLD, False, EVERYTHING, id="queued"),
        pytest.param(State.RUNNING, OLD, False, EVERYTHING, id="running"),
        pytest.param(State.DONE, YOUNG, False, RESULTS, id="done"),
        pytest.param(State.FAILED, FRESH, False, RESULTS | FOR_RETRY, id="failed a few days ago"),
        pytest.param(State.FAILED, YOUNG, False, RESULTS, id="failed"),
        pytest.param(State.CANCELLED, YOUNG, False, RESULTS, id="cancelled"),
        pytest.param(State.COMPLETED_WITH_ERRORS, YOUNG, False, RESULTS, id="completed with errors"),
        pytest.param(State.DONE, YOUNG, True, RESULTS | SCRATCH, id="scratch kept on request"),
        pytest.param(State.DONE, OLD, False, set(), id="old"),
        pytest.param(State.DONE, OLD, True, set(), id="old, scratch kept on request"),
    ],
)
def test_files_of_a_job(
    workspace: Workspace, store: Store, state: State, ended_before: timedelta, keep_scratch: bool, left: set[str]
):
    folder = add_job(workspace, store, state, ended_before, keep_scratch)
    report = clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert set(content(folder.path)) == left
    assert report.freed_bytes == 1000 * len(EVERYTHING - left)
    assert bool(report.items) == (left != EVERYTHING)
    assert store.job(JOB_ID).state is state
    assert store.job(JOB_ID).results_deleted_at == (None if left else NOW)
    assert clean(workspace, store, KEEP_RESULTS_S, NOW).items == []


def test_half_of_what_was_kept_is_not_taken_for_all_of_it(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
):
    folder = add_job(workspace, store, State.FAILED, YOUNG)
    (folder.kept / "tracks" / "1_clip_001.json").write_bytes(bytes(1000))
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse_after(1, os.unlink))
        report = clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert any(item.startswith(f"jobs/{JOB_ID}/kept (kept for a retry) could not be deleted") for item in report.items)
    assert not folder.kept.exists()
    clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert set(content(folder.path)) == RESULTS


def refuse_after(count: int, call: Callable[..., None]) -> Callable[..., None]:
    """A call of the system that fails after a number of files of what is kept."""
    left = [count]

    def refusing(name: str, *arguments: object, **named: object) -> None:
        if str(name) in ("1_clip_000.json", "1_clip_001.json"):
            if not left[0]:
                raise OSError(errno.EIO, "Input/output error")
            left[0] -= 1
        call(name, *arguments, **named)

    return refusing


@pytest.mark.parametrize(
    ("name", "age", "stays"),
    [
        pytest.param(f"jobs/{ORPHAN_ID}", timedelta(days=900), True, id="job that the store does not know"),
        pytest.param("jobs/notes of the administrator", timedelta(days=900), True, id="not ours, among jobs"),
        pytest.param("backup", timedelta(days=900), True, id="not ours"),
        pytest.param("uploads/notes", timedelta(days=900), True, id="not ours, among uploads"),
        pytest.param(f"uploads/{UPLOAD_ID}", timedelta(hours=23), True, id="young upload"),
        pytest.param(f"uploads/{UPLOAD_ID}", timedelta(hours=25), False, id="upload"),
        pytest.param(".partial-7-x", timedelta(minutes=59), True, id="being written"),
        pytest.param(".partial-7-x", timedelta(minutes=61), False, id="half-written"),
        pytest.param("jobs/.partial-7-x", timedelta(minutes=61), False, id="half-written job"),
    ],
)
def test_folders_without_a_job(workspace: Workspace, store: Store, name: str, age: timedelta, stays: bool):
    folder = workspace.path / name
    (folder / "deep").mkdir(parents=True)
    (folder / "content.bin").write_bytes(bytes(700))  # an upload of which something has arrived
    set_age(folder, age)
    report = clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert folder.exists() is stays
    assert report.freed_bytes == (0 if stays else 700)
    assert workspace.database.exists()


def test_upload_that_still_grows_is_not_given_up(workspace: Workspace, store: Store):
    folder = workspace.new_upload_path()
    folder.mkdir()
    (folder / "000.mp4").write_bytes(bytes(10))
    set_age(folder, timedelta(days=3))
    os.utime(folder / "000.mp4", (NOW.timestamp() - 5, NOW.timestamp() - 5))
    assert clean(workspace, store, KEEP_RESULTS_S, NOW).items == []
    assert (folder / "000.mp4").exists()


def link_job(folder: JobFolder, precious: Path) -> None:
    folder.path.rename(folder.path.with_name("moved"))
    folder.path.symlink_to(precious)


def link_part(name: str) -> Callable[[JobFolder, Path], None]:
    def link(folder: JobFolder, precious: Path) -> None:
        part = folder.path / name
        if part.exists():
            part.rename(folder.path / f"moved {part.name}")
        part.symlink_to(precious)

    return link


def link_jobs_folder(folder: JobFolder, precious: Path) -> None:
    jobs = folder.path.parent
    folder.path.rename(precious / folder.path.name)
    jobs.rmdir()
    jobs.symlink_to(precious)


@pytest.mark.parametrize("ended_before", [YOUNG, OLD], ids=["young", "old"])
@pytest.mark.parametrize(
    "link",
    [
        pytest.param(link_job, id="job"),
        pytest.param(link_part("scratch"), id="scratch"),
        pytest.param(link_part("reports"), id="reports"),
        pytest.param(link_part("scratch/clips"), id="inside scratch"),
        pytest.param(link_part(".partial-8-x"), id="half-written"),
        pytest.param(link_jobs_folder, id="all jobs"),
    ],
)
def test_what_links_lead_to_is_never_touched(
    workspace: Workspace, store: Store, precious: Path, link: Callable, ended_before: timedelta
):
    folder = add_job(workspace, store, State.DONE, ended_before)
    link(folder, precious)
    before = content(precious)
    for name in (f"uploads/{UPLOAD_ID}", f"jobs/{ORPHAN_ID}", ".partial-9-link"):
        (workspace.path / name).symlink_to(precious)
        os.utime(workspace.path / name, (0, 0), follow_symlinks=False)
    clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert content(precious) == before
    assert not (workspace.path / "uploads" / UPLOAD_ID).is_symlink()
    assert not (workspace.path / ".partial-9-link").is_symlink()


def test_scratch_that_is_a_link_is_removed_itself(workspace: Workspace, store: Store, precious: Path):
    folder = add_job(workspace, store, State.DONE, YOUNG)
    link_part("scratch")(folder, precious)
    clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert not folder.scratch.is_symlink()


def test_hard_link_loses_only_the_name_in_the_workspace(workspace: Workspace, store: Store, precious: Path):
    folder = add_job(workspace, store, State.DONE, YOUNG)
    (folder.scratch / "000.mp4").hardlink_to(precious / "scratch" / "wedding.mp4")
    report = clean(workspace, store, KEEP_RESULTS_S, NOW)
    assert (precious / "scratch" / "wedding.mp4").read_bytes() == bytes(5000)
    assert not folder.scratch.exists()
    assert report.freed_bytes == 1000 * len(SCRATCH | FOR_RETRY | HALF_WRITTEN)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../precious", "jobs/../../precious", "jobs/..", "jobs/../..", "out/scratch", "/", "/etc/passwd"],
)
def test_paths_that_lead_out_are_refused(workspace: Workspace, precious: Path, path: str):
    (workspace.path / "out").symlink_to(precious)
    before = content(precious), sorted(workspace.path.iterdir())
    with pytest.raises(InputError, match="outside the workspace"):
        remove_tree(workspace, workspace.path / path)
    assert (content(precious), sorted(workspace.path.iterdir())) == before


def test_nothing_to_delete_is_no_error(workspace: Workspace):
    assert remove_tree(workspace, workspace.jobs_dir / ORPHAN_ID) == 0


def test_what_cannot_be_deleted_is_reported_and_the_rest_goes(workspace: Workspace, store: Store):
    folder = add_job(workspace, store, State.DONE, OLD)
    upload = workspace.new_upload_path()
    upload.mkdir()
    set_age(upload, timedelta(days=2))
    (folder.path / "mount").mkdir()
    mount = f"mount -t tmpfs none '{folder.path}/mount'"
    code = (
        "import sys; from datetime import datetime; from pathlib import Path\n"
        "from videoprep_nb.jobs.storage.retention import *\n"
        "workspace = Workspace(Path(sys.argv[1])); store = Store(workspace.database)\n"
        "print(*clean(workspace, store, float(sys.argv[2]), datetime.fromisoformat(sys.argv[3])).items, sep='\\n')"
    )
    shell = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*shell, mount], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    argv = [sys.executable, "-c", code, str(workspace.path), str(KEEP_RESULTS_S), NOW.isoformat()]
    output = subprocess.check_output([*shell, f'{mount} && exec "$@"', "sh", *argv], text=True)
    assert f"jobs/{JOB_ID} (results of a job that ended on 2026-02-28) could not be deleted: " in output
    assert not upload.exists()
    assert store.job(JOB_ID).results_deleted_at is None
    assert clean(workspace, store, KEEP_RESULTS_S, NOW).items  # the next one succeeds
    assert not folder.path.exists()


def start_sleeper(environment: dict[str, str]) -> psutil.Popen:
    """A process with a child of its own."""
    code = "import subprocess; child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); child.wait()"
    return psutil.Popen([sys.executable, "-c", code], env=os.environ | environment, stdout=subprocess.PIPE)


def test_processes_of_a_crashed_service_are_killed_and_no_others(workspace: Workspace, tmp_path: Path):
    left_over = start_sleeper({WORKSPACE_VARIABLE: str(workspace.path)})
    others = [start_sleeper({}), start_sleeper({WORKSPACE_VARIABLE: str(tmp_path / "other")})]
    children = [psutil.Process(int(process.stdout.readline())) for process in (left_over, *others)]
    with workspace.lock():
        killed = sweep_processes(workspace)
    left_over.wait(timeout=10)
    assert set(killed) == {left_over.pid, children[0].pid}
    assert all(process.is_running() for process in (*others, *children[1:]))
    assert not children[0].is_running() or children[0].status() == psutil.STATUS_ZOMBIE
    for process in (*others, *children[1:]):
        process.kill()
    for process in others:
        process.wait(timeout=10)


def test_processes_are_not_swept_without_the_lock(workspace: Workspace):
    with pytest.raises(RuntimeError):
        sweep_processes(workspace)


def test_shell_that_started_the_service_lives(workspace: Workspace):
    code = (
        "import sys; from pathlib import Path; from videoprep_nb.jobs.storage.retention import *\n"
        "workspace = Workspace(Path(sys.argv[1]))\nwith workspace.lock(): print(sweep_processes(workspace))"
    )
    argv = ["sh", "-c", '"$@"; echo alive', "sh", sys.executable, "-c", code, str(workspace.path)]
    environment = os.environ | {WORKSPACE_VARIABLE: str(workspace.path)}
    assert subprocess.check_output(argv, env=environment, text=True).splitlines() == ["[]", "alive"]
