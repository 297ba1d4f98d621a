import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from videoprep_nb.core.layout import clip_id
from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.stages.clip import view as clip
from videoprep_nb.stages.track_persons import view as track_persons
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.quality import judge_tracks
from videoprep_nb.tracking.track import TrackedVideo
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import charts, images, tables
from videoprep_nb.viz.images import Mark, Tile
from videoprep_nb.viz.style import PAPER, ink_on, track_colour
from videoprep_nb.viz.tracks import Run, VideoTracks

RED = np.full((90, 160, 3), (220, 20, 20), np.uint8)
BLUE = np.full((90, 160, 3), (20, 20, 220), np.uint8)


def decoded(shown) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(shown.data)).convert("RGB"))


def clip_record(index: int, start_frame: int, frame_count: int, stream_copied: bool = True) -> ClipRecord:
    return ClipRecord(
        clip_id=clip_id("1", index),
        start_frame=start_frame,
        frame_count=frame_count,
        rate=Fraction(10),
        width=160,
        height=90,
        stream_copied=stream_copied,
    )


def video_tracks(clips: list[ClipRecord], rows: list[tuple[int, int, bool]]) -> VideoTracks:
    """Tracks of a video; a row is frame in the video, track id, interpolated."""
    frame_index, track_id, interpolated = zip(*rows, strict=True) if rows else ((), (), ())
    boxes_xyxy = [[10.0, 20.0, 40.0, 80.0]] * len(rows)
    return VideoTracks(
        clips, Tracks.from_arrays(frame_index, track_id, boxes_xyxy, [0.8] * len(rows), list(interpolated))
    )


def result_of(clips: list[ClipRecord], rows: list[tuple[int, int, bool]]) -> TrackResult:
    """What stage 4 returns for these tracks."""
    tracks = video_tracks(clips, rows).table
    detections = [Detections.from_arrays([], [], [], sampled=range(clip.frame_count)) for clip in clips]
    video = TrackedVideo(clips[0].rate, 1, clips[0].width, clips[0].height)
    last = clips[-1]
    quality = judge_tracks(tracks, video, range(clips[0].start_frame, last.start_frame + last.frame_count))
    return TrackResult(TrackPersonsParams(), clips, detections, tracks, 0, "none", quality)


def test_neighbouring_tracks_have_different_colours():
    assert all(track_colour(i) != track_colour(i + 1) for i in range(1, 40))


@pytest.mark.parametrize("track_id", range(1, 10))
def test_labels_can_be_read(track_id):
    def luminance(colour):
        linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(track_colour(track_id)), luminance(ink_on(track_colour(track_id)))])
    assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2 for bold letters


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [0]), (3, [0, 1, 2]), (100, [0, 50, 99])],
    ids=["none", "one", "all", "spread"],
)
def test_sampled_keeps_first_and_last(count, expected):
    assert images.sampled(list(range(count)), 3) == expected


def test_contact_sheet_has_every_image_in_its_place():
    sheet = decoded(
        images.notebook_image(images.contact_sheet([Tile(RED, "a"), Tile(BLUE, "b"), Tile(BLUE, "c")], 2), "x")
    )
    assert sheet.shape[1] == images.SHEET_WIDTH_PX
    assert np.allclose(sheet[100, 300], RED[0, 0], atol=8)
    assert np.allclose(sheet[100, 900], BLUE[0, 0], atol=8)
    assert np.allclose(sheet[-100, 300], BLUE[0, 0], atol=8)
    assert np.allclose(sheet[-100, 900], PAPER, atol=8)


def test_images_have_words_for_people_who_cannot_see_them():
    data, metadata = images.notebook_image(RED, "two men")._repr_mimebundle_()
    assert "two men" in str(metadata) + str(data.get("text/plain"))


def test_marks_are_scaled_with_the_image_and_coloured_by_track():
    image = np.zeros((360, 640, 3), np.uint8)
    images.draw_marks(image, [Mark([200, 200, 400, 600], 1)], source_width=1280)
    assert tuple(image[200, 100]) == track_colour(1)  # the left side, half way down
    assert tuple(image[200, 150]) == (0, 0, 0)


@pytest.mark.parametrize("box", [[-50, -50, 20, 20], [1270, 700, 1300, 740]], ids=["upper left", "lower right"])
def test_labels_of_boxes_at_the_border_stay_in_the_image(box):
    image = np.zeros((360, 640, 3), np.uint8)
    images.draw_marks(image, [Mark(box, 2, note="0.50")], source_width=1280)
    assert (image == track_colour(2)).all(axis=2).sum() > 300


def test_tables_escape_every_text():
    evil = "<img src=x onerror=alert(1)>"
    shown = [
        tables.table([evil], [[evil]]),
        tables.facts([(evil, evil)]),
        tables.remarks([evil], ""),
        tables.remarks([], evil),
        tables.preformatted([evil]),
    ]
    assert not any("<img" in html.data for html in shown)


def test_long_table_says_how_much_is_left_out():
    assert "… and 1,940 more" in tables.table(["n"], [[n] for n in range(2000)]).data


