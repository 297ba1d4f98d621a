"""The rules by which mmaction2's AVADataset and PySlowFast's ava_helper read their files, in our words.

From open-mmlab/mmaction2 1.x (mmaction/datasets/ava_dataset.py, mmaction/evaluation/functional/ava_utils.py) and
facebookresearch/SlowFast (slowfast/datasets/ava_helper.py, ava_dataset.py).
"""

import pickle
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

WHOLE_FRAME = [[0, 0, 1, 1]]


@dataclass
class Sample:
    """A keyframe as a model gets it."""

    video: str
    second: int
    boxes: list[list[float]] = field(default_factory=list)
    labels: list[set[int]] = field(default_factory=list)
    entities: list[int] = field(default_factory=list)
    proposals: Any = None


def read_action_list(path: Path) -> dict[int, str]:
    names, name = {}, ""
    for line in path.read_text().splitlines():
        if line.startswith("  name:"):
            name = line.split('"')[1]
        elif line.startswith(("  id:", "  label_id:")):
            names[int(line.strip().split(" ")[-1])] = name
    return names


def read_as_mmaction2(
    annotations: Path, proposals: Path, excluded: Path, person_det_score_thr: float = 0.9
) -> dict[str, Sample]:
    """Keyframes that have labels: rows of one box are one person; a keyframe without proposals gets the whole frame."""
    samples: dict[str, Sample] = {}
    for line in annotations.read_text().splitlines():
        cells = line.strip().split(",")
        key = f"{cells[0]},{int(cells[1]):04d}"
        sample = samples.setdefault(key, Sample(cells[0], int(cells[1])))
        box, label, entity = [float(cell) for cell in cells[2:6]], int(cells[6]), int(cells[7])
        if box in sample.boxes:
            sample.labels[sample.boxes.index(box)].add(label)
        else:
            sample.boxes.append(box)
            sample.labels.append({label})
            sample.entities.append(entity)
    left_out = {(video, int(second)) for video, second in (row.split(",") for row in excluded.read_text().split())}
    loaded = pickle.loads(proposals.read_bytes())
    for key, sample in samples.items():
        sample.proposals = _chosen_proposals(loaded.get(key), person_det_score_thr)
    return {key: sample for key, sample in samples.items() if (sample.video, sample.second) not in left_out}


def _chosen_proposals(boxes: Any, threshold: float) -> Any:
    if boxes is None:
        return np.array(WHOLE_FRAME)
    assert boxes.shape[-1] in {4, 5}
    kept = boxes[boxes[:, 4] >= min(threshold, max(boxes[:, 4]))]
    assert np.all(kept[:, :4] >= 0)
    assert np.all(kept[:, :4] <= 1)
    return kept


def read_as_pyslowfast(
    frame_list: Path, true_boxes: list[Path], predicted_boxes: list[Path], detection_score_thresh: float = 0.9
) -> tuple[dict[str, list[str]], dict[tuple[str, int], Sample]]:
    """Paths of the frames of each video, and the keyframes of seconds 902 to 1798 that have boxes."""
    paths: dict[str, list[str]] = defaultdict(list)
    for line in frame_list.read_text().splitlines()[1:]:
        row = line.split()
        assert len(row) == 5
        paths[row[0]].append(row[3])
    boxes: dict[str, dict[int, dict[str, set[int]]]] = {}
    for path, is_true in [*((path, True) for path in true_boxes), *((path, False) for path in predicted_boxes)]:
        for line in path.read_text().splitlines():
            row = line.strip().split(",")
            if not is_true and float(row[7]) < detection_score_thresh:
                continue
            seconds = boxes.setdefault(row[0], {second: {} for second in range(902, 1799)})
            seconds[int(row[1])].setdefault(",".join(row[2:6]), set()).add(int(row[6]) if row[6] else -1)
    assert len(boxes) == len(paths)
    samples = {}
    for video in paths:
        for second, people in boxes[video].items():
            if people:
                middle = (second - 900) * 30
                assert middle < len(paths[video])
                corners = [[float(side) for side in key.split(",")] for key in people]
                samples[video, second] = Sample(video, second, corners, list(people.values()))
    return dict(paths), samples
