"""Whether the defaults are tuned to these sequences: ``python -m benchmarks.cross_validation`` prints a table.

The sequences of ``benchmarks.tracker_table`` are split into two halves, every second one of each benchmark. Each half
chooses the best of three values of a constant (half the default, the default, twice the default), and the other half
shows what that choice costs it: how much less HOTA (mean over the benchmarks) than its own best value gives.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from benchmarks.oracle import ScoredSequence, read_sequence
from benchmarks.tracker_table import BENCHMARKS
from videoprep_nb.tracking.evaluation.mot_rows import MotRows
from videoprep_nb.tracking.evaluation.score import SequenceResult, combine, score_sequence
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import noise
from videoprep_nb.tracking.track import TrackedVideo, track_beyond_border

FACTORS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Constant:
    """A number that was chosen: a parameter, or a constant of a module.

    Args:
        title: What it is, as the table calls it.
        name: The name of the parameter or constant.
        module: Where the constant is; None for a parameter.
    """

    title: str
    name: str
    module: ModuleType | None = None

    @property
    def default(self) -> float:
        """Its value now."""
        return float(getattr(self.module or TrackingParams(), self.name))

    @contextmanager
    def set_to(self, value: float) -> Iterator[TrackingParams]:
        """The parameters with this value, and the module with it meanwhile."""
        if self.module is None:
            yield TrackingParams.checked({self.name: value})
        else:
            default = self.default
            setattr(self.module, self.name, value)
            try:
                yield TrackingParams()
            finally:
                setattr(self.module, self.name, default)


CONSTANTS = (
    Constant("smoothing: noise at a score of 0, heights", "_UNSURE", noise),
    Constant("smoothing: acceleration of walking persons, heights²/s³", "_WALKING", noise),
    Constant("`max_gap_s`", "max_gap_s"),
)

_Results = list[list[SequenceResult]]


def main() -> None:
    """Measure and print."""
    sets = [[read_sequence(benchmark, folder) for folder in benchmark.folders] for benchmark in BENCHMARKS]
    defaults = _results(sets, TrackingParams())
    lines = [
        "| constant | values | HOTA of one half | of the other | the halves choose | cost on the other half |",
        "|---|---|---|---|---|---|",
        *(_row(constant, sets, defaults) for constant in CONSTANTS),
    ]
    print("\n".join(lines))


def _row(constant: Constant, sets: Sequence[Sequence[ScoredSequence]], defaults: _Results) -> str:
    default = constant.default
    values = [default * factor for factor in FACTORS]
    halves: list[list[float]] = [[], []]
    for value in values:
        sys.stderr.write(f"{constant.title}: {value:g} …\n")
        with constant.set_to(value) as params:
            results = defaults if value == default else _results(sets, params)
        for half, scores in enumerate(halves):
            scores.append(_mean_hota([result[half::2] for result in results]))
    best = [max(range(len(values)), key=scores.__getitem__) for scores in halves]
    costs = [halves[1][best[1]] - halves[1][best[0]], halves[0][best[0]] - halves[0][best[1]]]
    cells = [
        constant.title,
        " · ".join(f"{value:g}" for value in values),
        *(" · ".join(f"{score:.2f}" for score in scores) for scores in halves),
        ", ".join(f"{values[index]:g}" for index in best),
        ", ".join(f"{cost:.2f}" for cost in costs),
    ]
    return f"| {' | '.join(cells)} |"


def _results(sets: Sequence[Sequence[ScoredSequence]], params: TrackingParams) -> _Results:
    return [[_result(sequence, params) for sequence in sequences] for sequences in sets]


def _result(sequence: ScoredSequence, params: TrackingParams) -> SequenceResult:
    video = TrackedVideo(sequence.rate, frame_stride=1, width=1, height=1)
    tracks = track_beyond_border([(0, sequence.found)], video, params)
    return score_sequence(sequence.name, sequence.truth, MotRows.from_tracks(tracks), sequence.frames)


def _mean_hota(sets: Sequence[Sequence[SequenceResult]]) -> float:
    return sum(combine(results).HOTA for results in sets) / len(sets)


if __name__ == "__main__":
    main()