@pytest.mark.parametrize(
    ("time_s", "words"),
    [(0, "0:00.0"), (7.46, "0:07.5"), (59.96, "1:00.0"), (754.2, "12:34.2"), (3723, "1:02:03.0")],
)
def test_clock(time_s, words):
    assert format_clock(time_s) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(12, "12 B"), (1500, "1.5 kB"), (17_500_000, "17.5 MB"), (2_340_000_000, "2.34 GB")]
)
def test_size(size_bytes, words):
    assert tables.size(size_bytes) == words


def test_runs_of_a_track_with_a_gap_and_an_interpolated_stretch():
    seen = [(frame, 1, False) for frame in (0, 1, 2, 6, 7)]
    filled = [(frame, 1, True) for frame in (3, 4, 5)]
    later = [(frame, 1, False) for frame in (12, 13)]  # frames 8 to 11 are missing
    clips = [clip_record(0, 0, 10), clip_record(1, 10, 10)]
    tracks = video_tracks(clips, seen + filled + later)
    assert tracks.runs(shortest_interpolated=2) == [
        Run(1, 0, 3, False),
        Run(1, 3, 6, True),
        Run(1, 6, 8, False),
        Run(1, 12, 14, False),
    ]
    assert tracks.runs(shortest_interpolated=4) == [Run(1, 0, 8, False), Run(1, 12, 14, False)]


def test_tracks_go_on_from_clip_to_clip_also_where_clips_overlap():
    clips = [clip_record(0, 0, 10), clip_record(1, 5, 10)]
    rows = [(frame, 3, False) for frame in range(15)]
    tracks = video_tracks(clips, rows)
    assert tracks.runs(shortest_interpolated=2) == [Run(3, 0, 15, False)]
    assert tracks.persons_per_frame().tolist() == [1] * 15
    assert "<td>15</td><td>0</td><td>0.80</td><td>2</td>" in track_persons.track_table(result_of(clips, rows)).data


def test_time_line_shows_the_colour_of_every_track():
    rows = [(frame, track_id, False) for track_id in (1, 2, 3) for frame in range(10 * track_id)]
    image = decoded(track_persons.track_time_line(result_of([clip_record(0, 0, 60)], rows)))
    widths = [(image == track_colour(track_id)).all(axis=2).any(axis=0).sum() for track_id in (1, 2, 3)]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)
    assert widths[2] == pytest.approx(3 * widths[0], rel=0.05)


def test_time_line_of_very_many_tracks_stays_bounded():
    rows = [(frame, track_id, False) for track_id in range(1, 400) for frame in range(track_id % 7 + 1)]
    result = result_of([clip_record(0, 0, 60)], rows)
    assert decoded(track_persons.track_time_line(result)).shape[0] < 1500


def test_very_short_video_has_sentences_instead_of_charts():
    result = result_of([clip_record(0, 0, 2)], [(0, 1, False), (0, 2, False), (1, 1, False)])
    assert "2 frames, each with 1 to 2 persons." in track_persons.persons_over_time(result).data
    assert "0 detections of 0 below 0.1" in track_persons.confidence_histogram(result).data
    assert decoded(track_persons.track_time_line(result)).std() > 0


def test_charts_of_a_short_video_without_persons():
    result = result_of([clip_record(0, 0, 20)], [])
    for shown in (
        track_persons.track_time_line(result),
        track_persons.persons_over_time(result),
        track_persons.confidence_histogram(result),
    ):
        assert decoded(shown).std() > 0
    assert "no tracks" in track_persons.track_table(result).data


def test_counts_of_an_hour_keep_the_highest_of_each_spot():
    counts = np.zeros(108_000, np.int64)
    counts[54_321] = 9
    _, axes = charts.counts_per_frame(counts, 1 / 30, "x")
    (stairs,) = axes.patches
    values = stairs.get_data().values
    assert len(values) <= 1000
    assert values.max() == 9


def test_clip_time_line_marks_how_clips_were_cut():
    clips = [clip_record(0, 0, 50), clip_record(1, 50, 100, stream_copied=False)]
    table = ClipTable(video_id="1", source_frame_count=150, clips=clips)
    image = decoded(clip.clip_time_line(table))
    copied = (image == (0, 114, 178)).all(axis=2).any(axis=0).sum()
    encoded = (image == (230, 159, 0)).all(axis=2)[:, : image.shape[1] * 3 // 4].sum()
    assert copied > 100
    assert encoded > 100
    assert "re-encoding" in clip.clip_summary(table).data


def test_clip_that_holds_the_whole_video_needs_no_time_line():
    table = ClipTable(video_id="1", source_frame_count=12, clips=[clip_record(0, 0, 12)])
    assert "One clip holds the whole video: 12 frames." in clip.clip_time_line(table).data


def test_clip_time_line_of_an_hour_stays_bounded():
    clips = [clip_record(i, 150 * i, 150) for i in range(240)]
    table = ClipTable(video_id="1", source_frame_count=36_000, clips=clips)
    assert decoded(clip.clip_time_line(table)).shape[0] < 1500
