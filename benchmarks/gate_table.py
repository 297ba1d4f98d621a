"""What the gate saves and loses: ``python -m benchmarks.gate_table`` renews the table in the guide.

Each video is detected and tracked without and with ``motion_gate`` in turn, several times; the least processor time
of each counts. Person-seconds are boxes of the tracks without the gate, divided by the frame rate; one is lost if no
box of the tracks with the gate lies on it (IoU 0.5). ``--folder`` keeps the clips.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.guides import replace_table
from benchmarks.scenes import DATA
from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.core.layout import CLIP_TABLE_NAME
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.stages.track_persons.stage import track_persons
from videoprep_nb.tracking.tracks import Tracks

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "long-recordings.md"
VIDEOS = ("videos/one_by_one_person.mp4", "videos/pets09_s2l1.avi", "videos/no_person_bottles.mp4")
MIN_IOU = 0.5


@dataclass(frozen=True)
class Run:
    """A run of stage 4 and the processor time that it took."""

    result: TrackResult
    processor_s: float


def main() -> None:
    """Measure, print, and write the table into the guide."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps standard videos and clips; default: a temporary one")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        table = markdown(arguments.folder or Path(temporary), arguments.repeats)
    print(table)
    replace_table(GUIDE, "python -m benchmarks.gate_table", table)


def markdown(folder: Path, repeats: int) -> str:
    """The table of the guide, a row per video."""
    head = (
        "video",
        "frames",
        "detected",
        "processor time: off",
        "on",
        "person-seconds: off",
        "lost",
        "tracks: off",
        "on",
    )
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in VIDEOS:
        off, on = measure(DATA / name, folder, repeats)
        rate = float(off.result.clips[0].rate)
        cells = (
            f"`{Path(name).name}`",
            f"{off.result.frame_count:,}",
            f"{on.result.detected_frame_count:,}",
            f"{off.processor_s:.1f} s",
            f"{on.processor_s:.1f} s ({on.processor_s / off.processor_s - 1:+.0%})".replace("-", "−"),
            f"{len(off.result.tracks) / rate:.1f}",
            f"{lost_boxes(off.result.tracks, on.result.tracks) / rate:.1f}",
            str(off.result.track_count),
            str(on.result.track_count),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def measure(video: Path, folder: Path, repeats: int) -> tuple[Run, Run]:
    """Stage 4 without and with the gate; the quickest run of each."""
    place = folder / video.stem
    if not (place / "clips" / "1" / CLIP_TABLE_NAME).exists():
        resize(ResizeParams(input_file=str(video), output_dir=str(place / "resized")))
        clip(ClipParams(input_file=str(place / "resized" / "1.mp4"), output_dir=str(place / "clips")))
    runs: dict[bool, list[Run]] = {False: [], True: []}
    for _ in range(repeats):
        for gate, of_kind in runs.items():
            with tempfile.TemporaryDirectory() as fresh:
                params = TrackPersonsParams(
                    clips_dir=str(place / "clips"),
                    detections_dir=f"{fresh}/detections",
                    output_dir=f"{fresh}/tracks",
                    motion_gate=gate,
                )
                started_s = time.process_time()
                result = track_persons(params, lambda done, total, unit: None)
                of_kind.append(Run(result, time.process_time() - started_s))
    off, on = (min(of_kind, key=lambda run: run.processor_s) for of_kind in runs.values())
    return off, on


def lost_boxes(expected: Tracks, found: Tracks) -> int:
    """Boxes on which no found one lies."""
    by_frame = {int(found.frame_index[rows[0]]): found.boxes_xyxy[rows] for rows in found.rows_by_frame()}
    lost = 0
    for rows in expected.rows_by_frame():
        boxes = expected.boxes_xyxy[rows]
        there = by_frame.get(int(expected.frame_index[rows[0]]), boxes[:0])
        lost += int((iou_matrix(boxes, there).max(axis=1, initial=0) < MIN_IOU).sum())
    return lost


if __name__ == "__main__":
    main()
