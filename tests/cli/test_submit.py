"""``videoprep jobs submit``, ``wait`` and ``download`` against a real service, also over a line that is cut."""

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from tests.support.command_line import videoprep
from tests.support.cutting_proxy import cutting_proxy
from tests.support.web_server import RunningServer, free_port, running_server, server_process
from videoprep_nb.cli import submit as submit_module
from videoprep_nb.cli import transfer
from videoprep_nb.jobs.models import JobSpec
from videoprep_nb.media.sample import write_sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("submit")) as running:
        yield running


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video, and in a subfolder a file that is none."""
    folder = tmp_path_factory.mktemp("recordings")
    write_sample(folder / "street.mp4", duration_s=1.0)
    (folder / "cam2").mkdir()
    (folder / "cam2" / "notes.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PAUSES_S", (0.05,) * 9)
    monkeypatch.setattr(submit_module, "_POLL_INTERVAL_S", 0.1)


def jobs(port: int, *arguments: str | Path) -> Result:
    return videoprep("jobs", "--server", f"http://127.0.0.1:{port}", *arguments, env={"NO_PROXY": "*"})


@pytest.fixture(scope="module")
def ended_job(server: RunningServer, recordings: Path) -> str:
    """The number of a job with a package and a refused video."""
    made = jobs(
        server.port, "submit", recordings, "--preset", "Fast draft", "--set", "clip.clip_duration_s=0.5", "--wait"
    )
    assert made.exit_code == 3, made.output
    job = server.client.get("/api/jobs").json()["jobs"][0]
    assert made.stderr.startswith(f"Job {job['number']}\n")
    notes, street, total, package = made.stdout.splitlines()
    assert notes.startswith("1. notes.mp4: failed.")
    assert street.startswith("2. street.mp4 (1.0 s): ")
    assert total.endswith("1 video refused")
    assert package == f"Package: videoprep jobs download {job['number']}"
    return str(job["number"])


def test_a_folder_becomes_a_job_with_the_settings_that_were_named(server: RunningServer, ended_job: str):
    job = server.client.get(f"/api/jobs/{ended_job}").json()
    assert sorted(job["video_names"]) == ["notes.mp4", "street.mp4"]
    done = next(video for video in job["videos"] if video["state"] == "done")
    assert done["clip_count"] == 2
    folder = server.service.workspace.job_folder(job["job_id"])
    assert JobSpec.read(folder.spec).params.root["clip"].model_dump(exclude_unset=True) == {"clip_duration_s": 0.5}


def test_wait_ends_like_run_and_prints_one_object_for_programs(server: RunningServer, ended_job: str):
    waited = jobs(server.port, "wait", ended_job, "--json")
    assert waited.exit_code == 3
    shown = json.loads(waited.stdout)
    assert shown["state"] == "completed with errors"
    assert shown["totals"]["refused_count"] == 1
    assert shown["totals"]["clip_count"] == 2


def test_package_is_whole_after_the_line_was_cut(server: RunningServer, ended_job: str, tmp_path: Path):
    whole = server.client.get(f"/api/jobs/{ended_job}/package").content
    third = len(whole) // 3
    with cutting_proxy(server.port, [third, third, third]) as port:
        fetched = jobs(port, "download", ended_job, "--output", tmp_path / "new" / "package.zip")
    assert fetched.exit_code == 0, fetched.output
    assert (tmp_path / "new" / "package.zip").read_bytes() == whole
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["package.zip"]
    with zipfile.ZipFile(tmp_path / "new" / "package.zip") as package:
        assert package.testzip() is None


def test_download_goes_on_where_another_call_ended(server: RunningServer, ended_job: str, tmp_path: Path, monkeypatch):
    whole = server.client.get(f"/api/jobs/{ended_job}/package").content
    half = len(whole) // 2
    file = tmp_path / "package.zip"
    with monkeypatch.context() as patched, cutting_proxy(server.port, [half, *[0] * 100]) as port:
        patched.setattr(transfer, "_PAUSES_S", (0.01,))
        assert jobs(port, "download", ended_job, "--output", file).exit_code == 1
    parts = [path.stat().st_size for path in tmp_path.iterdir()]
    assert not file.exists()
    assert len(parts) == 1
    assert 0 < parts[0] < half
    with cutting_proxy(server.port, [len(whole) - parts[0] + 8192]) as port:  # not enough for all of it
        assert jobs(port, "download", ended_job, "--output", file).exit_code == 0
    assert file.read_bytes() == whole


def test_videos_arrive_whole_over_a_line_that_is_cut(server: RunningServer, recordings: Path, tmp_path: Path):
    video = tmp_path / "large.mp4"
    video.write_bytes((recordings / "street.mp4").read_bytes() + b"\0" * 2_000_000)
    with cutting_proxy(server.port, [700_000, 700_000]) as port:
        submitted = jobs(port, "submit", video, "--json", "--keep-scratch", "--name", "Large")
    assert submitted.exit_code == 0, submitted.output
    job_id = json.loads(submitted.stdout)["job_id"]
    assert server.client.get(f"/api/jobs/{job_id}").json()["name"] == "Large"
    (arrived,) = server.service.workspace.job_folder(job_id).input.rglob("*.mp4")
    assert arrived.read_bytes() == video.read_bytes()
    assert jobs(server.port, "wait", job_id).exit_code == 0


def test_wrong_settings_are_reported_before_anything_is_sent(server: RunningServer, recordings: Path, tmp_path: Path):
    for arguments in (["--preset", "nobody"], ["--set", "clip.clip_duration_s=-1"], ["--params", tmp_path / "no.yaml"]):
        refused = jobs(server.port, "submit", recordings, *arguments)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.count("\n") == 1
    assert jobs(server.port, "submit", tmp_path / "missing.mp4").exit_code == 2
    assert server.client.get("/api/uploads/").json() == []


def test_what_the_service_refuses_is_wrong_usage(server: RunningServer, tmp_path: Path):
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate(10_000_000_000)
    refused = jobs(server.port, "submit", tmp_path / "huge.mp4")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1


@pytest.mark.exhaustive
def test_wait_outlives_a_new_start_of_the_service(recordings: Path, tmp_path: Path):
    port = free_port()
    command = [sys.executable, "-m", "videoprep_nb.cli.main", "jobs", "--server", f"http://127.0.0.1:{port}"]
    with server_process(tmp_path / "workspace", port) as process:
        number = jobs(port, "submit", recordings / "street.mp4").stdout.split()[-1]
        waiting = subprocess.Popen(
            [*command, "wait", number, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert waiting.stderr is not None
        assert "01_resize_1" in waiting.stderr.readline()  # the first task has ended
        process.kill()
        process.wait()
    assert any("waiting for it" in line for line in waiting.stderr)
    with server_process(tmp_path / "workspace", port):
        content, _ = waiting.communicate(timeout=300)
    assert waiting.returncode == 0
    assert json.loads(content)["state"] == "done"


def test_a_service_that_was_never_there_is_not_waited_for():
    absent = jobs(free_port(), "wait", "1")
    assert absent.exit_code == 1
    assert "does not answer" in absent.stderr


@pytest.mark.exhaustive
def test_ctrl_c_ends_the_command_and_not_the_job(server: RunningServer, tmp_path: Path):
    write_sample(tmp_path / "long.mp4", duration_s=15.0)  # its people take longer than the way of a signal
    number = jobs(server.port, "submit", tmp_path / "long.mp4").stdout.split()[-1]
    command = [sys.executable, "-m", "videoprep_nb.cli.main", "jobs", "--server", f"http://127.0.0.1:{server.port}"]
    waiting = subprocess.Popen([*command, "wait", number], stderr=subprocess.PIPE, text=True)
    assert waiting.stderr is not None
    assert "01_resize_1" in waiting.stderr.readline()  # it is at work: the first task has ended
    waiting.send_signal(signal.SIGINT)
    _, lines = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    assert f"jobs wait {number}" in lines
    assert server.client.get(f"/api/jobs/{number}").json()["state"] == "running"
    assert jobs(server.port, "cancel", number).exit_code == 0
