"""The Dockerfile without Docker: its steps, its files, its user, and the command that says whether it is well."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests.support.web_server import free_port, make_users, running_server

ROOT = Path(__file__).resolve().parents[2]
CLI = [sys.executable, "-m", "videoprep_nb.cli.main"]


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of every instruction."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line)]


def of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def command(name: str) -> list[str]:
    """The words of an instruction in JSON form."""
    (text,) = of(name)
    words: list[str] = json.loads(text[text.index("[") :])
    return words


def copied() -> list[str]:
    return [source for line in of("COPY") for source in line.split()[:-1]]


def is_sent(path: str) -> bool:
    """Whether ``.dockerignore`` lets a path through; the last pattern that matches it or a folder above decides."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    sent = True
    for pattern in (ROOT / ".dockerignore").read_text().split("\n"):
        if pattern and not pattern.startswith("#"):
            name = pattern.removeprefix("!").removeprefix("**/")
            candidates = parts if "**/" in pattern else above
            if any(fnmatch.fnmatchcase(one, name) for one in candidates):
                sent = pattern.startswith("!")
    return sent


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A folder with what the image gets, and nothing else."""
    folder = tmp_path / "image"
    for source in copied():
        for file in (path for path in [ROOT / source, *(ROOT / source).rglob("*")] if path.is_file()):
            name = str(file.relative_to(ROOT))
            if is_sent(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, folder / name)
    return folder


def test_what_is_copied_is_there_and_nothing_else(context: Path):
    assert {path.name for path in context.iterdir()} == set(copied())
    assert (context / "videoprep_nb" / "server" / "ui" / "static" / "page.js").is_file()
    assert [is_sent(name) for name in (".git/config", ".venv/bin/python", "notebooks/work/a.mp4")] == [False] * 3
    assert not is_sent("videoprep_nb/core/__pycache__/a.pyc")


def printed_by(command: list[str], folder: Path) -> str:
    # a make inside "make test" would print the folders that it enters
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_image_is_installed_by_the_makefile(context: Path):
    (step,) = [run for run in of("RUN") if "make " in f"{run} " and "apt-get" not in run]
    dry = printed_by(["sh", "-c", f"{step} --dry-run"], context)
    assert dry == printed_by(["make", "--dry-run", "--always-make", "install"], ROOT)
    assert "--constraint constraints.txt" in dry


def test_container_is_not_root_and_keeps_everything_in_its_volume():
    (user,), (volume,) = of("USER"), of("VOLUME")
    assert f"useradd --system --uid 10001 --home-dir {volume} --shell /usr/sbin/nologin {user}" in of("RUN")[1]
    started = [name for name, _ in instructions()]
    assert started.index("USER") < started.index("CMD")
    paths = [word for word in command("CMD") if word.startswith("/")] + re.findall(r"DIR=(\S+)", " ".join(of("ENV")))
    assert len(paths) == 3
    assert all(path.startswith(f"{volume}/") for path in paths)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["videoprep"]
    assert compose["volumes"] == [f"data:{volume}"]
    assert compose["command"][: len(command("CMD"))] == command("CMD")
    assert compose["ports"] == [f"127.0.0.1:{port}:{port}" for port in of("EXPOSE")]


def test_health_check_of_the_image(tmp_path: Path):
    (port,) = of("EXPOSE")

    def check(asked: int) -> int:
        words = [sys.executable, *command("HEALTHCHECK")[1:]]
        return subprocess.run([word.replace(port, str(asked)) for word in words], capture_output=True).returncode

    with running_server(tmp_path) as server:
        assert check(server.port) == 0
    assert check(server.port) != 0


def test_container_without_users_does_not_start(tmp_path: Path):
    words = [word.replace("/data", str(tmp_path)) for word in command("CMD")]
    started = subprocess.run([*CLI, *words, "--port", "0"], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert started.returncode == 2
    assert "videoprep users add" in started.stderr


@pytest.mark.exhaustive
@pytest.mark.slow
def test_image_is_made_and_serves(context: Path, tmp_path: Path):
    """Every step that needs no root, in a clean folder; then the command of the container and its health check."""
    steps = [run for run in of("RUN") if not re.search("apt-get|useradd", run)]
    assert len(steps) == 2
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    path = f"{context}/.venv/bin:{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PATH": path, "VIDEOPREP_CACHE_DIR": str(data / "cache"), "HOME": str(data)}
    for step in steps:
        made = step.replace("/data", str(data))
        subprocess.run(["sh", "-c", made], cwd=context, env=environment, check=True, timeout=1200)
    make_users(data)
    port = free_port()
    words = [word.replace("/data", str(data)) for word in command("CMD")]
    program = [*command("ENTRYPOINT"), *words, "--port", str(port)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=data, env=environment)
    try:
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        assert httpx.get(f"http://127.0.0.1:{port}/api/health/live", trust_env=False).status_code == 200
        checked = [word.replace("7860", str(port)) for word in command("HEALTHCHECK")]
        subprocess.run(checked, env=environment, check=True)
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert process.returncode == 0
