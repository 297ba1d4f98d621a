"""A kernel while it runs, as other users of the machine see it."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.support.job_services import wait_until
from tests.support.strangers import listeners
from videoprep_nb.jobs.notebook_runner.process import NotebookProcess, NotebookRequest, OutcomeKind

NOBODY = 65534
CELL = """
import os, pathlib, time
print("secret")
if os.fork() == 0:
    print("from a child", flush=True)
    os._exit(0)
os.wait()
pathlib.Path("printed").touch()
while not pathlib.Path("end").exists():
    time.sleep(0.01)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose path is longer than that of a socket can be."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    return folder


def run_notebook(folder: Path) -> NotebookProcess:
    return NotebookProcess(
        NotebookRequest(
            notebook=str(folder / "notebook.ipynb"),
            output=str(folder / "reports" / "report.ipynb"),
            parameters={},
            working_folder=str(folder),
            environment={},
        ),
        {"VIDEOPREP_TEST": "a fork server of its own"},
    )


@pytest.fixture
def running(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotebookProcess]:
    """A notebook that prints, also from a process that it forks, and then runs until a file is there."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # where ipykernel finds it, it does not read what processes print
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "notebook.ipynb")
    (folder / "reports").mkdir()
    process = run_notebook(folder)
    try:
        assert wait_until((folder / "printed").exists, 60)
        yield process
    finally:
        process.close()


def family_of(process: NotebookProcess) -> list[psutil.Process]:
    assert process._head is not None
    return [process._head, *process._head.children(recursive=True)]


def sockets_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if stat.S_ISSOCK(path.stat().st_mode)]


def can_connect(path: Path, uid: int) -> bool:
    """Whether a process of a user gets a connection; the folders above let everybody through."""
    descriptor = os.open(path.parent, os.O_PATH)
    child = os.fork()
    if child == 0:
        try:
            os.setuid(uid)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(f"/proc/self/fd/{descriptor}/{path.name}")
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(descriptor)
    return os.waitpid(child, 0)[1] == 0


def test_kernel_has_no_port_and_leaves_nothing(running: NotebookProcess, folder: Path):
    family = family_of(running)
    assert len(family) > 1
    assert listeners(family) == set()
    assert len(sockets_in(folder)) == 5
    (folder / "end").touch()
    assert wait_until(lambda: running.poll(0.1), 60)
    assert sockets_in(folder) == []
    assert not (folder / "kernel.json").exists()
    cell = nbformat.read(folder / "reports" / "report.ipynb", as_version=4).cells[-1]
    assert {"secret", "from a child"} <= set("".join(output.text for output in cell.outputs).splitlines())


def test_sockets_of_a_killed_kernel_are_in_nobodys_way(running: NotebookProcess, folder: Path):
    for process in family_of(running):
        process.kill()
    assert sockets_in(folder)
    (folder / "end").touch()
    again = run_notebook(folder)
    try:
        outcome = again.poll(0.0)
        while outcome is None:
            outcome = again.poll(1.0)
    finally:
        again.close()
    assert outcome.kind is OutcomeKind.DONE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_cannot_listen_to_a_kernel(running: NotebookProcess, folder: Path):
    folder.chmod(0o755)  # even if the folder were open
    assert [can_connect(path, os.geteuid()) for path in sockets_in(folder)] == [True] * 5
    assert [can_connect(path, NOBODY) for path in sockets_in(folder)] == [False] * 5
