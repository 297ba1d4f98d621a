"""The pickle, read by plain pickle, by an unpickler that refuses everything, and opcode by opcode."""

import json
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.proposal_files import frame, good_proposals, track_row
from videoprep_nb.core.errors import InputError, PackageError
from videoprep_nb.core.records import FrameRecord
from videoprep_nb.exports.dense_proposals import clip_proposals, load_proposals, read_track_rows, write_proposals

CLIP = "1_clip_000"


class RefusingUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise AssertionError(f"{module}.{name}")


def test_the_pickle_needs_nothing_but_pickle(tmp_path: Path) -> None:
    path = tmp_path / "dense_proposals.pkl"
    write_proposals(path, good_proposals())
    with path.open("rb") as file:
        assert RefusingUnpickler(file).load() == good_proposals()
    opcodes = [opcode.name for opcode, _, _ in pickletools.genops(path.read_bytes())]
    assert not {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "NEWOBJ"} & set(opcodes)
    assert next(pickletools.genops(path.read_bytes()))[1] == 4
    assert load_proposals(path) == good_proposals()
    assert list(load_proposals(path)) == list(good_proposals())


def frames_at(*indices: int) -> list[FrameRecord]:
    return [
        FrameRecord(
            name=frame(CLIP, number), clip_id=CLIP, index_in_clip=index, time_in_clip_s=0.0, time_in_source_s=0.0
        )
        for number, index in enumerate(indices)
    ]


def proposals_of(rows: list[Any], *indices: int, id_offset: int = 0) -> Any:
    return clip_proposals(frames_at(*indices), rows, id_offset=id_offset, width=64, height=36)


def test_rows_meet_frames_by_index_and_are_sorted_by_id() -> None:
    rows = [
        track_row(CLIP, 10, 7, [1, 2, 3, 4], frame="a wrong name"),
        track_row(CLIP, 10, 2, [5, 6, 7, 8], score=0.5, interpolated=True),
        track_row(CLIP, 9, 2, [0, 0, 1, 1], frame=frame(CLIP, 1)),
        track_row(CLIP, 30, 9, [0, 0, 1, 1]),
    ]
    found = proposals_of(rows, 0, 10, 20)
    assert list(found.frames.items()) == [
        (frame(CLIP, 0), []),
        (frame(CLIP, 1), [[5.0, 6.0, 7.0, 8.0, 0.5, 2], [1.0, 2.0, 3.0, 4.0, 0.75, 7]]),
        (frame(CLIP, 2), []),
    ]
    assert (found.highest_id, found.interpolated_count) == (9, 1)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param([-5, -1, 10, 12], [0, 0, 10, 12], id="upper-left"),
        pytest.param([60, 30, 70, 40], [60, 30, 64, 36], id="lower-right"),
        pytest.param([-9, -9, 99, 99], [0, 0, 64, 36], id="larger-than-frame"),
        pytest.param([64, 1, 70, 9], None, id="right-of-frame"),
        pytest.param([1, -9, 5, 0], None, id="above-frame"),
        pytest.param([5, 5, 5, 9], None, id="no-width"),
        pytest.param([9, 5, 5, 9], None, id="reversed"),
    ],
)
def test_boxes_are_clipped_to_the_frame(box: list[float], expected: list[float] | None) -> None:
    boxes = proposals_of([track_row(CLIP, 0, 1, box)], 0).frames[frame(CLIP, 0)]
    assert boxes == ([[*expected, 0.75, 1]] if expected else [])
    assert all(type(value) is float for box in boxes for value in box[:5])


def test_the_offset_is_added_to_ids() -> None:
    found = proposals_of([track_row(CLIP, 0, 3, [1, 1, 2, 2])], 0, id_offset=40)
    assert found.frames[frame(CLIP, 0)][0][5] == 43
    assert found.highest_id == 43


def test_one_track_twice_in_a_frame_is_refused() -> None:
    rows = [track_row(CLIP, 0, 3, [1, 1, 2, 2]), track_row(CLIP, 0, 3, [4, 4, 6, 6])]
    with pytest.raises(PackageError, match="two boxes"):
        proposals_of(rows, 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"track_id": "1"}, id="text-id"),
        pytest.param({"track_id": True}, id="bool-id"),
        pytest.param({"track_id": 0}, id="id-0"),
        pytest.param({"bbox": [1, 2, 3]}, id="three-numbers"),
        pytest.param({"bbox": [1, 2, 3, float("nan")]}, id="nan"),
        pytest.param({"score": 0}, id="score-0"),
        pytest.param({"score": 1.5}, id="score-above-1"),
        pytest.param({"frame_index": None}, id="no-index"),
    ],
)
def test_broken_rows_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "tracks.json"
    path.write_text(json.dumps([track_row(CLIP, 0, 1, [1, 1, 2, 2]), track_row(CLIP, 0, 1, [1, 1, 2, 2]) | change]))
    with pytest.raises(InputError, match="not a tracking file"):
        read_track_rows(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b"\xff"], ids=["empty", "dict", "no-fields", "binary"])
def test_what_is_no_tracking_json_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "tracks.json").write_bytes(content)
    with pytest.raises(InputError, match="not a tracking file"):
        read_track_rows(tmp_path / "tracks.json")
    with pytest.raises(InputError, match="04_track_persons"):
        read_track_rows(tmp_path / "missing.json")


class Hostile:
    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.victim}'",)


def test_a_hostile_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "dense_proposals.pkl"
    path.write_bytes(pickle.dumps(Hostile(tmp_path / "victim")))
    with pytest.raises(InputError, match="system"):
        load_proposals(path)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "proposals",
    [
        pytest.param([], id="list"),
        pytest.param({"..": {}}, id="no-clip-name"),
        pytest.param({CLIP: []}, id="list-of-frames"),
        pytest.param({CLIP: {frame(CLIP, 1): []}}, id="numbers-from-1"),
        pytest.param({CLIP: {frame("2_clip_000", 0): []}}, id="frame-of-other-clip"),
        pytest.param({CLIP: {frame(CLIP, 0): [(1.0, 1.0, 2.0, 2.0, 0.5, 1)]}}, id="tuple"),
        pytest.param({CLIP: {frame(CLIP, 0): [[1.0, 1.0, 2.0, 2.0, 0.5, 1.0]]}}, id="float-id"),
        pytest.param({CLIP: {frame(CLIP, 0): [[1.0, 1.0, 2.0, float("nan"), 0.5, 1]]}}, id="nan"),
    ],
)
def test_other_pickles_are_refused_both_ways(proposals: Any, tmp_path: Path) -> None:
    path = tmp_path / "dense_proposals.pkl"
    path.write_bytes(pickle.dumps(proposals, 4))
    with pytest.raises(InputError, match="does not hold dense proposals"):
        load_proposals(path)
    with pytest.raises(PackageError):
        write_proposals(tmp_path / "new.pkl", proposals)
    assert not (tmp_path / "new.pkl").exists()


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps(good_proposals(), 4)[:50]])
def test_broken_pickles_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dense_proposals.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="does not hold dense proposals"):
        load_proposals(path)
    with pytest.raises(InputError, match="05_generate_proposals"):
        load_proposals(tmp_path / "missing.pkl")
