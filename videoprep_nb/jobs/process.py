"""A notebook in a process of its own, seen from the outside: make ready, start, watch, cancel, kill."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from videoprep_nb.records import Record

CANCEL_GRACE_S = 4.0
"""How long an interrupted notebook may take to clean up before it is killed."""


class OutcomeKind(StrEnum):
    """How a notebook ended; an error in a cell, a dead kernel and a timeout are three different things."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    OUT_OF_MEMORY = "out of memory"
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
        folder: Folder for its small files; it is made, and deleted by ``close``.
        environment: Variables that it and its kernel get on top of this process's own.
        stage: Stage that it will probably run, for its kernel to import what that needs; empty: nobody knows.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], stage: str = "") -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._environment = environment
        self._outcome_file = folder / "outcome.json"
        self._log_file = folder / "process.log"
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "videoprep_nb.jobs.notebook_process", str(self._outcome_file), stage],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone, which then cancels
            )

    def start(self, request: NotebookRequest) -> None:
        """Run a notebook; returns at once."""
        self._send(json.dumps(asdict(request)))

    def poll(self) -> Outcome | None:
        """The outcome, None while the notebook runs."""
        ended = self._process.poll() is not None  # asked first: the outcome may be written just before the end
        if self._outcome_file.exists():
            return Outcome.read(self._outcome_file)
        return self._died() if ended else None

    def is_usable(self, environment: Mapping[str, str]) -> bool:
        """Whether it still waits for its notebook, and was made with such an environment.

        A worker that outlives a service has processes whose folder the next service has cleared away.
        """
        return self._process.poll() is None and self._folder.exists() and self._environment == environment

    def memory_bytes(self) -> int:
        """Memory of the process and all that it started, in bytes."""
        return sum(_resident_bytes(member) for member in self._family())

    def cancel(self) -> None:
        """Ask the notebook to stop; it is killed if it does not within a few seconds."""
        self._send('"cancel"')

    def close(self) -> None:
        """Wait for the end of a process that has its outcome; kill any other, with all that it started."""
        if not self._outcome_file.exists():
            for member in self._family():
                _kill(member)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _died(self) -> Outcome:
        log = self._log_file.read_text(errors="replace")[-4000:]
        if self._process.returncode > 0:
            message = f"The notebook could not be run: {log.strip().rpartition(chr(10))[2]}"
            return Outcome(kind=OutcomeKind.FAILED, message=message, elapsed_s=0.0, traceback=log)
        message = "The process that runs the notebook was killed; the memory may have run out."
        return Outcome(kind=OutcomeKind.DIED, message=message, elapsed_s=0.0, traceback=log)

    def _family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

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


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
