"""What the command line shows while a job runs: a bar per stage on a terminal, a line per task elsewhere.

A task that fails has its line on both.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from videoprep_nb.cli.console import plain
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import JobView
from videoprep_nb.jobs.store.rows import TaskRow
from videoprep_nb.jobs.task import without_task_key
from videoprep_nb.stages.registry import STAGES


class JobDisplay:
    """Shows the progress of a job.

    Args:
        console: Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[detail]}"), console=console
        )
        self._bars_of_stages: dict[str, TaskID] = {}
        self._bars_of_transfers: dict[str, TaskID] = {}
        self._reported: set[str] = set()
        self._message = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:  # elsewhere rich would print an empty line
            self._bars.stop()

    def update_view(self, view: JobView) -> None:
        """Show how far a job of this machine is."""
        self.update(view.job.state, view.job.message, view.tasks)

    def update(self, state: State, message: str, tasks: Sequence[TaskRow]) -> None:
        """Show how far a job is.

        Args:
            state: The state of the job.
            message: Why it is in this state.
            tasks: Its tasks.
        """
        for stage in STAGES:
            if own := [task for task in tasks if task.stage == stage]:
                self._update_bar(self._bar_of(stage), own)
        if message != self._message and state not in ENDED:
            self._message = message
            if self._message:  # it says what the job waits for
                self._console.print(plain(self._message))
        for task in tasks:
            if task.state in ENDED and task.started_at and task.key not in self._reported:
                self._reported.add(task.key)
                self._report(task)

    def update_transfer(self, address: str, done_bytes: int, total_bytes: int) -> None:
        """Show how far the files are that come from an object storage, or go there."""
        if address not in self._bars_of_transfers:
            self._bars_of_transfers[address] = self._bars.add_task(plain(address), total=1, detail="")
        detail = f"{done_bytes / 1e6:,.1f} of {total_bytes / 1e6:,.1f} MB"
        bar = self._bars_of_transfers[address]
        self._bars.update(bar, total=total_bytes or 1, completed=done_bytes if total_bytes else 1, detail=detail)
        if done_bytes == total_bytes and address not in self._reported:
            self._reported.add(address)
            if not self._console.is_terminal:
                self._console.print(plain(f"{address}: {total_bytes / 1e6:,.1f} MB"))

    def _bar_of(self, stage: str) -> TaskID:
        """The bar of a stage; all tasks of a job are planned at once, so the bars stand in the order of the stages."""
        if stage not in self._bars_of_stages:
            self._bars_of_stages[stage] = self._bars.add_task(f"{stage:<18}", total=1, detail="")
        return self._bars_of_stages[stage]

    def _update_bar(self, bar: TaskID, tasks: Sequence[TaskRow]) -> None:
        done = sum(task.state is State.DONE for task in tasks)
        running = next((task for task in tasks if task.state is State.RUNNING), None)
        completed = done + sum(task.fraction_done for task in tasks if task.state is State.RUNNING)
        is_over = any(task.state in ENDED for task in tasks)
        detail = describe_task(running) if running else f"{done} of {len(tasks)}" if is_over else ""
        self._bars.update(bar, total=len(tasks) or 1, completed=completed, detail=detail)

    def _report(self, task: TaskRow) -> None:
        line = f"{task.key}: {task.state}, {format_duration(task.elapsed_s(datetime.now(UTC)))}"
        if task.state is not State.DONE:
            self._console.print(plain(f"{line}. {without_task_key(task.message)}"))
        elif not self._console.is_terminal:
            self._console.print(plain(line))


def describe_task(task: TaskRow) -> str:
    """Frames, rate and time left of a running task."""
    elapsed_s = task.elapsed_s(datetime.now(UTC))
    of_video = f"video {task.video_id}: " if task.video_id else ""
    of_total = f" of {task.total}" if task.total else ""
    if not task.done or not elapsed_s:
        return of_video + "started"
    rate = task.done / elapsed_s
    left = f", {format_duration((task.total - task.done) / rate)} left" if task.total else ""
    return f"{of_video}{task.done}{of_total} {task.progress_unit}, {rate:.0f} per second{left}"
