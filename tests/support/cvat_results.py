"""Results for the tests of CVAT's formats: people who come, go and return."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.support.proposal_files import HEIGHT, frame, jpeg, zip_of
from tests.support.results import RATE, write_result
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.tracking.tracks import Tracks

CLIP = "1_clip_000"
LABELS = "{label: person, attributes: {action: [walk, sit], 'looks & talks': [yes, no]}}"


def package_of(folder: Path, people: Mapping[int, Sequence[int]], frame_count: int) -> Result:
    """A package with one clip: id → ranks of the frames on which the person is."""
    names = [frame(CLIP, rank) for rank in range(frame_count)]
    frames = {
        name: [
            [track_id + rank / 3, 2.0, track_id + 20.005, 30.0, 0.5, track_id]
            for track_id, ranks in people.items()
            if rank in ranks
        ]
        for rank, name in enumerate(names)
    }
    folder.mkdir(parents=True)
    entries = {
        "dense_proposals.pkl": pickle.dumps({CLIP: frames}, 4),
        f"frames/{CLIP}.zip": zip_of(dict.fromkeys(names, jpeg())),
    }
    (folder / PACKAGE_NAME).write_bytes(zip_of(entries))
    return open_result(folder / PACKAGE_NAME)


def trembling_tracks() -> dict[str, Tracks]:
    """Dense tracks for ``write_result``: people who cross the frame, one with a gap, one until the last frame."""
    random = np.random.default_rng(0)
    tracks = {}
    for clip_id, frame_count, ids in (("1_clip_000", 2 * RATE, (1, 2)), ("1_clip_001", RATE, (1,))):
        rows = [
            (index, track_id, [index + x, 3 + y, index + 14 + x, HEIGHT - 3 + y])
            for track_id in ids
            for index in range(frame_count)
            for x, y in [random.normal(0, 0.3, 2)]
            if track_id == 1 or index not in (0, 7, 8, 9, 14, 19)
        ]
        frames, track_ids, boxes = zip(*rows, strict=True)
        tracks[clip_id] = Tracks.from_arrays(frames, track_ids, boxes, [0.5] * len(rows))
    return tracks


def moving_result(folder: Path) -> Result:
    """A job's folder with these tracks."""
    return write_result(folder, tracks=trembling_tracks())
