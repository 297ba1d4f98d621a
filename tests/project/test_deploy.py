"""The files in examples/deploy fit the service: its options, routes and times."""

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import yaml
from fastapi.routing import APIRoute, iter_route_contexts

from tests.support.nginx_config import Directive, location_of, read_nginx, setting
from tests.support.web_server import make_users, running_server
from videoprep_nb.cli.main import app as cli
from videoprep_nb.jobs.notebook_runner.process import CANCEL_GRACE_S
from videoprep_nb.server import serving

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "examples" / "deploy"
UNITS = sorted(DEPLOY.glob("videoprep*.[st]*"))
SERVE, BACKUP = DEPLOY / "videoprep.service", DEPLOY / "videoprep-backup.service"


def unit_settings(unit: Path) -> dict[str, list[str]]:
    """What a unit sets, by name; of its sections none has a name of another."""
    lines = re.sub(r"\\\n\s*", " ", unit.read_text()).splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value.strip())
    return found


def command_of(unit: Path, folder: Path) -> list[str]:
    """What a unit executes, with its folders below another one, and the program that is tested."""
    words = shlex.split(unit_settings(unit)["ExecStart"][0].replace("%%", "%").replace("$$", "$"))
    shown = [re.sub(r"/opt/videoprep/current/\.venv/bin/videoprep", str(folder / "videoprep"), word) for word in words]
    return [re.sub(r"/var/(lib|backups)/", f"{folder}/var/\\1/", word) for word in shown]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that looks like the root of a machine on which docs/deploy.md was followed."""
    program = tmp_path / "videoprep"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m videoprep_nb.cli.main "$@"\n')
    program.chmod(0o755)
    for name in ("lib", "backups"):
        (tmp_path / "var" / name / "videoprep").mkdir(parents=True)
    make_users(tmp_path / "var" / "lib" / "videoprep")
    return tmp_path


@pytest.mark.slow
def test_units_serve_and_back_up(installed: Path):
    command = [*command_of(SERVE, installed), "--port", "0", "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address
        assert httpx.get(f"{address[0]}/api/health/live", trust_env=False).json() == {"alive": True}
        subprocess.run(command_of(BACKUP, installed), check=True, capture_output=True, cwd=ROOT)
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
    (copy,) = (installed / "var" / "backups" / "videoprep").iterdir()
    assert (copy / "users.json").read_bytes() == (installed / "var" / "lib" / "videoprep" / "users.json").read_bytes()
    with closing(sqlite3.connect(copy / "jobs.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_units_are_correct(tmp_path: Path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    for unit in UNITS:
        text = re.sub(r"/opt/videoprep/current/\.venv/bin/videoprep", "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text.replace("User=videoprep", "User=root").replace("Group=videoprep", ""))
    files = [str(tmp_path / unit.name) for unit in UNITS]
    verified = subprocess.run(["systemd-analyze", "--man=no", "verify", *files], capture_output=True, text=True)
    assert [line for line in verified.stderr.splitlines() if str(tmp_path) in line or "videoprep" in line] == []


def test_service_gets_the_time_that_it_takes_to_stop():
    settings = unit_settings(SERVE)
    stop_s = serving._SHUTDOWN_TIMEOUT_S + 2 * CANCEL_GRACE_S
    assert int(settings["TimeoutStopSec"][0]) >= 4 * stop_s
    assert settings["KillMode"] == ["mixed"]  # notebooks are stopped by the service, which then still has its workers
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["videoprep"]
    assert compose["stop_grace_period"] == f"{settings['TimeoutStopSec'][0]}s"


def test_service_may_write_where_it_does():
    for unit in (SERVE, BACKUP):
        settings = unit_settings(unit)
        writable = settings["ReadWritePaths"][0].split()
        named = re.findall(r"/var/[\w/.-]+", " ".join(settings["ExecStart"] + settings.get("Environment", [])))
        assert all(any(path.startswith(folder) for folder in writable) for path in named)
        assert (settings["UMask"], settings["NoNewPrivileges"]) == (["0077"], ["yes"])


@pytest.mark.parametrize("document", ["docs/deploy.md", "docs/operations.md", "compose.yaml"])
def test_commands_in_documents_are_accepted(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every ``videoprep COMMAND OPTIONS`` is parsed, with paths that exist, and not run."""
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"\\\n\s*|\$\([^)]*\)", " ", (ROOT / document).read_text())
    blocks = "\n".join(re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.DOTALL)) if document.endswith(".md") else text
    commands = re.findall(r"(?:^|\s)(?:videoprep )?videoprep ((?:serve|users|backup|jobs) [^\n#`…]+)", blocks)
    assert commands
    for command in commands:
        parse([word for word in shlex.split(command) if word != "…"])


def test_container_starts_the_service_as_the_command_line_knows_it():
    parse(yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["videoprep"]["command"])


def parse(words: list[str]) -> None:
    """Have typer parse a command without running it; a user file that it names exists."""
    command: Any = typer.main.get_command(cli)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("videoprep", [re.sub(r".*users\.json$", __file__, word) for word in words])


@pytest.fixture(scope="module")
def server_block() -> Directive:
    """The part of nginx.conf that speaks HTTPS."""
    (secure,) = [one for one in read_nginx((DEPLOY / "nginx.conf").read_text()).all("server") if one.all("location")]
    return secure


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, APIRoute]]:
    """Every route of the service, by a path that leads to it."""
    with running_server(tmp_path_factory.mktemp("routes")) as server:
        yield {
            re.sub(r"\{\w+\}", "32", str(context.path)): context.original_route
            for context in iter_route_contexts(server.app.routes)
            if isinstance(context.original_route, APIRoute)
        }


def test_every_location_of_nginx_has_a_route(server_block: Directive, routes: dict[str, APIRoute]):
    served = {id(location_of(server_block, path)) for path in routes}
    assert [one.arguments for one in server_block.all("location") if id(one) not in served] == []
    assert all(location_of(server_block, path).value("proxy_pass") == "http://127.0.0.1:7860" for path in routes)


def test_nginx_passes_events_at_once_and_videos_unbuffered(server_block: Directive, routes: dict[str, APIRoute]):
    streams = [
        path for path, route in routes.items() if getattr(route.response_class, "media_type", "") == "text/event-stream"
    ]
    assert streams
    for path in streams:
        assert setting(server_block, path, "proxy_buffering") == "off", path
    for path in ("/api/jobs", "/api/uploads/", "/api/uploads/32", "/api/jobs/32/annotations"):
        assert path in routes
        assert setting(server_block, path, "proxy_request_buffering") == "off", path
        assert setting(server_block, path, "client_max_body_size") == "0", path


def test_nginx_says_who_asks(server_block: Directive):
    passed = {one.arguments[0]: one.arguments[1] for one in server_block.all("proxy_set_header")}
    assert passed["Host"] == "$http_host"
    assert passed["X-Forwarded-For"] == "$remote_addr"  # replaces what the client claims
    assert passed["X-Forwarded-Proto"] == "$scheme"
    # a location with headers of its own would lose all of these
    assert not [one for one in server_block.all("location") if one.all("proxy_set_header")]


@pytest.mark.parametrize("text", ["server { listen 80 }", "server {", "}", "server { a b; } c"])
def test_broken_configuration_is_noticed(text: str):
    with pytest.raises(ValueError, match=r"not closed|unexpected|nothing"):
        read_nginx(text)
