"""How good each tracker is, alone and refined: ``python -m benchmarks.tracker_table`` renews the table in the guide.

TrackEval's figures with the public detections of ``../shared/data``: the second halves of MOT17-02, -04 and -09 (which
the detector has not seen), two short sequences of MOT15, and 13 of DanceTrack (with fewer trackers: they are long).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from benchmarks.guides import replace_table
from videoprep_nb.tracking.detections import DETECTION_FLOOR
from videoprep_nb.tracking.evaluation.evaluate import Tracking, evaluate_detections
from videoprep_nb.tracking.evaluation.score import Scores, combine
from videoprep_nb.tracking.evaluation.sequence import Half
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.trackers import TRACKERS

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
GUIDE = ROOT / "docs" / "trackers.md"


@dataclass(frozen=True)
class Benchmark:
    """Sequences that are scored together, as folders with ``gt/gt.txt`` and detections; and the trackers compared."""

    title: str
    folders: Sequence[Path]
    detections: str
    half: Half | None
    trackers: Sequence[str] = tuple(TRACKERS)


BENCHMARKS = [
    Benchmark(
        "MOT17-02, -04, -09, second halves, detections of YOLOX-x",
        [DATA / "mot17" / f"MOT17-{number}" for number in ("02", "04", "09")],
        "det/yolox_x.txt",
        "val",
    ),
    Benchmark(
        "MOT15 TUD-Campus and TUD-Stadtmitte, public detections",
        [DATA / "mot15" / name for name in ("TUD-Campus", "TUD-Stadtmitte")],
        "det/det.txt",
        None,
    ),
    Benchmark(
        "DanceTrack, 13 sequences of its validation set, detections of YOLOX-x",
        sorted((DATA / "dancetrack").glob("dancetrack*")),
        "det/yolox_x.txt",
        None,
        ("motion", "ocsort"),
    ),
]
MOT15_RATE = Fraction(25)

PUBLISHED_OPTIONS = {"bytetrack": [[], ["track_high_thresh:0.6", "new_track_thresh:0.7", "match_thresh:0.9"]]}
"""Options tried beside the defaults: those of the paper, for detectors that give high scores."""


def main() -> None:
    """Measure, print the table and write it into the guide."""
    table = "\n\n".join(_table(benchmark) for benchmark in BENCHMARKS) + "\n"
    print(table)
    replace_table(GUIDE, "python -m benchmarks.tracker_table", table)


def _table(benchmark: Benchmark) -> str:
    lines = [
        f"{benchmark.title}:",
        "",
        "| tracker | options | alone: HOTA | MOTA | IDF1 | IDSW | refined: HOTA | MOTA | IDF1 | IDSW |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in benchmark.trackers:
        for options in PUBLISHED_OPTIONS.get(name, [[]]):
            sys.stderr.write(f"{benchmark.title}: {name} {options} …\n")
            lines.append(_row(benchmark, TrackingParams(tracker=name, tracker_options=options)))
    return "\n".join(lines)


def _row(benchmark: Benchmark, params: TrackingParams) -> str:
    # alone, a tracker has all detections, as in its paper; refined, it has what the defaults give it
    alone = score(benchmark, Tracking(params.model_copy(update={"confidence": DETECTION_FLOOR}), refine=False))
    refined = score(benchmark, Tracking(params))
    is_default = params.tracker == TrackingParams().tracker
    cells = [
        f"**`{params.tracker}`**" if is_default else f"`{params.tracker}`",
        ", ".join(f"`{option}`" for option in params.tracker_options),
        *_cells(alone),
        *_cells(refined),
    ]
    return f"| {' | '.join(cells)} |"


def score(benchmark: Benchmark, tracking: Tracking) -> Scores:
    """The figures of all sequences of a benchmark together."""
    tracking = replace(tracking, frame_rate=MOT15_RATE)
    return combine(
        [
            evaluate_detections(
                folder / "gt" / "gt.txt", folder / benchmark.detections, tracking, benchmark.half
            ).result
            for folder in benchmark.folders
        ]
    )


def _cells(scores: Scores) -> list[str]:
    return [f"{scores.HOTA:.1f}", f"{scores.MOTA:.1f}", f"{scores.IDF1:.1f}", f"{scores.IDSW}"]


if __name__ == "__main__":
    main()
