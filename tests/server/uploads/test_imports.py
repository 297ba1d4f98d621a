"""Videos that lie on the server: what may be listed, inspected and taken, and what may not."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.odd_names import ODD_NAMES, odd_path
from tests.support.web_server import SMALL_LIMITS, RunningServer, assert_problem, running_server
from videoprep_nb.core.file_names import path_to_text
from videoprep_nb.jobs.models import JobSpec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for import, with a workspace in it, and secrets beside it."""
    base = tmp_path_factory.mktemp("imports").resolve()
    root = base / "videos"
    (root / "street").mkdir(parents=True)
    (root / "street" / "a.mp4").write_bytes(b"no video")
    (root / "b.mp4").write_bytes(b"neither")
    (root / ".hidden.mp4").write_bytes(b"x")
    (base / "secret.mp4").write_bytes(b"secret")
    (base / "videos2").mkdir()
    (base / "videos2" / "c.mp4").write_bytes(b"secret")
    (root / "link.mp4").symlink_to(base / "secret.mp4")
    (root / "way out").symlink_to(base)
    (root / "circle").symlink_to(root / "circle")
    odd = root / os.fsdecode(b"odd\xff")
    odd.mkdir()
    for name in ODD_NAMES:
        odd_path(odd, name).write_bytes(name)
    os.mkfifo(root / "pipe.mp4")
    return root


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with running_server(folder / "workspace", replace(SMALL_LIMITS, import_roots=(folder,))) as running:
        yield running


def listed(server: RunningServer, path: Path | None = None) -> list[tuple[str, bool, int]]:
    answer = server.client.get("/api/imports", params={"path": str(path)} if path else {})
    assert answer.status_code == 200, answer.text
    return [(entry["path"], entry["is_folder"], entry["size_bytes"]) for entry in answer.json()]


def take(server: RunningServer, path: object):
    return server.client.post("/api/jobs", json={"videos": [{"server_path": str(path)}]})


def test_folders_are_listed(server: RunningServer, folder: Path):
    assert listed(server) == [(str(folder), True, 0)]
    assert listed(server, folder) == [
        (path_to_text(folder / os.fsdecode(b"odd\xff")), True, 0),
        (str(folder / "street"), True, 0),
        (str(folder / "b.mp4"), False, 7),
    ]
    assert listed(server, folder / "street") == [(str(folder / "street" / "a.mp4"), False, 8)]


def test_file_is_read_in_place(server: RunningServer, folder: Path):
    answer = take(server, folder / "street" / "a.mp4")
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    assert server.client.get(f"/api/jobs/{job_id}").json()["video_names"] == ["a.mp4"]
    assert list((server.service.workspace.jobs_dir / job_id / "input").iterdir()) == []
    assert (folder / "street" / "a.mp4").read_bytes() == b"no video"


def test_files_of_odd_names_are_shown_inspected_and_taken(server: RunningServer, folder: Path):
    (odd,) = [path for path, is_folder, _ in listed(server, folder) if is_folder and path.startswith("file:")]
    entries = server.client.get("/api/imports", params={"path": odd}).json()
    assert sorted(entry["name"] for entry in entries) == sorted(ODD_NAMES.values())
    for entry in entries:
        found = server.client.get("/api/imports/probe", params={"path": entry["path"]}, timeout=120).json()
        assert found["problem"].startswith(f"{entry['name']} cannot be processed")
    answer = server.client.post("/api/jobs", json={"videos": [{"server_path": entry["path"]} for entry in entries[:5]]})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    names = [entry["name"] for entry in entries[:5]]
    assert server.client.get(f"/api/jobs/{job_id}").json()["video_names"] == names
    spec = JobSpec.read(server.service.workspace.job_folder(job_id).spec)
    assert [ODD_NAMES[video.path.read_bytes()] for video in spec.videos] == names


def test_file_is_inspected(server: RunningServer, folder: Path):
    found = server.client.get("/api/imports/probe", params={"path": str(folder / "b.mp4")}, timeout=120).json()
    assert "b.mp4" in found["problem"]
    assert str(folder) not in found["problem"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("{root}/../secret.mp4", id="dots"),
        pytest.param("{root}/street/../../secret.mp4", id="dots inside"),
        pytest.param("{root}/link.mp4", id="link to a file"),
        pytest.param("{root}/way out/secret.mp4", id="link to a folder"),
        pytest.param("{root}/way out", id="link"),
        pytest.param("{root}/circle", id="link in a circle"),
        pytest.param("{root}2/c.mp4", id="folder of a similar name"),
        pytest.param("{root}/workspace/jobs.sqlite", id="workspace"),
        pytest.param("{root}/street/../workspace", id="workspace with dots"),
        pytest.param("{root}/absent.mp4", id="absent"),
        pytest.param("{root}/pipe.mp4", id="pipe"),
        pytest.param("/etc/passwd", id="elsewhere"),
        pytest.param("/proc/self/cwd", id="proc"),
        pytest.param("street/a.mp4", id="relative"),
        pytest.param("{root}/a\0b", id="NUL"),
        pytest.param("file://{root}/a%00b", id="NUL in a URL"),
        pytest.param("file:///etc/passwd", id="URL elsewhere"),
        pytest.param("file://{root}/%2e%2e/secret.mp4", id="dots in a URL"),
        pytest.param("file://{root}/link.mp4", id="link in a URL"),
        pytest.param("{root}/" + "x" * 3000, id="endless"),
    ],
)
def test_nothing_else_can_be_reached(path: str, server: RunningServer, folder: Path):
    filled = path.format(root=folder)
    for answer in (
        server.client.get("/api/imports", params={"path": filled}),
        server.client.get("/api/imports/probe", params={"path": filled}),
        take(server, filled),
    ):
        assert_problem(answer, 400, "cannot be used")


def test_without_folders_nothing_is_offered(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    with running_server(tmp_path / "workspace") as server:
        assert listed(server) == []
        assert_problem(server.client.get("/api/imports", params={"path": "/"}), 400)
        assert_problem(take(server, tmp_path / "a.mp4"), 400)
