"""``videoprep serve --check``: what would keep a service from starting or working, found without changing anything."""

import os
import re
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from distributed import LocalCluster

from tests.support.command_line import videoprep
from tests.support.web_server import PASSWORDS, free_port, make_users, running_server
from tests.support.webhook_receiver import SECRET, webhook_receiver
from videoprep_nb.jobs.checks import Check
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.tls import write_certificate
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.jobs.store.schema import MIGRATIONS
from videoprep_nb.jobs.store.store import Store
from videoprep_nb.jobs.workspace_checks import examine_folder, examine_start
from videoprep_nb.server.preflight import examine_access, examine_engine
from videoprep_nb.server.security.user_file import Role, add_user
from videoprep_nb.server.serving import ServerSettings

ROW = re.compile(r"(ok|warning|fault) +(\S+(?: \S+)*)  +(.+)")


def check(*options: str | Path) -> tuple[int, dict[str, str]]:
    """Exit status of the command, and how each of its checks ended."""
    done = videoprep("serve", "--check", *options)
    rows = [ROW.fullmatch(line) for line in done.stdout.splitlines()]
    assert all(rows), done.output
    return done.exit_code, {row[2]: row[1] for row in rows if row}


def level_of(check: Check) -> str:
    return "ok" if check.ok else "fault" if check.needed else "warning"


