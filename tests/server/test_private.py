"""What a service leaves to others during a job: nothing to read, nothing half-written, no word to anybody."""

import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.job_services import wait_until
from videoprep_nb.media.sample import write_sample

ROOT = Path(__file__).resolve().parents[2]
ENDED = ("done", "failed", "cancelled", "completed with errors")

# Python runs it in every process; what it is reported cannot be evaded
RECORDER = """
import os, socket, sys

LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)

def record(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host not in LOOPBACK and host != socket.gethostname():
        with open(os.environ["RECORDED_CONNECTIONS"], "a") as file:
            file.write(f"{host} {event} {sys.argv}\\n")

sys.addaudithook(record)
"""


@dataclass
class Finished:
    """A job that a service has done, in a home of its own.

    Args:
        workspace: The folder of the service.
        home: The home of its user, empty before.
        connections: What processes asked of other machines, a line each.
        broken_reports: Names of reports that were not whole when ``reports.zip`` was read.
        downloads: How often it was read while the job ran.
    """

    workspace: Path
    home: Path
    connections: str
    broken_reports: set[str]
    downloads: int


@contextmanager
def service(workspace: Path, home: Path, recorder: Path) -> Iterator[str]:
    """A service for a user with a home and the usual mask, which records whom its processes ask."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "VIDEOPREP_", "YOLO_"))}
    environment = kept | {
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(recorder), str(ROOT)]),
        "RECORDED_CONNECTIONS": str(recorder / "connections"),
    }
    command = [sys.executable, "-m", "videoprep_nb.cli.main", "serve", "--port", "0", "--workspace", str(workspace)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment, umask=0o022)
    assert process.stdout is not None
    with process:
        try:
            match = re.search(r"http://\S+", process.stdout.readline())
            assert match
            yield match[0]
        finally:
            process.terminate()


def broken_in(content: bytes) -> set[str]:
    """Names of the reports in a zip that are not whole."""
    broken = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode()
            try:
                whole = text.rstrip().endswith("</html>") if name.endswith(".html") else bool(json.loads(text)["cells"])
            except ValueError:
                whole = False
            if not whole:
                broken.add(name)
    return broken


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("private")
    workspace, home, recorder = (folder / name for name in ("workspace", "home", "recorder"))
    for each in (workspace, home, recorder):
        each.mkdir(mode=0o755)
    (recorder / "sitecustomize.py").write_text(RECORDER)
    (recorder / "connections").touch()
    write_sample(folder / "a.mp4", duration_s=2.0)
    broken: set[str] = set()
    downloads = 0
    with (
        service(workspace, home, recorder) as address,
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        answer = client.post("/api/jobs", files={"videos": ("a.mp4", (folder / "a.mp4").read_bytes())})
        path = f"/api/jobs/{answer.json()['job_id']}"

        def has_ended() -> bool:
            nonlocal downloads
            zipped = client.get(f"{path}/reports.zip")
            if zipped.status_code == 200:
                downloads += 1
                broken.update(broken_in(zipped.content))
            return client.get(path).json()["state"] in ENDED

        assert wait_until(has_ended)
        job = client.get(path).json()
        assert job["state"] == "done", job
    return Finished(workspace, home, (recorder / "connections").read_text(), broken, downloads)


@pytest.mark.slow
def test_other_users_can_read_nothing_of_a_workspace(finished: Finished):
    open_to_others = [
        path
        for path in (finished.workspace, *finished.workspace.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


@pytest.mark.slow
def test_reports_are_whole_while_a_job_runs(finished: Finished):
    assert finished.downloads > 10
    assert finished.broken_reports == set()


@pytest.mark.slow
def test_a_job_asks_no_other_machine(finished: Finished):
    assert finished.connections == ""


@pytest.mark.slow
def test_a_job_writes_nothing_to_the_home_of_its_user_but_the_cache(finished: Finished):
    cache = finished.home / ".cache" / "videoprep"
    assert cache.is_dir()
    others = [
        path for path in finished.home.rglob("*") if path not in (cache, cache.parent) and cache not in path.parents
    ]
    assert others == []


@pytest.mark.slow
def test_no_file_with_the_key_of_a_kernel_stays(finished: Finished):
    assert list(finished.workspace.rglob("kernel*.json")) == []
