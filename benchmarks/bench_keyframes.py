"""Sparse keyframes: how many boxes they save, how close interpolation comes, and how long an hour takes.

Run as ``python benchmarks/bench_keyframes.py``; prints one JSON object.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np

import videoprep_nb as vp
from benchmarks.tracker_table import DATA
from videoprep_nb.core.boxes import clip_to_frame, iou_of_pairs
from videoprep_nb.exports.dense_proposals import read_track_rows
from videoprep_nb.exports.dense_tracks import tracks_of_rows
from videoprep_nb.exports.keyframes import DECIMALS, select_keyframes
from videoprep_nb.tracking.evaluation.mot_rows import read_ground_truth
from videoprep_nb.tracking.tracks import Tracks

MIN_IOU = 0.9
HOUR_BOXES = 12 * 10 * 3600
MIN_RATIOS = {"pets09_s2l1.avi": 3.7, "one_by_one_person.mp4": 13.0, "MOT17-02": 8.0, "MOT17-04": 8.0, "MOT17-09": 8.0}
MAX_HOUR_S = 30.0


def tracks_of_video(video: Path) -> list[Tracks]:
    """The tracks of our own chain, a table per clip, in the frame as exports write them."""
    with tempfile.TemporaryDirectory() as folder:
        resized, clips, tracks = (f"{folder}/{name}" for name in ("resized", "clips", "tracks"))
        vp.resize(vp.ResizeParams(input_file=str(video), output_dir=resized), _quiet)
        vp.clip(vp.ClipParams(input_file=f"{resized}/1.mp4", output_dir=clips), _quiet)
        vp.track_persons(vp.TrackPersonsParams(clips_dir=clips, output_dir=tracks), _quiet)
        tables = [tracks_of_rows(read_track_rows(path), 0) for path in sorted(Path(tracks, "1").glob("*_clip_*.json"))]
    for table in tables:
        table.boxes_xyxy[:] = clip_to_frame(table.boxes_xyxy, 1280, 720)
    return tables


def tracks_of_sequence(folder: Path) -> list[Tracks]:
    """The people of a sequence of MOT17."""
    rows = read_ground_truth(folder / "gt" / "gt.txt")
    rows = rows.rows((rows.classes == 1) & (rows.scores > 0))
    corners = np.hstack([rows.boxes_xywh[:, :2], rows.boxes_xywh[:, :2] + rows.boxes_xywh[:, 2:]])
    return [Tracks.from_arrays(rows.frame_number - 1, rows.object_id, corners, np.ones(len(rows)))]


def people(tables: Sequence[Tracks]) -> Iterator[Tracks]:
    """One table per person and clip."""
    return (table.rows(table.track_id == track_id) for table in tables for track_id in table.track_ids)


def measure(tables: Sequence[Tracks]) -> dict[str, float]:
    """Boxes per keyframe, and the least IoU of a box with what lies between its keyframes."""
    box_count = keyframe_count = 0
    worst_iou = 1.0
    for person in people(tables):
        keyframes = select_keyframes(person.frame_index, person.boxes_xyxy, MIN_IOU)
        boxes = person.boxes_xyxy.round(DECIMALS)
        columns = [np.interp(person.frame_index, person.frame_index[keyframes], edge[keyframes]) for edge in boxes.T]
        worst_iou = min(worst_iou, float(iou_of_pairs(np.column_stack(columns), boxes).min()))
        box_count, keyframe_count = box_count + len(person), keyframe_count + len(keyframes)
    return {
        "boxes": box_count,
        "keyframes": keyframe_count,
        "ratio": box_count / keyframe_count,
        "worst_iou": worst_iou,
    }


def time_hour(tables: Sequence[Tracks]) -> float:
    """Processor seconds for as many boxes as 12 people have in an hour at 10 frames per second."""
    started_s = time.process_time()
    box_count = 0
    for person in cycle(people(tables)):
        select_keyframes(person.frame_index, person.boxes_xyxy, MIN_IOU)
        box_count += len(person)
        if box_count >= HOUR_BOXES:
            break
    return time.process_time() - started_s


def _quiet(done: int, total: int, unit: str) -> None:
    return None


def main() -> None:
    """Measure and print."""
    videos = {name: tracks_of_video(DATA / "videos" / name) for name in list(MIN_RATIOS)[:2]}
    sequences = {name: tracks_of_sequence(DATA / "mot17" / name) for name in list(MIN_RATIOS)[2:]}
    measured = {name: measure(tables) for name, tables in {**videos, **sequences}.items()}
    hour_s = time_hour(videos["pets09_s2l1.avi"])
    passed = {
        "ratios": all(measured[name]["ratio"] >= least for name, least in MIN_RATIOS.items()),
        "iou": all(each["worst_iou"] >= MIN_IOU for each in measured.values()),
        "hour": hour_s <= MAX_HOUR_S,
    }
    limits = {"ratios_at_least": MIN_RATIOS, "iou_at_least": MIN_IOU, "hour_s": MAX_HOUR_S}
    print(json.dumps({"measured": {**measured, "hour_s": hour_s}, "limits": limits, "passed": passed}, indent=1))


if __name__ == "__main__":
    main()