def content(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode, size and time of change of everything in a folder."""
    paths = [folder, *folder.rglob("*")]
    return {path: (path.stat().st_mode, path.stat().st_size, path.stat().st_ctime_ns) for path in paths}


def write_certificate_until(end: datetime, folder: Path) -> list[str]:
    """A certificate that signs itself; the options that name it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(end - timedelta(days=365)).not_valid_after(end)
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(*encoding))
    return [
        f"--tls-{kind}={folder / file}" for kind, file in (("ca", "cert.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
    ]


def test_new_service_would_start(tmp_path: Path):
    users = make_users(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    before = content(tmp_path)
    with webhook_receiver() as receiver:
        status, found = check(
            *("--port", "0", "--workspace", tmp_path / "new" / "workspace", "--auth-file", users),
            *("--webhook", receiver.url, "--webhook-secret-file", tmp_path / "secret"),
            *("--public-url", "https://videoprep.example.org"),
        )
    assert status == 0
    assert [message.content["type"] for message in receiver.messages] == ["ping"]
    assert found["webhook"] == "ok"
    assert "fault" not in found.values()
    assert {found[name] for name in ("users", "administrator", "private user file", "port", "job database")} == {"ok"}
    assert content(tmp_path) == before


def test_every_fault_is_found_at_once_and_nothing_is_touched(tmp_path: Path):
    workspace = tmp_path / "workspace"
    workspace.mkdir(mode=0o755)
    (workspace / "jobs.sqlite").write_bytes(b"\xa5" * 8192)
    users = tmp_path / "users.json"
    add_user(users, "anna", Role.MEMBER, PASSWORDS["anna"])
    users.chmod(0o644)
    tls = write_certificate_until(datetime.now(UTC) - timedelta(days=1), tmp_path)
    (tmp_path / "key.pem").chmod(0o640)
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        before = content(tmp_path)
        status, found = check(
            *("--workspace", workspace, "--auth-file", users, "--port", str(listener.getsockname()[1])),
            *("--trusted-proxy", "proxy.example.org", "--scheduler", f"tls://127.0.0.1:{free_port()}", *tls),
            *("--min-free", "1000000"),
            *("--cvat", "https://cvat.example.org", "--cvat-token-file", tmp_path / "absent"),
            *("--webhook", f"http://127.0.0.1:{free_port()}", "--webhook-secret-file", secret),
        )
        after = content(tmp_path)
    assert status == 1
    expected = dict.fromkeys(["port", "workers", "certificates", "CVAT", "room for jobs", "job database"], "fault")
    expected |= dict.fromkeys(
        ["administrator", "private user file", "reverse proxy", "renewal of certificates", "private TLS key"], "warning"
    )
    expected["private workspace"] = "warning"
    expected["webhook"] = "warning"
    assert {name: found[name] for name in expected} == expected
    assert {found[name] for name in ("users", "running service", "workspace owner", "sockets", "ffmpeg")} == {"ok"}
    # the folder itself was written to for a moment, to see whether a socket can be made
    del before[workspace], after[workspace]
    assert after == before


@pytest.mark.parametrize(
    ("host", "auth_file", "proxies", "name", "level"),
    [
        pytest.param("0.0.0.0", None, (), "users", "fault", id="open to all without users"),
        pytest.param("127.0.0.1", "absent.json", (), "users", "fault", id="no user file"),
        pytest.param("127.0.0.1", None, (), "users", "ok", id="this machine only"),
        pytest.param("0.0.0.0", "users.json", (), "reverse proxy", "warning", id="plain text in the network"),
        pytest.param("127.0.0.1", None, ("127.0.0.1",), "reverse proxy", "warning", id="proxy without users"),
        pytest.param(
            "127.0.0.1", "users.json", ("10.0.0.1/8",), "reverse proxy", "warning", id="network with host bits"
        ),
        pytest.param("127.0.0.1", "users.json", ("*",), "reverse proxy", "warning", id="every proxy"),
        pytest.param("127.0.0.1", "users.json", ("10.0.0.0/8", "::1"), "reverse proxy", "ok", id="network and address"),
    ],
)
def test_access_is_judged(
    host: str, auth_file: str | None, proxies: tuple[str, ...], name: str, level: str, tmp_path: Path
):
    make_users(tmp_path)
    file = tmp_path / auth_file if auth_file else None
    found = {check.name: check for check in examine_access(ServerSettings(host, 0, file, proxies))}
    assert level_of(found[name]) == level, found[name]


def test_scheduler_that_would_be_refused_is_a_fault():
    (workers,) = examine_engine(lambda: EngineSettings(scheduler="tcp://192.0.2.1:8786"))
    assert (level_of(workers), "--insecure-scheduler" in workers.message) == ("fault", True)


def test_scratch_folder_that_cannot_be_used_is_a_fault(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    status, found = check("--workspace", tmp_path / "workspace", "--scratch-dir", file)
    assert (status, found["workers"]) == (1, "fault")


def test_running_service_is_named_and_no_fault(tmp_path: Path):
    with running_server(tmp_path) as server:
        status, found = check("--workspace", tmp_path, "--port", str(server.port))
        assert (status, found["running service"], found["port"], found["job database"]) == (
            0,
            "warning",
            "warning",
            "ok",
        )
        assert server.client.get("/api/health/live").status_code == 200
    assert check("--workspace", tmp_path, "--port", str(server.port))[1]["running service"] == "ok"


@pytest.mark.slow
def test_scheduler_is_asked_for_its_workers(tmp_path: Path):
    files = write_certificate(tmp_path)
    tls = ["--tls-ca", files.ca, "--tls-cert", files.cert, "--tls-key", files.key]
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", security=files.security()
    ) as cluster:
        options = ("--port", "0", "--workspace", tmp_path / "workspace", "--scheduler", cluster.scheduler_address, *tls)
        status, found = check(*options)
        assert (status, found["workers"], found["certificates"], found["private TLS key"]) == (0, "ok", "ok", "ok")
        renewed = tmp_path / "soon"
        renewed.mkdir()
        soon = write_certificate_until(datetime.now(UTC) + timedelta(days=20), renewed)
        status, found = check(*options[:6], *soon)
        assert (status, found["workers"]) == (1, "fault")
        assert (found["certificates"], found["renewal of certificates"]) == ("ok", "warning")


@pytest.mark.parametrize(
    ("version", "is_ok", "words"),
    [
        pytest.param(len(MIGRATIONS), True, "whole", id="this version"),
        pytest.param(len(MIGRATIONS) - 1, True, "make a backup first", id="older"),
        pytest.param(len(MIGRATIONS) + 1, False, "newer", id="newer"),
    ],
)
def test_database_of_another_version(version: int, is_ok: bool, words: str, tmp_path: Path):
    workspace = Workspace(tmp_path)
    Store(workspace.database).close()
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = content(tmp_path)
    found = examine_start(workspace)[0]
    assert (found.ok, words in found.message) == (is_ok, True), found
    assert content(tmp_path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_workspace_of_another_user(tmp_path: Path):
    os.chown(tmp_path, 12345, -1)
    owner = examine_folder(Workspace(tmp_path))[0]
    assert (owner.name, owner.ok, "12345" in owner.message) == ("workspace owner", False, True)


def test_sockets_in_a_long_path(tmp_path: Path):
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    assert [check.ok for check in examine_folder(Workspace(folder)) if check.name == "sockets"] == [True]
    assert list(folder.iterdir()) == []
