"""Video, our detector, our tracks, ground truth: ``python -m benchmarks.end_to_end`` renews the table in the guide.

Beside our defaults: ``track`` of ultralytics with the same weights and input size, and SORT on our detections without
refinement. Scenes and the way to the scores are in ``benchmarks.scenes``; corrections are defined in
``benchmarks.corrections``. ``--folder`` keeps detections, so that the next run takes seconds.

To compare settings, or two versions of the code, in pairs::

    python -m benchmarks.end_to_end --folder scratch --save before.json
    python -m benchmarks.end_to_end --folder scratch --against before.json --set max_gap_s=3

Every score is multiplied by ten factors between 0.92 and 1.2; printed are the mean difference of each figure and in how
many of the ten it is better. Only that counts: single differences below 2 HOTA are noise.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from benchmarks.guides import replace_table
from benchmarks.scenes import (
    DetectedScene,
    SceneScore,
    detect_scene,
    scenes,
    score_rows,
    score_scaled,
    score_scene,
    score_tracker,
)
from benchmarks.ultralytics_track import track_with_ultralytics
from videoprep_nb.tracking.params import TrackingParams

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "tracking.md"
COMMAND = "python -m benchmarks.end_to_end"
SORT_CONFIDENCE = 0.5  # the best of 0.1, 0.25 and 0.5 for SORT, which has no thresholds of its own
PEERS = {"BoT-SORT": "botsort", "ByteTrack": "bytetrack"}
HIGHER_IS_BETTER = ("HOTA", "MOTA", "IDF1")

Figures = Mapping[str, float]


def main() -> None:
    """Renew the table, or measure ten scalings and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps standard videos and detections; default: a temporary one")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of tracking")
    parser.add_argument("--save", type=Path, help="measure ten scalings and keep them in this file")
    parser.add_argument("--against", type=Path, help="measure ten scalings and compare them with this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        if not (arguments.save or arguments.against):
            table = markdown(list(measure(folder)))
            print(table)
            replace_table(GUIDE, COMMAND, table)
            return
        params = TrackingParams.checked(_values(arguments.set))
        scaled = {scene.name: score_scaled(detect_scene(scene, folder), params) for scene in scenes()}
    if arguments.save:
        arguments.save.write_text(json.dumps(scaled), encoding="utf-8")
    if arguments.against:
        print(comparison(json.loads(arguments.against.read_text(encoding="utf-8")), scaled))


def measure(folder: Path) -> Iterator[tuple[str, str, SceneScore]]:
    """Scene, tracker and score of everything that is compared."""
    for scene in scenes():
        sys.stderr.write(f"{scene.name} …\n")
        detected = detect_scene(scene, folder)
        yield scene.name, "**videoprep**", score_scene(detected, TrackingParams())
        for title, tracker in PEERS.items():
            yield scene.name, f"ultralytics, {title}", _score_peer(detected, tracker, folder)
        yield scene.name, "SORT on our detections", score_tracker(detected, "sort", SORT_CONFIDENCE)


def _score_peer(detected: DetectedScene, tracker: str, folder: Path) -> SceneScore:
    rows, processor_s = track_with_ultralytics(detected.scene, tracker, folder)
    return score_rows(detected, rows, processor_s)


def markdown(rows: Sequence[tuple[str, str, SceneScore]]) -> str:
    """The table of the guide."""
    lines = [
        "| video | tracker | HOTA | MOTA | IDF1 | IDSW | Frag | per person-minute: missed | false | switches "
        "| splits and merges | corrections | ms per frame |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for scene, tracker, score in rows:
        figures = score.figures()
        quality = [f"{figures[name]:.1f}" for name in HIGHER_IS_BETTER]
        counts = [f"{figures[name]:.0f}" for name in ("IDSW", "Frag")]
        costs = [f"{figures[name]:.1f}" for name in ("missed", "false", "switches", "ids", "sum", "ms")]
        lines.append(f"| {' | '.join([scene, tracker, *quality, *counts, *costs])} |")
    return "\n".join(lines) + "\n"


def comparison(before: Mapping[str, Sequence[Figures]], after: Mapping[str, Sequence[Figures]]) -> str:
    """For each scene and figure the mean before, the mean difference, and how often it is better and worse."""
    lines = []
    for scene, pairs in ((name, list(zip(before[name], figures, strict=True))) for name, figures in after.items()):
        lines.append(f"{scene}:")
        for name in (name for name in pairs[0][1] if name != "ms"):
            gains = [(new[name] - old[name]) * (1 if name in HIGHER_IS_BETTER else -1) for old, new in pairs]
            difference = fmean(new[name] - old[name] for old, new in pairs)
            better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
            mean = fmean(old[name] for old, _ in pairs)
            lines.append(f"  {name:8} {mean:8.2f} {difference:+8.2f}   better {better}, worse {worse}")
    return "\n".join(lines)


def _values(assignments: Sequence[str]) -> dict[str, Any]:
    """Values by name; texts and lists of texts, which the params model makes numbers of: ``off`` is not False."""
    pairs = (text.partition("=") for text in assignments)
    return {name: yaml.load(value, yaml.BaseLoader) for name, _, value in pairs}


if __name__ == "__main__":
    main()
