"""Stage 4 with the gate in front of the detector, on a real video in which people come one at a time."""

from pathlib import Path

import numpy as np
import pytest

from tests.stages.track_persons.test_stage import make_clips, read_rows, run
from videoprep_nb.core.records import TrackRow
from videoprep_nb.stages.track_persons import view
from videoprep_nb.tracking.detections import Detections

SPANS = [(0, 60), (60, 60)]


@pytest.fixture(scope="module")
def clips(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one_by_one")
    make_clips(folder, ["-i", str(shared_data / "videos" / "one_by_one_person.mp4")], SPANS)
    return folder


def boxes_by_frame(folder: Path) -> dict[tuple[str, int, int], TrackRow]:
    rows = [row for of_clip in read_rows(folder).values() for row in of_clip]
    return {(row["video_id"], row["frame_index"], row["track_id"]): row for row in rows}


@pytest.mark.exhaustive
def test_the_gate_loses_nobody_and_halves_the_work(clips: Path, tmp_path: Path) -> None:
    for name in ("whole", "part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clips").symlink_to(clips / "clips")
    full = run(tmp_path / "whole")
    expected = boxes_by_frame(tmp_path / "whole")
    gated = run(tmp_path / "whole", motion_gate=True)
    assert gated.cached_clip_count == 0
    assert full.detected_frame_count == full.sampled_count == gated.sampled_count == 120
    assert gated.detected_frame_count <= 75

    found = boxes_by_frame(tmp_path / "whole")
    assert found.keys() == expected.keys()
    shifts = [np.abs(np.subtract(found[key]["bbox"], expected[key]["bbox"])).max() for key in expected]
    assert max(shifts) < 30  # of a person 300 px high
    held = {
        (clip.clip_id, frame) for clip, one in zip(gated.clips, gated.detections, strict=True) for frame in one.held
    }
    assert {key[:2] for key, row in found.items() if row["interpolated"]} <= held
    assert all(key[:2] not in held for key, row in found.items() if row["frame"])

    run(tmp_path / "part", motion_gate=True, first_clip=1, clip_count=1)
    file = Path("detections") / "1" / "1_clip_001.npz"
    whole, part = (vars(Detections.read(tmp_path / name / file)) for name in ("whole", "part"))
    assert all(np.array_equal(whole[name], part[name]) for name in whole)

    again = run(tmp_path / "whole", motion_gate=True)
    assert (again.cached_clip_count, again.detected_frame_count) == (2, gated.detected_frame_count)
    assert view.motion_over_time(again).data != view.motion_over_time(full).data
