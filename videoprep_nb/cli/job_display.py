"""What ``videoprep run`` shows while a job runs: a bar per stage on a terminal, a line per task elsewhere."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from videoprep_nb.core.timecode import format_duration
from videoprep_nb.jobs.models import ENDED, State
from videoprep_nb.jobs.service import JobView
from videoprep_nb.jobs.store.rows import UnitRow
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
        self._tasks = {stage: self._bars.add_task(f"{stage:<18}", total=1, detail="") for stage in STAGES}
        self._reported: set[str] = set()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:  # elsewhere rich would print an empty line
            self._bars.stop()

    def update(self, view: JobView) -> None:
        """Show how far a job is."""
        for stage, task in self._tasks.items():
            units = [unit for unit in view.units if unit.stage == stage]
            completed = sum(unit.fraction_done for unit in units)
            running = next((unit for unit in units if unit.state is State.RUNNING), None)
            ended = sum(unit.state in ENDED for unit in units)
            detail = describe_unit(running) if running else f"{ended} of {len(units)}" if ended else ""
            self._bars.update(task, total=len(units) or 1, completed=completed, detail=detail)
        for unit in view.units:
            if unit.state in ENDED and unit.started_at and unit.key not in self._reported:
                self._reported.add(unit.key)
                self._report(unit)

    def _report(self, unit: UnitRow) -> None:
        if not self._console.is_terminal:
            line = f"{unit.key}: {unit.state}, {format_duration(unit.elapsed_s(datetime.now(UTC)))}"
            self._console.print(escape(line if unit.state is State.DONE else f"{line}. {unit.message}"))


def describe_unit(unit: UnitRow) -> str:
    """Frames, rate and time left of a running task."""
    elapsed_s = unit.elapsed_s(datetime.now(UTC))
    of_video = f"video {unit.video_id}: " if unit.video_id else ""
    of_total = f" of {unit.total}" if unit.total else ""
    if not unit.done or not elapsed_s:
        return of_video + "started"
    rate = unit.done / elapsed_s
    left = f", {format_duration((unit.total - unit.done) / rate)} left" if unit.total else ""
    return f"{of_video}{unit.done}{of_total} {unit.unit}, {rate:.0f} per second{left}"
