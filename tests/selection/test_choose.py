import pytest

from tests.selection.scored_clips import scored
from videoprep_nb.selection.choose import Rules, choose_clips
from videoprep_nb.selection.listed_times import read_listed_times
from videoprep_nb.selection.records import why_nothing_is_kept

NAMES = {"1": "yard.avi", "2": "hall.mp4"}


def kept(clips, rules):
    return [clip.clip_id for clip in choose_clips(clips, rules, NAMES) if clip.is_kept]


def test_clips_need_enough_persons_for_long_enough():
    clips = [
        scored("1_clip_000", []),
        scored("1_clip_001", [9.0]),
        scored("1_clip_002", [9.0, 1.9]),
        scored("1_clip_003", [9.0, 2.0]),
    ]
    chosen = choose_clips(clips, Rules(min_persons=2, min_persons_s=2.0), NAMES)
    assert [clip.is_kept for clip in chosen] == [False, False, False, True]
    assert [clip.reason for clip in chosen[:3]] == [
        "no persons found",
        "never 2 people at once",
        "2 people for 1.9 s, expected 2 s",
    ]


def test_a_person_must_be_there_even_for_no_time_and_none_must_where_none_is_required():
    clips = [scored("1_clip_000", []), scored("1_clip_001", [0.1])]
    assert kept(clips, Rules(min_persons_s=0.0)) == ["1_clip_001"]
    assert kept(clips, Rules(min_persons=0)) == ["1_clip_000", "1_clip_001"]


def test_only_duplicates_of_kept_clips_are_left_out():
    clips = [
        scored("1_clip_000", [0.5]),
        scored("1_clip_001", [9.0], duplicate_of="1_clip_000"),
        scored("1_clip_002", [9.0], duplicate_of="1_clip_001"),
    ]
    assert kept(clips, Rules()) == ["1_clip_001"]
    assert kept(clips, Rules(drop_duplicates=False)) == ["1_clip_001", "1_clip_002"]


def test_listed_times_count_by_number_and_by_name_in_times_of_the_recording():
    clips = [
        scored("1_clip_000", [], recorded_start_s=100.0, recorded_end_s=115.0),
        scored("1_clip_001", [9.0], recorded_start_s=115.0, recorded_end_s=130.0),
        scored("2_clip_000", []),
        scored("2_clip_001", []),
    ]
    listed = read_listed_times("yard.avi,100,115\n2,0:20,")
    assert kept(clips, Rules(listed=listed)) == ["1_clip_000", "1_clip_001", "2_clip_001"]
    assert kept(clips, Rules(listed=listed, only_listed=True)) == ["1_clip_000", "2_clip_001"]


def test_the_most_varied_clips_are_kept_and_listed_ones_are_among_them():
    clips = [
        scored("1_clip_000", [10.0, 8.0]),
        scored("1_clip_001", [10.0, 7.9]),
        scored("1_clip_002", [10.0], motion=3.0, darkness=0.9),
        scored("1_clip_003", []),
        scored("1_clip_004", [10.0, 7.8]),
    ]
    assert kept(clips, Rules(max_clips=2)) == ["1_clip_000", "1_clip_002"]
    listed = read_listed_times("1,60,75")
    assert kept(clips, Rules(max_clips=2, listed=listed)) == ["1_clip_002", "1_clip_004"]
    assert kept(clips, Rules(max_clips=4)) == ["1_clip_000", "1_clip_001", "1_clip_002", "1_clip_004"]


@pytest.mark.parametrize(
    ("margin_s", "expected"),
    [
        (0.0, ["1_clip_002"]),
        (0.1, ["1_clip_001", "1_clip_002", "1_clip_003"]),
        (15.1, ["1_clip_000", "1_clip_001", "1_clip_002", "1_clip_003", "1_clip_004"]),
    ],
)
def test_neighbours_of_kept_clips_are_context(margin_s, expected):
    empty = [scored(f"1_clip_{index:03d}", []) for index in range(6)]
    clips = [*empty[:2], scored("1_clip_002", [5.0]), *empty[3:], scored("2_clip_002", [])]
    assert kept(clips, Rules(margin_s=margin_s)) == expected


def test_why_nothing_is_kept():
    empty = choose_clips([scored("1_clip_000", [])], Rules(), NAMES)
    short = choose_clips([scored("1_clip_000", [0.5])], Rules(), NAMES)
    assert why_nothing_is_kept(empty) == "no persons found"
    assert why_nothing_is_kept(short) == "1 person for 0.5 s, expected 1 s"
    assert why_nothing_is_kept(choose_clips([scored("1_clip_000", [9.0])], Rules(), NAMES)) == ""
