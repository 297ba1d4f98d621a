"""The pages of reports: written while the next task runs, and there when the job ends, whatever is killed."""

import os
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.support.job_services import IN_THIS_PROCESS, NO_LIMITS, submit, wait_for_end, wait_until
from videoprep_nb.jobs.engine.attempt import request_attempt
from videoprep_nb.jobs.engine.worker import TaskRequest, run_task
from videoprep_nb.jobs.fingerprints.code import code_version
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.notebook_runner.process import OutcomeKind
from videoprep_nb.jobs.reports.pages import page_of, write_missing_pages, write_page
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.storage.workspace import Workspace
from videoprep_nb.media.sample import write_sample

_SLOW_TO_RENDER = r"print('\x1b[31ma\x1b[0m ' * 20_000)"
"""Takes seconds to become HTML, and no time to run."""


def _task(source: str, folder: Path) -> TaskRequest:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "notebook.ipynb")
    (folder / "task").mkdir()
    (folder / "reports").mkdir()
    request_attempt(folder / "task", "attempt 1")
    return TaskRequest(
        attempt="attempt 1",
        version=code_version(),
        folder=folder / "task",
        notebook=folder / "notebook.ipynb",
        output=folder / "reports" / "report.ipynb",
        parameters={},
        fingerprint="abc",
        environment={},
        timeout_s=60,
        memory_limit_bytes=4 * 10**9,
    )


def _writers(folder: Path) -> list[psutil.Process]:
    """Living processes that work in a folder with low priority."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.nice() > os.nice(0):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.mark.slow
def test_task_ends_before_its_page_is_written_and_a_killed_writer_is_made_up_for(tmp_path: Path):
    task = _task(_SLOW_TO_RENDER, tmp_path)
    page = page_of(task.output)
    assert run_task(task).kind is OutcomeKind.DONE
    assert not page.exists()
    assert wait_until(lambda: _writers(page.parent))
    [writer] = _writers(page.parent)
    writer.kill()
    assert wait_until(lambda: not _writers(page.parent))
    assert not page.exists()
    write_missing_pages([task.output, task.output.with_name("not run.ipynb")])
    assert "ansi-red-fg" in page.read_text()


@pytest.mark.slow
def test_pages_that_must_be_there_are_written_before_the_task_ends(tmp_path: Path):
    task = _task(_SLOW_TO_RENDER, tmp_path)
    earlier = task.output.with_name("earlier.ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Earlier")]), earlier)
    assert run_task(replace(task, pages_first=(earlier, task.output))).kind is OutcomeKind.DONE
    assert page_of(task.output).exists()
    assert "Earlier" in page_of(earlier).read_text()


def test_page_that_is_there_stays(tmp_path: Path):
    notebook = tmp_path / "report.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    page_of(notebook).write_text("with links to its neighbours")
    write_page(notebook)
    write_missing_pages([notebook])
    assert page_of(notebook).read_text() == "with links to its neighbours"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_page_that_was_lost_is_there_and_linked_when_the_job_ends(tmp_path: Path):
    video = tmp_path / "persons.mp4"
    write_sample(video, duration_s=3.0)
    with Service(Workspace(tmp_path / "workspace"), IN_THIS_PROCESS, NO_LIMITS) as service:
        job_id = submit(service, video)
        reports = service.workspace.job_folder(job_id).reports
        lost = reports / "01_resize_1.html"
        assert wait_until(lost.exists)
        lost.unlink()
        view = wait_for_end(service, job_id)
    assert view.job.state is State.DONE, view.job.message
    keys = {task.key for task in view.tasks}
    assert {path.stem for path in reports.glob("*.html")} == {*keys, "index"}
    for key in keys:
        page = (reports / f"{key}.html").read_text()
        assert "index.html" in page, key
        assert f"{key}.html" in (reports / "index.html").read_text()
