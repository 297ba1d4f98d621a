"""A notebook in a process of its own, seen from the outside: make ready, start, watch, cancel, kill."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from videoprep_nb.progress import PROGRESS_FILE_VARIABLE, ProgressState, read_progress
from videoprep_nb.records import Record

CANCEL_GRACE_S = 4.0
"""How long an interrupted notebook may take to clean up before it is killed."""


class OutcomeKind(StrEnum):
    """How a notebook ended; an error in a cell, a dead kernel and a timeout are three different things."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


class Outcome(Record):
    """How a notebook ended.

    Args:
        kind: What happened.
        message: One sentence; empty when all went well.
        elapsed_s: Wall time in seconds, without the time the process waited for its request.
        cell: Zero-based index of the failing cell.
        traceback: The traceback of the failing cell.
    """

    kind: OutcomeKind
    message: str
    elapsed_s: float
    cell: int | None = None
    traceback: str = ""


@dataclass(frozen=True)
class NotebookRequest:
    """What a notebook process is asked to run.

    Args:
        notebook: The notebook, an absolute path.
        output: Where the executed notebook goes, an absolute path; its HTML goes beside it.
        parameters: Values for its parameters cell.
        working_folder: Current folder of the kernel.
        environment: Variables to set in the kernel.
    """

    notebook: str
    output: str
    parameters: dict[str, Any]
    working_folder: str
    environment: dict[str, str]


class NotebookProcess:
    """One notebook process. It is made ready when it is created and runs one notebook.

    Args:
        folder: Folder for its small files (log, progress, outcome); it is made.
        preload: Modules that the kernel imports while it waits.
    """

    def __init__(self, folder: Path, preload: Iterable[str]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._outcome_file = folder / "outcome.json"
        self._progress_file = folder / "progress.json"
        with (folder / "process.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "videoprep_nb.jobs.notebook_process"),
                    *(str(self._outcome_file), "--preload", ",".join(preload)),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone, which then cancels
            )

    def start(self, notebook: Path, output: Path, parameters: dict[str, Any]) -> None:
        """Run a notebook; returns at once."""
        request = NotebookRequest(
            notebook=str(notebook),
            output=str(output),
            parameters=parameters,
            working_folder=str(self._folder),
            environment={PROGRESS_FILE_VARIABLE: str(self._progress_file)},
        )
        self._send(json.dumps(request.__dict__))

    def progress(self) -> ProgressState | None:
        """How far the stage is, None before its first report."""
        return read_progress(self._progress_file)

    def poll(self) -> Outcome | None:
        """The outcome, None while the notebook runs."""
        ended = self._process.poll() is not None  # asked first: the outcome may be written just before the end
        if self._outcome_file.exists():
            return Outcome.read(self._outcome_file)
        return self._died() if ended else None

    def abandon(self) -> Outcome:
        """Kill a notebook that does not end by itself."""
        self.close()
        return self._died()

    def _died(self) -> Outcome:
        log = (self._folder / "process.log").read_text(errors="replace")[-4000:]
        if self._process.returncode > 0:
            message = f"The notebook could not be run: {log.strip().rpartition(chr(10))[2]}"
            return Outcome(kind=OutcomeKind.FAILED, message=message, elapsed_s=0.0, traceback=log)
        message = "The process that runs the notebook was killed; the memory may have run out."
        return Outcome(kind=OutcomeKind.DIED, message=message, elapsed_s=0.0, traceback=log)

    def cancel(self) -> None:
        """Ask the notebook to stop; it is killed if it does not within a few seconds."""
        self._send('"cancel"')

    def close(self) -> None:
        """Wait for the end of a process that has its outcome, kill any other, with all that it started."""
        if self._outcome_file.exists():
            self._process.wait()
        elif self._process.poll() is None:
            family = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for member in family:
                _kill(member)
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _send(self, line: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the process has no standard input")
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has died; poll() tells


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
