"""How a stage reports its progress.

A stage gets a ``ProgressCallback`` and calls it as often as it likes. Under a job, the environment variable
``VIDEOPREP_PROGRESS_FILE`` names a small file that is rewritten a few times a second; the watcher of the job
reads it. By hand, a text progress bar is shown.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

PROGRESS_FILE_VARIABLE = "VIDEOPREP_PROGRESS_FILE"
_WRITE_INTERVAL_S = 0.25
# without a rate: what was done before counts as done at once, at millions per second
_BAR_FORMAT = "{percentage:3.0f}% {bar:40} {n_fmt} of {total_fmt}{unit}, {elapsed} passed, {remaining} left"
_BAR_FORMAT_WITHOUT_TOTAL = "{n_fmt}{unit}, {elapsed} passed"

ProgressCallback = Callable[[int, int, str], None]
"""Called with (done, total, unit); ``done`` never shrinks, ``total`` is 0 while it is unknown."""


@dataclass(frozen=True)
class ProgressState:
    """What a progress file holds.

    Args:
        done: Units done.
        total: All units, 0 while unknown.
        unit: What is counted: ``frames``, ``clips``.
        elapsed_s: Seconds since the first report.
    """

    done: int
    total: int
    unit: str
    elapsed_s: float

    @property
    def rate_per_s(self) -> float:
        """Units done per second so far."""
        return self.done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds until the end, None while it cannot be known."""
        if not self.total or not self.rate_per_s:
            return None
        return max(0, self.total - self.done) / self.rate_per_s


def read_progress(path: Path) -> ProgressState | None:
    """The last state that was written, None when there is none yet."""
    try:
        return ProgressState(**json.loads(path.read_text(encoding="utf-8")))
    # one that is missing, broken or unreadable counts as none: the next one comes soon
    except (OSError, ValueError, TypeError):
        return None


def progress_from_environment() -> ProgressCallback:
    """The callback that fits where the stage runs: a progress file under a job, a text bar by hand."""
    path = os.environ.get(PROGRESS_FILE_VARIABLE)
    return _FileProgress(Path(path)) if path else _BarProgress()


class _FileProgress:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._started_s = time.monotonic()
        self._written_s = 0.0
        self._done = 0

    def __call__(self, done: int, total: int, unit: str) -> None:
        now_s = time.monotonic()
        self._done = max(self._done, done)
        if now_s - self._written_s < _WRITE_INTERVAL_S and done != total:
            return
        self._written_s = now_s
        state = ProgressState(self._done, total, unit, now_s - self._started_s)
        staging = self._path.with_suffix(".partial")
        with suppress(OSError):  # hours of work must not fail because for a moment it cannot say how far it is
            staging.write_text(json.dumps(asdict(state)), encoding="utf-8")
            staging.replace(self._path)


class _BarProgress:
    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def __call__(self, done: int, total: int, unit: str) -> None:
        bar_format = _BAR_FORMAT if total else _BAR_FORMAT_WITHOUT_TOTAL
        if self._bar is None:
            # notebooks show stderr on red, as if something had gone wrong
            file = sys.stdout if "ipykernel" in sys.modules else sys.stderr
            self._bar = tqdm(total=total or None, unit=f" {unit}", mininterval=1.0, file=file, bar_format=bar_format)
        self._bar.total, self._bar.bar_format = total or None, bar_format
        self._bar.update(max(0, done - self._bar.n))
        if done == total:
            self._bar.close()
