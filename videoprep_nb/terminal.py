"""What ``videoprep run`` shows while a job runs: a bar per stage on a terminal, a line per unit elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from videoprep_nb.jobs.models import JobSpec, State, UnitResult
from videoprep_nb.jobs.plan import Unit
from videoprep_nb.progress import ProgressState
from videoprep_nb.stages.params import STAGES, VIDEO_STAGES
from videoprep_nb.timecode import format_duration


class JobDisplay:
    """Shows the progress of a job.

    Args:
        spec: The job.
        console: Where to show it.
    """

    def __init__(self, spec: JobSpec, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[detail]}"), console=console
        )
        self._tasks: dict[str, TaskID] = {}
        for stage in STAGES:
            units = len(spec.videos) if stage in VIDEO_STAGES else 1
            self._tasks[stage] = self._bars.add_task(f"{stage:<18}", total=units, detail="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def update(self, unit: Unit, news: ProgressState | UnitResult) -> None:
        """Show the progress of a unit, or its result."""
        name = f"video {unit.video.video_id}" if unit.video else ""
        task = self._tasks[unit.stage]
        if isinstance(news, ProgressState):
            finished = int(self._bars.tasks[task].completed)
            part = min(news.done / news.total, 0.999) if news.total else 0.0
            self._bars.update(task, completed=finished + part, detail=f"{name} {_describe(news)}".strip())
            return
        finished = int(self._bars.tasks[task].completed) + 1
        self._bars.update(task, completed=finished, detail=f"{name} {news.state}".strip())
        if not self._console.is_terminal:
            line = f"{unit.stage} {name}".strip() + f": {news.state}, {format_duration(news.elapsed_s)}"
            self._console.print(escape(line if news.state is State.DONE else f"{line}. {news.message}"))


def _describe(progress: ProgressState) -> str:
    of_total = f" of {progress.total}" if progress.total else ""
    rate = f", {progress.rate_per_s:.0f} a second" if progress.rate_per_s else ""
    left = f", {format_duration(progress.remaining_s)} left" if progress.remaining_s is not None else ""
    return f"{progress.done}{of_total} {progress.unit}{rate}{left}"
