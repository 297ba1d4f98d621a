"""Figures for tracks by TrackEval, the reference implementation of the MOTChallenge metrics."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from videoprep_nb.tracking.evaluation.mot_rows import MotRows

if TYPE_CHECKING:
    from trackeval.datasets import MotChallenge2DBox

_TRACKER, _SEQUENCE = "tracks", "sequence"


@dataclass(frozen=True)
class Scores:
    """Figures of TrackEval under their usual names.

    Args:
        HOTA: Higher order tracking accuracy, percent (Luiten et al. 2021, mean over the thresholds 0.05 … 0.95).
        DetA: Its detection part, percent.
        AssA: Its association part, percent.
        LocA: How exactly matched boxes lie, percent.
        MOTA: CLEAR MOT accuracy, percent (Bernardin and Stiefelhagen 2008, IoU 0.5); may be negative.
        IDF1: Identity F1, percent (Ristani et al. 2016, IoU 0.5).
        IDSW: Identity switches.
        Frag: Times that a followed person is lost and found again.
        FP: False boxes.
        FN: Missed boxes.
    """

    HOTA: float
    DetA: float
    AssA: float
    LocA: float
    MOTA: float
    IDF1: float
    IDSW: int
    Frag: int
    FP: int
    FN: int

    def as_dict(self) -> dict[str, float | int]:
        """The figures by name, in the order above."""
        return asdict(self)


@dataclass(frozen=True)
class SequenceResult:
    """What TrackEval counted in one sequence; ``combine`` adds several up.

    Args:
        counts: By metric, TrackEval's own result.
    """

    counts: Mapping[str, Any]

    @property
    def scores(self) -> Scores:
        """The figures of the sequence."""
        return combine([self])


def score_sequence(name: str, truth: MotRows, tracks: MotRows, frames: range) -> SequenceResult:
    """Compare tracks with ground truth after the preprocessing of MOTChallenge.

    Tracks on distractors (statues, reflections, persons in vehicles, …) neither help nor harm, and rows of the ground
    truth marked 0 do not count. Ground truth without classes (MOT15) has no distractors.

    Args:
        name: Name of the sequence; one that begins with MOT20 has the distractors of MOT20.
        truth: The ground truth.
        tracks: The tracks.
        frames: Numbers of the frames that are scored; rows of other frames are ignored.
    """
    truth, tracks = truth.in_frames(frames), tracks.in_frames(frames)
    with tempfile.TemporaryDirectory(prefix="videoprep-evaluate-") as folder:
        dataset = _dataset(Path(folder), _benchmark(name, truth), truth, tracks, frames)
        data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data(_TRACKER, _SEQUENCE), "pedestrian")
    return SequenceResult({name: metric.eval_sequence(data) for name, metric in _metrics().items()})


def combine(results: Sequence[SequenceResult]) -> Scores:
    """The figures of several sequences together, as MOTChallenge does it: counts are added, not percentages."""
    combined = {
        name: metric.combine_sequences({str(index): result.counts[name] for index, result in enumerate(results)})
        for name, metric in _metrics().items()
    }
    hota, clear, identity = combined["HOTA"], combined["CLEAR"], combined["Identity"]
    return Scores(
        HOTA=_percent(hota["HOTA"]),
        DetA=_percent(hota["DetA"]),
        AssA=_percent(hota["AssA"]),
        LocA=_percent(hota["LocA"]),
        MOTA=_percent(clear["MOTA"]),
        IDF1=_percent(identity["IDF1"]),
        IDSW=int(clear["IDSW"]),
        Frag=int(clear["Frag"]),
        FP=int(clear["CLR_FP"]),
        FN=int(clear["CLR_FN"]),
    )


def _metrics() -> dict[str, Any]:
    from trackeval.metrics import CLEAR, HOTA, Identity

    quiet = {"PRINT_CONFIG": False}
    return {"HOTA": HOTA(), "CLEAR": CLEAR(quiet), "Identity": Identity(quiet)}


def _percent(value: Any) -> float:
    return 100 * float(np.mean(value))


def _benchmark(name: str, truth: MotRows) -> str:
    if not truth.has_classes:
        return "MOT15"
    return "MOT20" if name.startswith("MOT20") else "MOT17"


def _dataset(folder: Path, benchmark: str, truth: MotRows, tracks: MotRows, frames: range) -> "MotChallenge2DBox":
    """Hand truth and tracks to TrackEval in the files that it reads, with frames counted from 1."""
    from trackeval.datasets import MotChallenge2DBox

    _write(truth, frames, folder / "gt.txt")
    (folder / _TRACKER).mkdir()
    _write(tracks, frames, folder / _TRACKER / f"{_SEQUENCE}.txt")
    return MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder),
            "GT_LOC_FORMAT": "{gt_folder}/gt.txt",
            "TRACKERS_FOLDER": str(folder),
            "TRACKERS_TO_EVAL": [_TRACKER],
            "TRACKER_SUB_FOLDER": "",
            "SKIP_SPLIT_FOL": True,
            "BENCHMARK": benchmark,
            "SEQ_INFO": {_SEQUENCE: len(frames)},
            "PRINT_CONFIG": False,
        }
    )


def _write(rows: MotRows, frames: range, path: Path) -> None:
    # TrackEval makes tables as long as the greatest id
    ids = np.unique(rows.object_id, return_inverse=True)[1]
    table = np.column_stack([rows.frame_number - frames.start + 1, ids, rows.boxes_xywh, rows.scores, rows.classes])
    np.savetxt(path, table, fmt="%d,%d,%.17g,%.17g,%.17g,%.17g,%.17g,%d")
