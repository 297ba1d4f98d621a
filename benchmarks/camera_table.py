"""What compensation of camera motion brings: ``python -m benchmarks.camera_table`` renews the table in the guide.

There is no moving camera with ground truth in the shared data. So the first 30 s of PETS09-S2L1, whose camera stands
still, are recorded once more by a crop of the frame that moves in known ways. The truth is what the default settings
make of the still video, mapped into the moving crop; persons whose centre is outside it do not count.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.guides import replace_table
from videoprep_nb.core.boxes import from_cxywh, to_cxywh
from videoprep_nb.tracking.camera.motion import ClipMotion, GreyImage, camera_moves, join_steps, small_frame_size
from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.detector_options import YoloOptions
from videoprep_nb.tracking.detectors.yolo import YoloDetector
from videoprep_nb.tracking.evaluation.mot_rows import MotRows
from videoprep_nb.tracking.evaluation.score import score_sequence
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.refine import clip_boxes
from videoprep_nb.tracking.track import TrackedVideo, track_beyond_border, track_video
from videoprep_nb.tracking.tracks import Tracks

ROOT = Path(__file__).resolve().parents[1]
VIDEO = ROOT.parent / "shared" / "data" / "videos" / "pets09_s2l1.avi"
GUIDE = ROOT / "docs" / "camera-motion.md"
RATE, FRAME_COUNT = 10, 300
WIDTH, HEIGHT = 1280, 720
CROP = 0.75  # of the width of the frame
BATCH = 32

Array = npt.NDArray[np.float64]
Frames = list[npt.NDArray[np.uint8]]


def main() -> None:
    """Measure, print the table and write it into the guide."""
    with av.open(str(VIDEO)) as video:
        frames: Frames = [frame.to_ndarray(format="rgb24") for frame in islice(video.decode(video=0), FRAME_COUNT)]
    height, width = frames[0].shape[:2]
    whole = np.tile(
        camera_matrices(width, height, np.zeros((1, 2)), np.zeros(1), np.full(1, CROP)), (FRAME_COUNT, 1, 1)
    )
    seen = TrackedVideo(Fraction(RATE), frame_stride=1, width=WIDTH, height=HEIGHT)
    still = track_beyond_border([(0, detect(recorded(frames, whole)))], seen, TrackingParams())
    lines = [
        "| camera | auto: | tracker | off: HOTA | MOTA | IDF1 | IDSW | sparse_flow: HOTA | MOTA | IDF1 | IDSW |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, *movement in movements(width, height):
        sys.stderr.write(f"{name} …\n")
        matrices = camera_matrices(width, height, *movement)
        moving = recorded(frames, matrices)
        found, camera = detect(moving), follow(moving)
        auto = "moving" if camera_moves(list(small_grey(moving[::RATE]))) else "still"
        truth = MotRows.from_tracks(mapped(still, whole, matrices))
        for tracker in ("motion", "bytetrack"):
            cells = [name, auto, f"`{tracker}`"]
            for path in (None, camera):
                tracks = track_video([(0, found)], seen, TrackingParams(tracker=tracker), path)
                rows = MotRows.from_tracks(tracks)
                scores = score_sequence(name, truth, rows, range(1, FRAME_COUNT + 1)).scores
                cells += [f"{scores.HOTA:.1f}", f"{scores.MOTA:.1f}", f"{scores.IDF1:.1f}", str(scores.IDSW)]
            lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines) + "\n"
    print(table)
    replace_table(GUIDE, "python -m benchmarks.camera_table", table)


def movements(width: int, height: int) -> Iterator[tuple[str, Array, Array, Array]]:
    """Name, ``(N, 2)`` shift in pixels, ``(N,)`` turn in radians and ``(N,)`` zoom of each way to move."""
    random = np.random.default_rng(0)
    time_s = np.arange(FRAME_COUNT) / RATE
    none, one, size = np.zeros(FRAME_COUNT), np.ones(FRAME_COUNT), np.array([width, height])

    def wave(share: float, period_s: float) -> Array:
        return share * np.sin(2 * np.pi * time_s / period_s)

    def tremble(deviation: float) -> Array:
        noise = random.normal(size=FRAME_COUNT + 20)
        return deviation * np.convolve(noise, np.exp(-np.arange(20) / 1.3), "same")[:FRAME_COUNT]

    pan = np.stack([wave(0.1, 6), wave(0.03, 4)], axis=1) * size
    shake = np.stack([tremble(0.012), tremble(0.012)], axis=1) * size
    yield "stands still", np.zeros((FRAME_COUNT, 2)), none, one
    yield "pans", pan, none, one
    yield "zooms", np.stack([wave(0.06, 9), none], axis=1) * size, none, 1 + wave(0.12, 10)
    yield "shakes", shake, tremble(0.006), one + tremble(0.004)
    yield "is held by hand", 0.7 * pan + 0.7 * shake, tremble(0.006), 1 + wave(0.08, 11)


def camera_matrices(width: int, height: int, shift_xy: Array, turn: Array, zoom: Array) -> Array:
    """``(N, 2, 3)`` from points of the frame to those of the crop in standard size."""
    scale = zoom * WIDTH / (CROP * width)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.stack([cosine, -sine, sine, cosine], axis=1).reshape(-1, 2, 2)
    centre = np.array([width, height]) / 2 + shift_xy
    offset = np.array([WIDTH, HEIGHT]) / 2 - np.einsum("nij,nj->ni", linear, centre)
    return np.concatenate([linear, offset[:, :, None]], axis=2)


def recorded(frames: Frames, matrices: Array) -> Frames:
    """What the moving crop sees."""
    return [
        cv2.warpAffine(frame, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        for frame, matrix in zip(frames, matrices, strict=True)
    ]


def detect(frames: Frames) -> Detections:
    """Persons in frames of the standard size."""
    detector, found = YoloDetector(YoloOptions(device="cpu")), []
    for begin in range(0, len(frames), BATCH):
        part = frames[begin : begin + BATCH]
        found += detector.detect(part, range(len(part)), WIDTH, HEIGHT)
    return Detections.from_frames(np.arange(len(frames), dtype=np.int32), found, "")


def follow(frames: Frames) -> CameraPath:
    """How the camera moves, estimated from the frames as stage 4 does."""
    steps = join_steps([ClipMotion.estimate(small_grey(frames), "")], WIDTH)
    return CameraPath.from_steps(np.arange(len(frames)), steps, (WIDTH, HEIGHT), RATE)


def small_grey(frames: Frames) -> Iterator[GreyImage]:
    """Small copies, as the motion of the camera is estimated from them."""
    size = small_frame_size(WIDTH, HEIGHT)
    return (cv2.cvtColor(cv2.resize(frame, size), cv2.COLOR_RGB2GRAY) for frame in frames)


def mapped(tracks: Tracks, before: Array, after: Array) -> Tracks:
    """Tracks of one recording in the frame of another; a box is shifted and scaled, not turned."""
    boxes = to_cxywh(tracks.boxes_xyxy)
    old, new = before[tracks.frame_index], after[tracks.frame_index]
    points = np.linalg.solve(old[:, :, :2], (boxes[:, :2] - old[:, :, 2])[:, :, None])
    centre = (new[:, :, :2] @ points)[:, :, 0] + new[:, :, 2]
    zoom = np.hypot(new[:, 0, 0], new[:, 1, 0]) / np.hypot(old[:, 0, 0], old[:, 1, 0])
    moved = replace(tracks, boxes_xyxy=from_cxywh(np.hstack([centre, boxes[:, 2:] * zoom[:, None]])))
    is_inside: npt.NDArray[np.bool_] = np.all((centre > 0) & (centre < [WIDTH, HEIGHT]), axis=1)
    truth = clip_boxes(moved.rows(is_inside), WIDTH, HEIGHT)
    return replace(truth, scores=np.ones(len(truth)))  # as ground truth, each box counts


if __name__ == "__main__":
    main()
