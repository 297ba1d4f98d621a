"""Raw video to tracks against ground truth: our defaults, and the corrections that they cost an annotator.

Run as ``python benchmarks/bench_end_to_end.py``; prints one JSON object.
"""

import json
import tempfile
from pathlib import Path

from benchmarks.scenes import detect_scene, scenes, score_scene
from videoprep_nb.tracking.params import TrackingParams

LIMITS = {
    "PETS09-S2L1": {"missed": 20.0, "false": 12.0, "switches": 0.5},
}
MIN = {"TUD-Campus": {"HOTA": 65.9, "MOTA": 77.4, "IDF1": 86.4}}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        detected = [detect_scene(scene, Path(folder)) for scene in scenes()]
    measured = {scene.scene.name: score_scene(scene, TrackingParams()).figures() for scene in detected}
    passed = {
        **{
            scene: all(measured[scene][name] <= most for name, most in limits.items())
            for scene, limits in LIMITS.items()
        },
        **{
            scene: all(measured[scene][name] >= least for name, least in limits.items())
            for scene, limits in MIN.items()
        },
    }
    print(json.dumps({"measured": measured, "at_most": LIMITS, "at_least": MIN, "passed": passed}, indent=1))


if __name__ == "__main__":
    main()
