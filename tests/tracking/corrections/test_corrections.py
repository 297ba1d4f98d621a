"""Corrections of tracks: every line does one thing, and removing it undoes exactly that."""

from itertools import combinations

import numpy as np
import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.tracking.corrections import Correction, Corrections, correct_tracks, read_corrections
from videoprep_nb.tracking.tracks import Tracks

RATE = 10


def tracks_of(**frames_by_id: range) -> Tracks:
    """A row per frame of each track ``t7``, whose box says which track and frame it was."""
    rows = [(int(name[1:]), frame) for name, frames in frames_by_id.items() for frame in frames]
    return Tracks.from_arrays(
        frame_index=[frame for _, frame in rows],
        track_id=[track for track, _ in rows],
        boxes_xyxy=[[track, frame, track + 50, frame + 100] for track, frame in rows],
        scores=[0.9] * len(rows),
    )


def people(tracks: Tracks) -> dict[int, list[tuple[int, int]]]:
    """Id → which original track and frame each of its boxes is."""
    return {
        track_id: [(int(box[0]), int(box[1])) for box in tracks.rows(tracks.track_id == track_id).boxes_xyxy]
        for track_id in tracks.track_ids
    }


BEFORE = tracks_of(t1=range(0, 40), t2=range(45, 80), t3=range(0, 80), t5=range(10, 12))


def test_one_person_with_two_ids_has_the_first_one():
    found = correct_tracks(BEFORE, [Correction(merge=["1", "2"])], RATE)
    assert people(found.tracks)[1] == [(1, frame) for frame in range(40)] + [(2, frame) for frame in range(45, 80)]
    assert (found.tracks.track_ids, found.problems) == ([1, 3, 5], [])


def test_a_change_of_ids_is_mended_by_two_splits_and_two_merges():
    """From 4 s on, what is called 1 is the other person of 3."""
    lines = [
        Correction(split="1", at_s=2.0),
        Correction(split="3", at_s=2.0),
        Correction(merge=["1", "3@2"]),
        Correction(merge=["3", "1@2", "2"]),
    ]
    found = correct_tracks(BEFORE, lines, RATE)
    assert found.problems == []
    assert people(found.tracks)[1] == [(1, frame) for frame in range(20)] + [(3, frame) for frame in range(20, 80)]
    first, later = [(3, frame) for frame in range(20)], [(1, frame) for frame in range(20, 40)]
    assert people(found.tracks)[3] == first + later + [(2, frame) for frame in range(45, 80)]


def test_a_track_is_split_several_times_in_any_order():
    lines = [Correction(split="3", at_s=6), Correction(split="3", at_s=2.05), Correction(delete="3@2.05")]
    found = people(correct_tracks(BEFORE, lines, RATE).tracks)
    pieces = sorted(frames for frames in found.values() if frames[0][0] == 3)
    assert pieces == [[(3, frame) for frame in range(21)], [(3, frame) for frame in range(60, 80)]]


def test_every_subset_of_lines_gives_the_same_in_any_order():
    lines = [
        Correction(merge=["1", "2"]),
        Correction(split="3", at_s=4),
        Correction(delete="5"),
        Correction(split="1", at_s=1),
    ]
    for count in range(len(lines) + 1):
        for subset in combinations(lines, count):
            one, other = (correct_tracks(BEFORE, order, RATE) for order in (subset, subset[::-1]))
            assert people(one.tracks) == people(other.tracks)
            assert one.problems == other.problems == []
            untouched = {1, 2, 3, 5} - {int(name) for line in subset for name in line.track_names()}
            assert all(people(one.tracks)[track] == people(BEFORE)[track] for track in untouched)


def test_of_two_boxes_in_a_frame_the_detected_one_stays():
    rows = [(0, 1, False), (1, 1, True), (1, 2, False), (2, 2, False)]
    tracks = Tracks.from_arrays(
        [frame for frame, _, _ in rows],
        [track for _, track, _ in rows],
        [[track, frame, track + 50, frame + 100] for frame, track, _ in rows],
        [0.9, 0.95, 0.5, 0.9],
        np.array([filled for _, _, filled in rows]),
    )
    found = correct_tracks(tracks, [Correction(merge=["1", "2"])], RATE)
    assert people(found.tracks) == {1: [(1, 0), (2, 1), (2, 2)]}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (Correction(merge=["1", "3"]), "merge 1, 3: tracks 1 and 3 are both detected between 0.0 and 3.9 s"),
        (Correction(merge=["1", "9"]), "merge 1, 9: there is no track 9."),
        (Correction(split="5", at_s=9), "split 5 at 9 s: track 5 has no frames on both sides of 9 s."),
        (Correction(delete="3@4"), "delete 3@4: there is no track 3@4."),
    ],
)
def test_a_line_that_does_not_fit_is_left_out_and_reported(line: Correction, problem: str):
    found = correct_tracks(BEFORE, [line, Correction(delete="5")], RATE)
    assert [text.partition("; ")[0] for text in found.problems] == [problem]
    assert found.tracks.track_ids == [1, 3, 2]
    assert [applied.delete for applied in found.applied] == ["5"]


def test_no_tracks_and_no_lines():
    empty = Tracks.from_arrays([], [], [], [])
    assert len(correct_tracks(empty, [Correction(delete="1")], RATE).tracks) == 0
    assert people(correct_tracks(BEFORE, [], RATE).tracks) == people(BEFORE)


def test_the_file_is_read_and_written_line_by_line():
    text = "'1':\n- {merge: [3, 7@12.4, 9]}\n- {split: 7, at_s: 12.4}\nDrohne.mp4:\n- {delete: 4}\n"
    corrections = read_corrections(text)
    assert corrections.to_yaml() == text
    assert [line.describe() for line in corrections.of_video("1", "Drohne.mp4")] == [
        "merge 3, 7@12.4, 9",
        "split 7 at 12.4 s",
        "delete 4",
    ]
    assert corrections.unknown_videos({"1": "cam.avi"}) == ["Drohne.mp4"]
    assert read_corrections("") == Corrections({})
    assert Corrections({}).to_yaml() == ""


@pytest.mark.parametrize(
    "text",
    [
        "- merge: [1, 2]",
        "1: 3",
        "1:\n- {merge: [3]}",
        "1:\n- {merge: [3, 3]}",
        "1:\n- {mrege: [3, 4]}",
        "1:\n- {merge: [3, 4], delete: 5}",
        "1:\n- {split: 3}",
        "1:\n- {split: 3@2, at_s: 4}",
        "1:\n- {split: 3, at_s: .inf}",
        "1:\n- {delete: -3}",
        "1:\n- {delete: [3]}",
        "1:\n- {delete: 3.5}",
        "1:\n- {delete: true}",
        "1: &a [*a]",
        "1:\n- !!python/object/apply:os.system [id]",
        "1: [" + "[" * 50,
        "1:\n" + "- {delete: 1}\n" * 2001,
    ],
)
def test_what_is_no_correction_gets_one_sentence(text: str):
    with pytest.raises(ParameterError) as caught:
        read_corrections(text)
    assert str(caught.value).startswith("corrections: ")
    assert "\n" not in str(caught.value)
