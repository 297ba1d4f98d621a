"""What each step of the refinement brings: ``python -m benchmarks.refinement_gains`` renews the table in the guide.

The same sequences and figures as in ``benchmarks.tracker_table``, with the default tracker.
"""

import sys
from typing import Any

from benchmarks.guides import replace_table
from benchmarks.tracker_table import BENCHMARKS, ROOT, Benchmark, score
from videoprep_nb.tracking.evaluation.evaluate import Tracking
from videoprep_nb.tracking.evaluation.score import Scores
from videoprep_nb.tracking.params import TrackingParams

GUIDE = ROOT / "docs" / "tracking.md"
COMMAND = "python -m benchmarks.refinement_gains"

NOTHING: dict[str, Any] = {
    "normalize_scores": False,
    "bidirectional": False,
    "max_link_s": 0.0,
    "min_length_s": 0.0,
    "extend_tracks": False,
    "smooth": False,
    "max_gap_s": 0.0,
    "compensate_drift": False,
    "drop_duplicates": False,
}
"""All steps off: the tracks of one run, with the boxes as they were detected."""

STEPS: list[tuple[str, tuple[str, ...]]] = [
    ("scores normalized", ("normalize_scores",)),
    ("bidirectional, tracklets linked", ("bidirectional", "max_link_s")),
    ("short tracks dropped", ("min_length_s",)),
    ("tracks extended", ("extend_tracks",)),
    ("boxes smoothed", ("smooth",)),
    ("gaps filled", ("max_gap_s",)),
    ("drift compensated", ("compensate_drift",)),
    ("duplicates dropped", ("drop_duplicates",)),
]
"""The steps that are on by default, and their parameters; the two of the second make no sense alone."""


def main() -> None:
    """Measure, print the table and write it into the guide."""
    table = "\n\n".join(_table(benchmark) for benchmark in BENCHMARKS) + "\n"
    print(table)
    replace_table(GUIDE, COMMAND, table)


def _table(benchmark: Benchmark) -> str:
    defaults = TrackingParams()
    everything = _score(benchmark, {})
    values, before = dict(NOTHING), _score(benchmark, NOTHING)
    lines = [
        f"{benchmark.title}:",
        "",
        "| step | HOTA | MOTA | IDF1 | IDSW | gain in HOTA, MOTA, IDF1 | all steps without it: HOTA, MOTA, IDF1 |",
        "|---|---|---|---|---|---|---|",
        f"| tracker, forward only | {_figures(before)} | | |",
    ]
    for title, names in STEPS:
        values |= {name: getattr(defaults, name) for name in names}
        after, without = _score(benchmark, values), _score(benchmark, {name: NOTHING[name] for name in names})
        lines.append(f"| {title} | {_figures(after)} | {_gain(before, after)} | {_gain(everything, without)} |")
        before = after
    return "\n".join(lines)


def _score(benchmark: Benchmark, values: dict[str, Any]) -> Scores:
    sys.stderr.write(f"{benchmark.title}: {values or 'defaults'} …\n")
    return score(benchmark, Tracking(TrackingParams.checked(values)))


def _figures(scores: Scores) -> str:
    return f"{scores.HOTA:.1f} | {scores.MOTA:.1f} | {scores.IDF1:.1f} | {scores.IDSW}"


def _gain(before: Scores, after: Scores) -> str:
    gains = (after.HOTA - before.HOTA, after.MOTA - before.MOTA, after.IDF1 - before.IDF1)
    return ", ".join(f"{gain:+.1f}".replace("-", "−") for gain in gains)


if __name__ == "__main__":
    main()
