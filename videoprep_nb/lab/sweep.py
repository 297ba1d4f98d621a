"""Many settings tried one after another, in a process of its own: the kernel stays free for the lab."""

import multiprocessing
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from videoprep_nb.core.errors import ParameterError, VideoPrepError
from videoprep_nb.lab.figures import Figures
from videoprep_nb.lab.model import LabVideo
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.tracking.trackers import TRACKERS

MAX_TRIALS = 500


@dataclass(frozen=True)
class Candidate:
    """Settings to try.

    Args:
        values: What they change, by the names of the grid.
        settings: The settings.
    """

    values: Mapping[str, str]
    settings: LabSettings


def read_grid(text: str, base: LabSettings) -> list[Candidate]:
    """Every combination of the values of some parameters.

    Args:
        text: One line per parameter, its name and its values, ``confidence: 0.1 0.3 0.5``; a name may also be an
            option of the tracker.
        base: The settings that they change.

    Raises:
        ParameterError: A line is not of that form, a name or value is wrong, or there are too many combinations.

    Example:
        >>> [c.settings.max_gap_s for c in read_grid("max_gap_s: 1 2", LabSettings())]
        [1.0, 2.0]
    """
    grid: dict[str, list[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, values = (part.strip() for part in line.partition(":"))
        grid[name] = values.replace(",", " ").split()
        if not colon or not grid[name]:
            raise ParameterError(line.strip(), "expected a name and its values, for example confidence: 0.1 0.3 0.5")
    if not grid:
        raise ParameterError("sweep", "got no line, expected for example confidence: 0.1 0.3 0.5")
    combinations = list(product(*grid.values()))
    if len(combinations) > MAX_TRIALS:
        raise ParameterError("sweep", f"got {len(combinations):,} combinations, expected at most {MAX_TRIALS}")
    return [_candidate(base, dict(zip(grid, values, strict=True))) for values in combinations]


def _candidate(base: LabSettings, values: Mapping[str, str]) -> Candidate:
    tracker = values.get("tracker", base.tracker)
    kept = base.tracker_options if tracker == base.tracker else []
    options = TRACKERS[tracker].options_type.model_fields if tracker in TRACKERS else {}
    own = {name: value for name, value in values.items() if name in options and name not in LabSettings.model_fields}
    changes = [f"{name}:{value}" for name, value in values.items() if name not in own]
    changes += [f"tracker_options:{text}" for text in kept if text.split(":", 1)[0] not in own]
    changes += [f"tracker_options:{name}:{value}" for name, value in own.items()]
    return Candidate(values, base.model_copy(update={"tracker_options": []}).changed(changes))


class Sweep:
    """Tries settings in the background, one batch at a time.

    Args:
        video: The video; what was detected in it is sent along.
    """

    def __init__(self, video: LabVideo) -> None:
        self._video = video
        self._process: SpawnProcess | None = None
        self._cancelled = False

    @property
    def is_running(self) -> bool:
        """Whether a batch is being tried."""
        return self._process is not None and self._process.is_alive()

    def start(
        self,
        settings: Sequence[LabSettings],
        on_result: Callable[[int, Figures | str], None],
        on_end: Callable[[str], None],
    ) -> None:
        """Begin with a batch; a batch that still runs is cancelled, and says nothing more.

        Args:
            settings: What to try.
            on_result: Called in another thread with the index and the figures of each, or why there are none.
            on_end: Called there at the end, with a sentence.
        """
        self.cancel()
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        self._cancelled = False
        self._process = context.Process(target=_try_all, args=(self._video, list(settings), sender), daemon=True)
        self._process.start()
        sender.close()  # else the end of the process is not the end of the messages
        arguments = (self._process, receiver, len(settings), on_result, on_end)
        threading.Thread(target=self._listen, args=arguments, daemon=True).start()

    def cancel(self) -> None:
        """Stop now; what is measured stays."""
        self._cancelled = True
        if self._process is not None:
            self._process.terminate()

    def _listen(
        self,
        process: SpawnProcess,
        receiver: Connection,
        total: int,
        on_result: Callable[[int, Figures | str], None],
        on_end: Callable[[str], None],
    ) -> None:
        is_newest = partial(self._is_newest, process)
        done = 0
        while True:
            try:
                index, result = receiver.recv()
            except (EOFError, OSError):  # OSError: ended in the middle of a message
                break
            done += 1
            _tell(is_newest, on_result, index, result)
        process.join()
        if done == total:
            words = f"All {total} settings are measured."
        elif self._cancelled:
            words = f"Cancelled after {done} of {total} settings."
        else:
            words = f"The process ended after {done} of {total} settings (exit code {process.exitcode}); run it again."
        _tell(is_newest, on_end, words)

    def _is_newest(self, process: SpawnProcess) -> bool:
        return self._process is process


@in_turn
def _tell(is_newest: Callable[[], bool], act: Callable[..., None], *arguments: Any) -> None:
    if is_newest():
        act(*arguments)


def _try_all(video: LabVideo, settings: Sequence[LabSettings], sender: Connection) -> None:
    """What the process does; a setting that does not fit the video fails alone."""
    for index, one in enumerate(settings):
        try:
            result: Figures | str = Figures.of(video.trial(one))
        except VideoPrepError as error:
            result = str(error)
        sender.send((index, result))
