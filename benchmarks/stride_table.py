"""What sampling fewer frames costs: ``python -m benchmarks.stride_table`` renews the table in the guide.

Scenes, tracks and scores are those of ``benchmarks.end_to_end``; each figure is the mean over ten factors by which the
scores of all detections are multiplied. ``--folder`` keeps detections, so that the next run takes seconds.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import fmean

from benchmarks.detector_table import GUIDE
from benchmarks.guides import replace_table
from benchmarks.scenes import detect_scene, scenes, score_scaled
from videoprep_nb.tracking.params import TrackingParams

STRIDES = (1, 2, 3, 5)
FIGURES = ("HOTA", "MOTA", "IDF1")


def main() -> None:
    """Measure, print, and write the table into the guide."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps standard videos and detections; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        table = markdown(arguments.folder or Path(temporary))
    print(table)
    replace_table(GUIDE, "python -m benchmarks.stride_table", table)


def markdown(folder: Path) -> str:
    """The table of the guide, a row per scene and stride."""
    head = ("scene", "frame_stride", "sampled frames/s", *FIGURES)
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for scene in scenes():
        for stride in STRIDES:
            detected = detect_scene(scene, folder, {"frame_stride": stride})
            scaled = score_scaled(detected, TrackingParams())
            figures = [f"{fmean(of_one[figure] for of_one in scaled):.1f}" for figure in FIGURES]
            rows.append(f"| {scene.name} | {stride} | {float(detected.rate / stride):.1f} | {' | '.join(figures)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
