import pytest

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.selection.listed_times import ListedTime, read_listed_times, unknown_videos


def test_spreadsheets_write_it_in_several_ways():
    text = '\ufeffVideo; Start ;END\r\n"gate; north.mp4";1:02:03.5;\r\n\r\n3;;90\r\n'
    assert read_listed_times(text) == [
        ListedTime("gate; north.mp4", 3723.5, None),
        ListedTime("3", 0.0, 90.0),
    ]


def test_a_span_that_only_touches_a_time_is_not_in_it():
    listed = ListedTime("1", 15.0, 30.0)
    assert [listed.overlaps(start_s, start_s + 15) for start_s in (0, 1, 29, 30)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1", 1),
        ("1,2", 1),
        ("1,2,3,4", 1),
        (",2,3", 1),
        ("video,start,end\n1,0,10\n1,ten,20", 3),
        ("1,nan,5", 1),
        ("1,-3,5", 1),
        ("1,1e9,5", 1),
        ("1,5,5", 1),
        ('"1,2,3', 1),
        ("1,0,10\x00", 1),
        ("1,٣,5", 1),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text, line):
    with pytest.raises(ParameterError, match=f"^keep_times: line {line}: got "):
        read_listed_times(text)


def test_a_list_without_end_is_refused():
    with pytest.raises(ParameterError, match="10,000 lines"):
        read_listed_times("1,2,3\n" * 10_001)


def test_unknown_videos_are_named_once():
    times = read_listed_times("1,0,1\nyard.avi,0,1\n7,0,1\n7,2,3")
    assert unknown_videos(times, {"1": "yard.avi"}) == ["7"]
