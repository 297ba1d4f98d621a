"""The folder of a service: its names, its lock, and what a hostile name cannot reach."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from videoprep_nb.core.errors import InputError, NoSuchJob
from videoprep_nb.jobs.storage.workspace import Workspace, check_job_id

JOB_ID = "20260131-0123456789abcdef"

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from videoprep_nb.jobs.storage.workspace import Workspace
with Workspace(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the lock of the workspace ``tmp_path``."""
    argv = [sys.executable, "-c", HOLD_THE_LOCK, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_second_service_reports_who_holds_the_workspace(tmp_path: Path, holder: subprocess.Popen):
    with pytest.raises(InputError, match=rf"process {holder.pid} on "), Workspace(tmp_path).lock():
        pytest.fail("two services hold the same workspace")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "terminated"])
def test_lock_is_free_when_its_holder_has_died(tmp_path: Path, holder: subprocess.Popen, end: signal.Signals):
    holder.send_signal(end)
    holder.wait()
    with Workspace(tmp_path).lock():
        assert f"process {os.getpid()} " in (tmp_path / "service.lock").read_text()


def test_lock_can_be_taken_again_and_keeps_out_the_same_process_too(tmp_path: Path):
    workspace = Workspace(tmp_path / "new")
    for _ in range(2):
        with workspace.lock():
            assert workspace.locked
            assert workspace.jobs_dir.is_dir()
            assert workspace.uploads_dir.is_dir()
            with pytest.raises(InputError), Workspace(tmp_path / "new").lock():
                pytest.fail("the lock was given twice")
        assert not workspace.locked


def test_child_that_outlives_the_service_does_not_keep_the_lock(tmp_path: Path):
    end = """
    import os, subprocess
    print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, flush=True)
    os.kill(os.getpid(), 9)
"""
    code = HOLD_THE_LOCK.replace("    sys.stdin.read()\n", end)
    output = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE).stdout
    child = int(output.split()[1])
    with Workspace(tmp_path).lock():
        os.kill(child, signal.SIGKILL)  # it was still there


def test_workspace_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be used"), Workspace(tmp_path / "file" / "workspace").lock():
        pytest.fail("a workspace inside a file")


def test_job_id_is_accepted():
    check_job_id(JOB_ID)


@pytest.mark.parametrize(
    "job_id",
    [
        pytest.param("", id="empty"),
        pytest.param("..", id="parent"),
        pytest.param("../../etc/passwd", id="way out"),
        pytest.param(f"{JOB_ID}/../{JOB_ID}", id="way round"),
        pytest.param(f"{JOB_ID}\n", id="line end"),
        pytest.param(f"{JOB_ID}\0", id="NUL"),
        pytest.param(JOB_ID.upper(), id="upper case"),
        pytest.param(JOB_ID[:-1], id="short"),
        pytest.param(JOB_ID.replace("0", "٠"), id="arabic digits"),
        pytest.param("a" * 100_000, id="long"),
    ],
)
def test_anything_else_is_no_job_id(tmp_path: Path, job_id: str):
    with pytest.raises(NoSuchJob) as caught:
        Workspace(tmp_path).job_folder(job_id)
    assert len(str(caught.value)) < 1000


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The reports folder of a job with two reports, a link out of it, and a secret outside."""
    folder = Workspace(tmp_path).job_folder(JOB_ID).reports
    folder.mkdir(parents=True)
    for name in ("index.html", "04_track_persons_1.ipynb", "notes.txt", ".partial-1-index.html"):
        (folder / name).write_text("x")
    (tmp_path / "secret.html").write_text("secret")
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    (folder / "folder.html").mkdir()
    return folder


@pytest.mark.parametrize("name", ["index.html", "04_track_persons_1.ipynb"])
def test_report_is_found(tmp_path: Path, reports: Path, name: str):
    assert Workspace(tmp_path).report_path(JOB_ID, name) == reports / name


@pytest.mark.parametrize(
    "name",
    [
        "absent.html",
        "notes.txt",
        ".partial-1-index.html",
        "link.html",
        "folder.html",
        "../../../secret.html",
        "../reports/index.html",
        "/etc/passwd",
        "index.html\0",
        "index.html\n",
        "",
        "..",
        "a" * 100_000 + ".html",
    ],
    ids=lambda name: repr(name[:30]),
)
def test_any_other_name_is_no_report(tmp_path: Path, reports: Path, name: str):
    assert Workspace(tmp_path).report_path(JOB_ID, name) is None


def test_report_behind_a_linked_folder_is_not_given_out(tmp_path: Path, reports: Path):
    moved = tmp_path / "elsewhere"
    reports.rename(moved)
    reports.symlink_to(moved)
    assert Workspace(tmp_path).report_path(JOB_ID, "index.html") is None


def test_workspace_may_be_reached_by_a_link(tmp_path: Path, reports: Path):
    link = tmp_path.with_name(tmp_path.name + "-link")
    link.symlink_to(tmp_path)
    assert Workspace(link).report_path(JOB_ID, "index.html") == reports / "index.html"


def test_used_bytes_counts_files_and_not_what_links_lead_to(tmp_path: Path):
    workspace = Workspace(tmp_path)
    assert workspace.used_bytes(JOB_ID) == 0
    (tmp_path / "big").write_bytes(bytes(10_000))
    folder = workspace.job_folder(JOB_ID)
    folder.scratch.mkdir(parents=True)
    folder.package.write_bytes(bytes(1000))
    (folder.scratch / "clip.mp4").write_bytes(bytes(200))
    link = folder.scratch / "link"
    link.symlink_to(tmp_path / "big")
    (folder.scratch / "round").symlink_to(folder.path)
    links = link.lstat().st_size + (folder.scratch / "round").lstat().st_size
    assert workspace.used_bytes(JOB_ID) == 1200 + links


def test_upload_folders_are_new_and_cannot_be_guessed(tmp_path: Path):
    folders = [Workspace(tmp_path).new_upload_path() for _ in range(3)]
    assert len({folder.name for folder in folders}) == 3
    assert all(folder.parent == tmp_path / "uploads" and len(folder.name) == 32 for folder in folders)


def test_deleted_lock_file_lets_no_second_service_in(tmp_path: Path, holder: subprocess.Popen):
    assert "process" in Workspace(tmp_path).user()
    (tmp_path / "service.lock").unlink()
    for _ in range(2):
        assert Workspace(tmp_path).user()
        with pytest.raises(InputError, match="used by another service"), Workspace(tmp_path).lock():
            pytest.fail("two services hold the same workspace")
    assert holder.poll() is None


def test_workspace_of_an_older_version_is_closed_to_others(tmp_path: Path):
    tmp_path.chmod(0o755)
    with Workspace(tmp_path).lock():
        assert tmp_path.stat().st_mode & 0o777 == 0o700
