"""A short made-up video for the tracker lab, with detections that are known and need no network."""

from fractions import Fraction
from pathlib import Path

from tests.support.synthetic import write_counter_video
from videoprep_nb.lab.model import ExploreTrackerParams, LabVideo, open_video

FRAME_COUNT = 40
GAP = range(15, 23)
UNSURE_SCORE = 0.6


def write_scene(folder: Path) -> ExploreTrackerParams:
    """Two persons who are found in every frame, one who is not for a while, and one the detector is not sure of."""
    write_counter_video(folder / "video.mp4", FRAME_COUNT, Fraction(10))
    lines, truth = [], []
    for frame in range(FRAME_COUNT):
        persons = [(1, 100 + 8 * frame, 100), (2, 100 + 8 * frame, 400), (3, 900 - 4 * frame, 250)]
        persons += [(4, 600, 500)] if 5 <= frame < 35 else []
        # in pixels of the video, which is made four times as large
        truth += [f"{frame + 1},{i},{x / 4 + 1},{y / 4 + 1},{70 / 4},{190 / 4},1" for i, x, y in persons]
        boxes = [(100 + 8 * frame, 100, 0.95), (100 + 8 * frame, 400, 0.9)]
        boxes += [(900 - 4 * frame, 250, 0.85)] if frame not in GAP else []
        boxes += [(600, 500, UNSURE_SCORE)] if 5 <= frame < 35 else []
        lines += [f"{frame + 1},-1,{x + 1},{y + 1},70,190,{score},-1,-1,-1" for x, y, score in boxes]
    (folder / "det.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "gt.txt").write_text("\n".join(truth), encoding="utf-8")
    return ExploreTrackerParams(
        source=str(folder / "video.mp4"),
        work_dir=str(folder / "explore"),
        detection=["detector:precomputed", f"detections_file:{folder / 'det.txt'}"],
        left=["tracker:sort"],
        right=["tracker:sort", f"confidence:{UNSURE_SCORE + 0.1}"],
        ground_truth=str(folder / "gt.txt"),
    )


def open_scene(folder: Path) -> LabVideo:
    """The video, ready for the lab."""
    return open_video(write_scene(folder), lambda done, total, unit: None)
