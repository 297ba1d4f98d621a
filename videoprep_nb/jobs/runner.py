"""Runs notebooks one after the other, each in a fresh process that was made ready while the one before worked."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from videoprep_nb.jobs.process import CANCEL_GRACE_S, NotebookProcess, Outcome
from videoprep_nb.progress import ProgressState
from videoprep_nb.stages.params import notebook_name

_POLL_INTERVAL_S = 0.05

ProgressWatcher = Callable[[ProgressState], None]


class NotebookRunner:
    """Runs the notebooks of stages.

    Use it as a context manager: when it is left, no process of it is alive any more.

    Args:
        notebooks: Folder of the stage notebooks.
        work_folder: Folder for the small files of the processes.
    """

    def __init__(self, notebooks: Path, work_folder: Path) -> None:
        self._notebooks = notebooks
        self._work_folder = work_folder
        self._processes: list[NotebookProcess] = []
        self._ready: NotebookProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.close()

    def run(
        self, stage: str, output: Path, parameters: dict[str, Any], next_stage: str | None, watch: ProgressWatcher
    ) -> Outcome:
        """Run the notebook of a stage to its end.

        Args:
            stage: The stage.
            output: Where the executed notebook goes; its HTML follows a moment after the outcome.
            parameters: Values for its parameters cell.
            next_stage: The stage that will probably be run after this one, None when there is none.
            watch: Told of the progress a few times a second.

        Returns:
            The outcome, also of a notebook that failed.

        Raises:
            KeyboardInterrupt: The user interrupted; the notebook was cancelled and has ended.
        """
        process = self._ready or self._make_ready(stage)
        process.start(self._notebooks / notebook_name(stage), output, parameters)
        try:
            self._ready = self._make_ready(next_stage) if next_stage else None
            return _wait(process, watch)
        except KeyboardInterrupt:
            process.cancel()
            _wait(process, watch, at_most_s=2 * CANCEL_GRACE_S)
            raise

    def _make_ready(self, stage: str) -> NotebookProcess:
        folder = self._work_folder / f"process_{len(self._processes):05d}"
        process = NotebookProcess(folder, preload=(f"videoprep_nb.stages.{stage}", "videoprep_nb.viz"))
        self._processes.append(process)
        return process


def _wait(process: NotebookProcess, watch: ProgressWatcher, at_most_s: float = float("inf")) -> Outcome:
    end_s = time.monotonic() + at_most_s
    while (outcome := process.poll()) is None and time.monotonic() < end_s:
        if (progress := process.progress()) is not None:
            watch(progress)
        time.sleep(_POLL_INTERVAL_S)
    return outcome or process.abandon()
