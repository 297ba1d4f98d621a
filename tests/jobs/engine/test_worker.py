"""Notebooks in processes of their own: every way one can end, and that nothing survives it."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.support.broken_weights import write_weights_without_numbers
from videoprep_nb.jobs.engine.attempt import Start, begin_attempt, request_attempt, withdraw_attempt
from videoprep_nb.jobs.engine.worker import TaskRequest, run_task
from videoprep_nb.jobs.fingerprints.code import code_version
from videoprep_nb.jobs.notebook_runner import process
from videoprep_nb.jobs.notebook_runner.process import NotebookProcess, NotebookRequest, Outcome, OutcomeKind
from videoprep_nb.jobs.params import JobParams

TIMEOUT_S = 60


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    def write(*sources: str, name: str = "01_resize.ipynb") -> Path:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.cells[0].metadata["tags"] = ["parameters"]
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        folder = tmp_path / "notebooks"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / name)
        return folder / name

    return write


def _task(notebook: Path, tmp_path: Path, **changes) -> TaskRequest:
    output = tmp_path / "reports {braces}" / "report.ipynb"
    output.parent.mkdir(exist_ok=True)
    folder = tmp_path / "task"
    folder.mkdir(exist_ok=True)
    request_attempt(folder, "attempt 1")
    (folder / "started.json").unlink(missing_ok=True)
    task = TaskRequest(
        attempt="attempt 1",
        version=code_version(),
        folder=folder,
        notebook=notebook,
        output=output,
        parameters={},
        fingerprint="abc",
        environment={},
        timeout_s=TIMEOUT_S,
        memory_limit_bytes=4 * 10**9,
    )
    return replace(task, **changes)


def _run(notebook: Path, tmp_path: Path, **changes) -> tuple[Outcome, Path]:
    task = _task(notebook, tmp_path, **changes)
    return run_task(task), task.output


def _texts(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join([cell.source for cell in cells] + [str(output) for output in outputs])


def test_parameters_arrive_and_the_executed_notebook_has_html_beside_it(write_notebook, tmp_path: Path):
    notebook = write_notebook("n: int = 1", "print('n squared is', n * n)")
    outcome, output = _run(notebook, tmp_path, parameters={"n": 12})
    assert outcome.kind is OutcomeKind.DONE
    assert "n squared is 144" in _texts(output)
    page = output.with_suffix(".html")
    _wait_for(page.exists)
    assert "n squared is 144" in page.read_text()


def test_kernel_starts_with_an_empty_namespace(write_notebook, tmp_path: Path):
    notebook = write_notebook("pass", "assert 'os' not in globals() and 'videoprep_nb' not in globals()")
    assert _run(notebook, tmp_path)[0].kind is OutcomeKind.DONE


def test_file_with_the_key_of_a_kernel_goes_with_it_also_that_of_one_that_was_killed(write_notebook, tmp_path: Path):
    task = _task(write_notebook("pass"), tmp_path)
    left_over = task.folder / "kernel.json"
    left_over.write_text("{}")
    assert run_task(task).kind is OutcomeKind.DONE
    assert not left_over.exists()


def test_error_of_ours_is_its_sentence_and_the_notebook_is_kept(write_notebook, tmp_path: Path):
    notebook = write_notebook(
        "pass", "from videoprep_nb.core.errors import ProbeError", "raise ProbeError('This is no video.')"
    )
    outcome, output = _run(notebook, tmp_path)
    assert (outcome.kind, outcome.message, outcome.cell) == (OutcomeKind.FAILED, "This is no video.", 2)
    assert "ProbeError" in outcome.traceback
    assert "This is no video." in _texts(output)


def test_any_other_error_keeps_its_name(write_notebook, tmp_path: Path):
    outcome, _ = _run(write_notebook("pass", "1 / 0"), tmp_path)
    assert (outcome.kind, outcome.message) == (OutcomeKind.FAILED, "ZeroDivisionError: division by zero")


def test_hanging_fork_server_is_replaced(write_notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "_FORK_TIMEOUT_S", 1.0)
    notebook = write_notebook("pass")
    server = psutil.Process(process.fork_server({})._process.pid)
    server.suspend()
    assert _run(notebook, tmp_path)[0].kind is OutcomeKind.TROUBLE
    monkeypatch.undo()
    assert _run(notebook, tmp_path)[0].kind is OutcomeKind.DONE
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


@contextmanager
def no_free_descriptor(pid: int) -> Iterator[None]:
    """Leave a process no file descriptor beyond those that it has now."""
    used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    lowest_free = next(number for number in range(len(used) + 1) if number not in used)
    soft, hard = resource.prlimit(
        pid, resource.RLIMIT_NOFILE, (lowest_free, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1])
    )
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("where", ["worker", "fork server"])
def test_no_free_file_descriptor_is_trouble_of_the_machine(where: str, write_notebook, tmp_path: Path):
    notebook = write_notebook("pass")
    server = process.fork_server({})
    assert _run(notebook, tmp_path)[0].kind is OutcomeKind.DONE  # all that is imported late is there
    with no_free_descriptor(os.getpid() if where == "worker" else server._process.pid):
        assert _run(notebook, tmp_path, fingerprint="other")[0].kind is OutcomeKind.TROUBLE
    assert _run(notebook, tmp_path, fingerprint="other")[0].kind is OutcomeKind.DONE
    assert process.fork_server({}) is server


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("OSError(24, 'Too many open files', 'frame.jpg')", OutcomeKind.TROUBLE),
        ("OSError(28, 'No space left on device')", OutcomeKind.DISK_FULL),
        ("OSError(12, 'Cannot allocate memory')", OutcomeKind.OUT_OF_MEMORY),
        ("OSError(5, 'Input/output error', '1.mp4')", OutcomeKind.TROUBLE),
        ("OSError(2, 'No such file or directory', '1.mp4')", OutcomeKind.FAILED),
        ('RuntimeError("can\'t start new thread")', OutcomeKind.TROUBLE),
        ("errors.DiskFullError('The disk is full.')", OutcomeKind.DISK_FULL),
        ("errors.ChildKilled('ffmpeg was ended by signal 9.')", OutcomeKind.DIED),
        ("errors.ProbeError('damaged: [Errno 5] Input/output error')", OutcomeKind.FAILED),
    ],
)
def test_error_of_the_machine_is_no_fault_of_the_video(error: str, kind: OutcomeKind, write_notebook, tmp_path: Path):
    notebook = write_notebook("pass", f"from videoprep_nb.core import errors\nraise {error}")
    assert _run(notebook, tmp_path)[0].kind is kind


def test_error_with_a_cause_of_the_machine(write_notebook, tmp_path: Path):
    cell = "try:\n    raise OSError(24, 'Too many open files')\nexcept OSError as e:\n    raise InputError('x') from e"
    notebook = write_notebook("pass", f"from videoprep_nb.core.errors import InputError\n{cell}")
    assert _run(notebook, tmp_path)[0].kind is OutcomeKind.TROUBLE


@pytest.mark.parametrize("name", ["done.json", "started.json", "attempt", "progress.json", "progress.partial"])
def test_unreadable_small_file_is_no_fault_of_the_video(name: str, write_notebook, tmp_path: Path):
    """A folder lies in its place, which even root cannot read as a file."""
    running, go_on = tmp_path / "running", tmp_path / "go on"
    notebook = write_notebook(
        "pass",
        f"import time\nfrom pathlib import Path\nPath({str(running)!r}).touch()",
        "from videoprep_nb.core.progress import progress_from_environment\nreport = progress_from_environment()",
        f"while not Path({str(go_on)!r}).exists():\n    report(1, 2, 'frames'); time.sleep(0.1)",
    )
    task = _task(notebook, tmp_path)
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(run_task, task)
        _wait_for(running.exists)
        (task.folder / name).unlink(missing_ok=True)
        while not (task.folder / name).is_dir():  # the running task may just be writing it
            with suppress(FileExistsError):
                (task.folder / name).mkdir()
            if (task.folder / name).is_file():
                (task.folder / name).unlink()
        time.sleep(1.0)
        assert not outcome.done()
        go_on.touch()
        assert outcome.result(timeout=TIMEOUT_S).kind is (
            OutcomeKind.TROUBLE if name == "done.json" else OutcomeKind.DONE
        )


def test_killed_kernel_is_no_error_of_the_notebook(write_notebook, tmp_path: Path):
    outcome, output = _run(write_notebook("pass", "import os", "os.kill(os.getpid(), 9)"), tmp_path)
    assert outcome.kind is OutcomeKind.DIED
    assert outcome.message in _texts(output)


def test_task_that_is_done_is_not_run_again(write_notebook, tmp_path: Path):
    notebook = write_notebook("pass", f"open({str(tmp_path / 'runs')!r}, 'a').write('x')")
    first, _ = _run(notebook, tmp_path)
    assert _run(notebook, tmp_path)[0] == first
    assert (tmp_path / "runs").read_text() == "x"
    _run(notebook, tmp_path, fingerprint="other")
    assert (tmp_path / "runs").read_text() == "xx"


def test_task_that_takes_too_long_is_stopped(write_notebook, tmp_path: Path):
    outcome, _ = _run(write_notebook("pass", "import time; time.sleep(600)"), tmp_path, timeout_s=5)
    assert outcome.kind is OutcomeKind.TIMED_OUT


def test_task_that_eats_memory_is_stopped_and_reported(write_notebook, tmp_path: Path):
    notebook = write_notebook("pass", "import time; eaten = bytearray(2 * 10**9); time.sleep(600)")
    outcome, _ = _run(notebook, tmp_path, memory_limit_bytes=15 * 10**8)
    assert outcome.kind is OutcomeKind.OUT_OF_MEMORY
    assert "needs more memory than the 1.5 GB" in outcome.message


def test_memory_error_is_reported_as_such(write_notebook, tmp_path: Path):
    outcome, _ = _run(write_notebook("pass", "raise MemoryError"), tmp_path)
    assert outcome.kind is OutcomeKind.OUT_OF_MEMORY


def test_task_that_is_no_longer_expected_is_not_begun(write_notebook, tmp_path: Path):
    task = _task(write_notebook("pass"), tmp_path)
    withdraw_attempt(task.folder)
    assert run_task(task).kind is OutcomeKind.CANCELLED
    shutil.rmtree(task.folder)
    assert run_task(task).kind is OutcomeKind.CANCELLED
    assert not task.folder.exists()
    assert not task.output.exists()


@pytest.mark.parametrize("next_attempt", ["", "attempt 2"], ids=["cancelled", "replaced by another attempt"])
def test_running_task_stops_when_it_is_no_longer_expected(next_attempt: str, write_notebook, tmp_path: Path):
    running = tmp_path / "running"
    notebook = write_notebook("pass", f"open({str(running)!r}, 'w').close()\nimport time; time.sleep(600)")
    task = _task(notebook, tmp_path)
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(run_task, task)
        _wait_for(running.exists)
        request_attempt(task.folder, next_attempt) if next_attempt else withdraw_attempt(task.folder)
        assert outcome.result(timeout=20).kind is OutcomeKind.CANCELLED


def test_attempt_that_was_begun_by_a_lost_worker_is_not_run_twice(write_notebook, tmp_path: Path):
    task = _task(write_notebook("pass"), tmp_path)
    assert begin_attempt(task.folder, Start(attempt=task.attempt, worker="tcp://lost:1", at=datetime.now(UTC)))
    outcome = run_task(task)
    assert outcome.kind is OutcomeKind.LOST
    assert "worker" in outcome.message


def test_worker_of_another_version_is_reported(write_notebook, tmp_path: Path):
    outcome, output = _run(write_notebook("pass"), tmp_path, version="0.0.1")
    assert outcome.kind is OutcomeKind.FAILED
    assert "0.0.1" in outcome.message
    assert code_version() in outcome.message
    assert not output.exists()


def _start_sleeper(write_notebook, tmp_path: Path) -> tuple[NotebookProcess, Path]:
    """A notebook that has started a child of its own and then waits."""
    pids = tmp_path / "pids"
    notebook = write_notebook(
        "pass",
        "import os, subprocess, time",
        "child = subprocess.Popen(['sleep', '600'])",
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')",
        f"os.replace({str(pids)!r} + '.new', {str(pids)!r})\ntime.sleep(600)",
    )
    process = NotebookProcess(NotebookRequest(str(notebook), str(tmp_path / "report.ipynb"), {}, str(tmp_path), {}), {})
    _wait_for(pids.exists)
    return process, pids


def _wait_for(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end_s, "waited too long"
        time.sleep(0.05)


def _all_gone(pids: Path) -> bool:
    return not any(_alive(int(pid)) for pid in pids.read_text().split())


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_cancelled_notebook_ends_with_all_its_children(write_notebook, tmp_path: Path):
    process, pids = _start_sleeper(write_notebook, tmp_path)
    process.cancel()
    _wait_for(lambda: process.poll(0.1))
    outcome = process.poll(0)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.CANCELLED
    process.close()
    _wait_for(lambda: _all_gone(pids))


def test_report_of_a_killed_process_holds_what_it_had_done(write_notebook, tmp_path: Path):
    begun = tmp_path / "begun"
    wait = "import time\ntime.sleep(1.1)"  # it is saved at most once a second
    notebook = write_notebook("print('a', 'b')", wait, f"open({str(begun)!r}, 'w')\ntime.sleep(600)")
    report = tmp_path / "report.ipynb"
    process = NotebookProcess(NotebookRequest(str(notebook), str(report), {}, str(tmp_path), {}), {})
    _wait_for(begun.exists)
    process.close()
    assert "a b" in _texts(report)


def test_closing_a_running_process_kills_its_children(write_notebook, tmp_path: Path):
    process, pids = _start_sleeper(write_notebook, tmp_path)
    process.close()
    _wait_for(lambda: _all_gone(pids))


def test_nothing_survives_the_death_of_the_parent(tmp_path: Path, write_notebook):
    pids = tmp_path / "pids"
    notebook = write_notebook(
        "pass",
        "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'])",
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}} {{os.getppid()}}')",
        f"os.replace({str(pids)!r} + '.new', {str(pids)!r})\ntime.sleep(600)",
    )
    code = (
        "import sys, time\n"
        "from videoprep_nb.jobs.notebook_runner.process import NotebookProcess, NotebookRequest\n"
        "notebook, folder = sys.argv[1:]\n"
        "process = NotebookProcess(NotebookRequest(notebook, folder + '/report.ipynb', {}, '/', {}), {})\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(notebook), str(tmp_path)])
    _wait_for(pids.exists)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _wait_for(lambda: _all_gone(pids))


def test_weights_are_tried_before_the_first_notebook_runs(write_notebook, tmp_path: Path):
    weights = write_weights_without_numbers(tmp_path / "hollow.pt")
    params = JobParams({"track_persons": {"weights": str(weights)}})
    outcome, report = _run(write_notebook("1"), tmp_path, job_params=params)
    assert outcome.kind is OutcomeKind.FAILED
    assert "hollow.pt cannot be loaded" in outcome.message
    assert not report.exists()
