"""What the looks of people bring: ``python -m benchmarks.appearance`` renews the tables in the guide.

First end to end, in pairs with and without appearance, with the scenes and scores of ``benchmarks.end_to_end``, also
with every second frame. Then with gaps cut into the ground truth of PETS09-S2L1: each person is hidden once, at a
random time, for so many seconds; counted are the pieces that are linked rightly and wrongly.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from benchmarks.guides import replace_table
from benchmarks.scenes import DetectedScene, detect_scene, scenes, score_scaled
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import relink_by_looks
from videoprep_nb.tracking.tracks import Tracks

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "tracking.md"
COMMAND = "python -m benchmarks.appearance"
STRIDES = (1, 2)
EVERY_FRAME_FPS = 60  # more than any scene has: the stride alone decides
GAPS_S = (5, 10, 20, 30, 60)
DRAWS = 6
MIN_PIECE_S = 2.0


def main() -> None:
    """Measure, print the tables and write them into the guide."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps standard videos and detections; default: a temporary one")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        table = _table_of_pairs(folder or Path(temporary)) + "\n" + _table_of_gaps(folder or Path(temporary))
    print(table)
    replace_table(GUIDE, COMMAND, table)


def _table_of_pairs(folder: Path) -> str:
    lines = [
        "| video | every … frame | off: HOTA | IDF1 | IDSW | auto: HOTA | IDF1 | IDSW | HOTA better, worse of 10 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for scene in scenes():
        for stride in STRIDES:
            detected = detect_scene(scene, folder, {"frame_stride": stride, "sampled_fps": float(EVERY_FRAME_FPS)})
            off, auto = (score_scaled(detected, TrackingParams(appearance=mode)) for mode in ("off", "auto"))
            gains = [new["HOTA"] - old["HOTA"] for old, new in zip(off, auto, strict=True)]
            counts = f"{sum(gain > 0 for gain in gains)}, {sum(gain < 0 for gain in gains)}"
            lines.append(f"| {scene.name} | {stride} | {_means(off)} | {_means(auto)} | {counts} |")
    return "\n".join(lines) + "\n"


def _means(scores: Sequence[dict[str, float]]) -> str:
    return " | ".join(f"{fmean(score[name] for score in scores):.1f}" for name in ("HOTA", "IDF1", "IDSW"))


def _table_of_gaps(folder: Path) -> str:
    detected = detect_scene(scenes()[0], folder)
    found = Detections.from_clips(detected.clips, TrackingParams().confidence)
    truth = _detected_truth(detected, found)
    lines = ["| gap | cut | linked rightly | wrongly |", "|---|---|---|---|"]
    for gap_s in GAPS_S:
        counts = np.sum([_link_cut(truth, found, gap_s, float(detected.rate), draw) for draw in range(DRAWS)], axis=0)
        lines.append(f"| {gap_s} s | {' | '.join(map(str, counts.tolist()))} |")
    return "\n".join(lines) + "\n"


def _detected_truth(detected: DetectedScene, found: Detections) -> Tracks:
    """The detections that lie on people of the ground truth, with their ids, in pixels of the standard frame."""
    truth = detected.truth
    corners = truth.boxes_xywh[:, :2] - 1
    truth_xyxy = detected.transform.to_standard(np.hstack([corners, corners + truth.boxes_xywh[:, 2:]]))
    ids = np.zeros(len(found), np.int64)
    for frame, rows in zip(found.sampled.tolist(), found.rows_of_frames(), strict=True):
        own = np.flatnonzero(truth.frame_number == frame + 1)
        iou = iou_matrix(found.boxes_xyxy[rows], truth_xyxy[own])
        chosen, person = linear_sum_assignment(iou, maximize=True)
        hits = iou[chosen, person] >= 0.5
        ids[rows.start + chosen[hits]] = truth.object_id[own[person[hits]]]
    seen = np.flatnonzero(ids)
    return Tracks.from_arrays(found.frame_index[seen], ids[seen], found.boxes_xyxy[seen], found.scores[seen])


def _link_cut(truth: Tracks, found: Detections, gap_s: float, rate: float, draw: int) -> npt.NDArray[np.int64]:
    """Gaps that are cut, pieces of one person that are linked, and links of two ids of the ground truth."""
    random = np.random.default_rng(draw)
    kept, piece, cut_count = np.ones(len(truth), np.bool_), 2 * truth.track_id, 0
    for track_id in truth.track_ids:
        rows = np.flatnonzero(truth.track_id == track_id)
        time_s = truth.frame_index[rows] / rate
        room_s = time_s[-1] - time_s[0] - gap_s - 2 * MIN_PIECE_S
        if room_s < 0:
            continue
        begin_s = time_s[0] + MIN_PIECE_S + random.uniform(0, room_s)
        kept[rows[(time_s > begin_s) & (time_s < begin_s + gap_s)]] = False
        piece[rows[time_s >= begin_s + gap_s]] += 1
        cut_count += 1
    pieces = replace(truth, track_id=piece).rows(kept)
    linked = relink_by_looks(pieces, found, "auto", rate, rate, (1, 1))
    members: dict[int, set[int]] = {}
    names = dict(zip(zip(pieces.frame_index, pieces.boxes_xyxy[:, 0], strict=True), pieces.track_id, strict=True))
    for frame, left, track_id in zip(linked.frame_index, linked.boxes_xyxy[:, 0], linked.track_id, strict=True):
        members.setdefault(int(track_id), set()).add(int(names[frame, left]))
    persons = [{one // 2 for one in parts} for parts in members.values()]
    right = sum(len(parts) - len(people) for parts, people in zip(members.values(), persons, strict=True))
    return np.array([cut_count, right, sum(len(people) - 1 for people in persons)])


if __name__ == "__main__":
    main()
