"""``videoprep push`` against a server that speaks CVAT's upload protocol over a real socket."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from tests.support.command_line import videoprep
from tests.support.cvat_server import TOKEN, CvatServer, cvat_server
from tests.support.results import write_result
from videoprep_nb.exports import push_to_cvat

pytest.importorskip("cvat_sdk", reason="the extra cvat is not installed")


@pytest.fixture
def server() -> Iterator[CvatServer]:
    with cvat_server() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(push_to_cvat, "_CHUNK_BYTES", 4000)
    monkeypatch.setattr(push_to_cvat, "_PAUSE_S", 0.01)
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    return tmp_path / "job"


def push(job: Path, server: CvatServer, *arguments: str) -> Result:
    return videoprep("push", job, "--cvat", server.address, "--token-file", job.parent / "token", *arguments)


def test_the_project_is_the_backup(job: Path, server: CvatServer) -> None:
    before = sorted(job.rglob("*"))
    result = push(job, server, "--set", "labels={label: person, attributes: {action: [walk]}}")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == f"{server.address}/projects/7"
    [content] = server.projects
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert b'"walk"' in archive.read("project.json")
        assert "task_0/data/1_clip_000.zip" in archive.namelist()
    assert sorted(job.rglob("*")) == before
    assert set(server.tokens) == {f"Bearer {TOKEN}"}


def test_connections_that_break_cost_nothing(job: Path, server: CvatServer) -> None:
    server.breaks_left = 3
    assert push(job, server).exit_code == 0
    [content] = server.projects
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_an_upload_that_was_cut_goes_on(job: Path, server: CvatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_to_cvat, "_ATTEMPTS", 1)
    server.breaks_left = 1
    result = push(job, server)
    assert result.exit_code == 1
    assert "push again, it goes on from there" in result.output
    [upload] = server.uploads.values()
    arrived = bytes(upload)
    assert arrived
    sent_before = len(server.tokens)
    assert push(job, server).exit_code == 0
    [content] = server.projects
    assert content.startswith(arrived)
    assert len(server.tokens) - sent_before < 4 + len(content) // 4000, "nothing is sent twice"
    assert [path.name for path in job.iterdir() if path.name.startswith(".")] == []


def test_an_upload_that_the_server_forgot_begins_anew(
    job: Path, server: CvatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_to_cvat, "_ATTEMPTS", 1)
    server.breaks_left = 1
    assert push(job, server).exit_code == 1
    server.uploads.clear()
    assert push(job, server).exit_code == 0
    assert len(server.projects) == 1


def test_the_token_goes_nowhere_else(job: Path, server: CvatServer) -> None:
    with cvat_server() as other:
        server.upload_host = other.address
        assert push(job, server).exit_code == 0
        server.redirect_to = other.address
        result = push(job, server)
        assert result.exit_code == 1
        assert other.tokens == []
    assert len(server.projects) == 1


@pytest.mark.parametrize(
    ("token", "address", "message"),
    [
        ("wrong", None, "refused the token"),
        ("", None, "does not hold a token"),
        ("two words", None, "does not hold a token"),
        (TOKEN, "ftp://127.0.0.1", "is not the address of a server"),
        (TOKEN, "http://user:secret@127.0.0.1", "is not the address of a server"),
        (TOKEN, "http://127.0.0.1:1", "cannot be reached"),
    ],
)
def test_what_is_refused_is_one_sentence(
    job: Path, server: CvatServer, token: str, address: str | None, message: str
) -> None:
    (job.parent / "token").write_text(token)
    result = videoprep("push", job, "--cvat", address or server.address, "--token-file", job.parent / "token")
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_an_import_that_fails_says_why(job: Path, server: CvatServer) -> None:
    server.import_fails = True
    result = push(job, server)
    assert result.exit_code == 1
    assert "could not import the backup: No such label" in result.output
