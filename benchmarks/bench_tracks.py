"""Tracks from detections that are there: how good they are, and how long trackers and refinement take.

Run as ``python benchmarks/bench_tracks.py``; prints one JSON object.
"""

import json
import resource
import statistics
import time
from fractions import Fraction

import numpy as np

from benchmarks.tracker_table import BENCHMARKS, DATA, MOT15_RATE, score
from videoprep_nb.tracking.detections import DETECTION_FLOOR, Detections
from videoprep_nb.tracking.detectors.precomputed import PrecomputedDetector
from videoprep_nb.tracking.evaluation.evaluate import Tracking, evaluate_detections, read_frames
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.track import TrackedVideo, track_video

ROUNDS = 5
CLIP_FRAMES = 450
HOUR_FRAMES = 36_000
PAPER_OPTIONS = [f"max_age_s:{float(1 / MOT15_RATE)}", "min_hits:3", "match_iou:0.3"]
MIN = {"HOTA": 73.5, "MOTA": 82.5, "IDF1": 85.5}
SORT_AS_PUBLISHED = {"MOTA": (62.7, 0.5), "FP": (15, 2), "FN": (113, 3), "IDSW": (6, 1)}
LIMITS = {"clip_s": 0.5, "hour_s": 60.0, "hour_memory_mb": 1000.0}


def measure_time() -> dict[str, float]:
    """Seconds for 15 s of MOT17-04 and for an hour of PETS09-S2L1 again and again, and the memory that took."""
    pets = PrecomputedDetector.from_file(DATA / "mot15" / "PETS09-S2L1" / "det" / "det.txt")
    sampled = np.arange(HOUR_FRAMES, dtype=np.int32)
    found = pets.detect([], (sampled % pets.frame_count).tolist(), width=0, height=0)
    hour = Detections.from_frames(sampled, found, pets.fingerprint)
    hour_s = time_tracking(hour, TrackedVideo(Fraction(10), 1, 768, 576))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    crowd = PrecomputedDetector.from_file(DATA / "mot17" / "MOT17-04" / "det" / "yolox_x.txt")
    clip = read_frames(crowd, range(1, CLIP_FRAMES + 1))
    clip_s = [time_tracking(clip, TrackedVideo(Fraction(30), 1, 1920, 1080)) for _ in range(ROUNDS)]
    return {"clip_s": statistics.median(clip_s), "hour_s": hour_s, "hour_memory_mb": memory_mb}


def time_tracking(detections: Detections, video: TrackedVideo) -> float:
    """Seconds from detections to refined tracks, with the defaults."""
    started_s = time.perf_counter()
    track_video([(0, detections)], video, TrackingParams())
    return time.perf_counter() - started_s


def score_sort() -> dict[str, float]:
    """SORT on TUD-Campus with the parameters of its paper."""
    folder = DATA / "mot15" / "TUD-Campus"
    params = TrackingParams(tracker="sort", tracker_options=PAPER_OPTIONS, confidence=DETECTION_FLOOR)
    tracking = Tracking(params, refine=False, frame_rate=MOT15_RATE)
    return evaluate_detections(folder / "gt/gt.txt", folder / "det/det.txt", tracking).result.scores.as_dict()


def main() -> None:
    """Measure and print."""
    times = measure_time()
    defaults, sort = score(BENCHMARKS[0], Tracking(TrackingParams())).as_dict(), score_sort()
    passed = {
        "time": all(times[name] <= limit for name, limit in LIMITS.items()),
        "defaults": all(defaults[name] >= least for name, least in MIN.items()),
        "sort": all(abs(sort[name] - expected) <= margin for name, (expected, margin) in SORT_AS_PUBLISHED.items()),
    }
    measured = {"time": times, "defaults_on_mot17_half_val": defaults, "sort_on_tud_campus": sort}
    limits = {"time": LIMITS, "defaults_at_least": MIN, "sort_expected_and_margin": SORT_AS_PUBLISHED}
    print(json.dumps({"measured": measured, "limits": limits, "passed": passed}, indent=1))


if __name__ == "__main__":
    main()
