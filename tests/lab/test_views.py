"""What the tracker lab draws, read back from the images."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.support.html_pages import Page
from tests.support.lab_scene import open_scene, write_scene
from videoprep_nb.lab import views
from videoprep_nb.lab.views import ONLY_HERE, SWITCHED, Comparison
from videoprep_nb.viz.frames import ShrunkFrames
from videoprep_nb.viz.style import track_colour

SWITCH_FRAME = 20


def has_colour(image, colour) -> bool:
    return bool((image == colour).all(axis=-1).any())


def halves(image):
    middle = image.shape[1] // 2
    return image[:, :middle], image[:, middle:]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """The scene, the trial on the left, and one on the right that misses the person the detector is not sure of."""
    folder = tmp_path_factory.mktemp("scene")
    params = write_scene(folder)
    video = open_scene(folder)
    return video, *(video.trial(video.settings.changed(changes)) for changes in (params.left, params.right))


@pytest.fixture(scope="module")
def comparison(trials):
    return Comparison.of(*trials)


@pytest.fixture(scope="module")
def torn(trials):
    """Person 1 gets another id on the right from a frame on."""
    video, left, _ = trials
    ids = left.tracks.track_id.copy()
    ids[(ids == 1) & (left.tracks.frame_index >= SWITCH_FRAME)] = 9
    order = np.argsort(ids, kind="stable")
    tracks = replace(left.tracks, track_id=ids).rows(order)
    return Comparison.of(video, left, replace(left, tracks=tracks))


def draw(comparison, frame):
    small = ShrunkFrames(comparison.frames, views.HALF_WIDTH_PX).at(frame)
    return halves(views.draw_side_by_side(comparison, small, frame))


def test_person_on_one_side_only_has_a_red_ring(comparison):
    left, right = draw(comparison, 10)
    assert has_colour(left, ONLY_HERE)
    assert not has_colour(right, ONLY_HERE)
    left, right = draw(comparison, 0)
    assert not has_colour(left, ONLY_HERE)


def test_switched_id_has_a_yellow_ring_for_a_second(torn):
    for frame, expected in ((SWITCH_FRAME - 1, False), (SWITCH_FRAME, True), (SWITCH_FRAME + 15, False)):
        left, right = draw(torn, frame)
        assert has_colour(right, SWITCHED) is expected
        assert not has_colour(left, SWITCHED)


def test_a_person_has_the_same_colour_on_both_sides(torn):
    assert torn.right.colours[9] == torn.left.colours[1] == track_colour(1)


def test_time_lines_mark_the_switch(torn):
    left, right = (bars.image for bars in views.draw_bars(torn))
    assert left.shape == right.shape
    assert has_colour(right, SWITCHED)
    assert not has_colour(left, SWITCHED)


def test_cursor_moves_with_the_frame(comparison):
    bars, _ = views.draw_bars(comparison)
    columns = [np.flatnonzero((bars.with_cursor(frame) != bars.image).any(axis=(0, 2))) for frame in (0, 39)]
    assert columns[0].max() < bars.image.shape[1] * 0.15
    assert columns[1].min() > bars.image.shape[1] * 0.9


def test_what_changed_and_where(comparison, torn):
    assert "confidence" in views.what_changed(comparison).data
    assert "is on this side only for" in views.events(comparison).data
    assert "1 becomes 9" in views.events(torn).data
    same = Comparison.of(comparison.video, comparison.left.trial, comparison.left.trial)
    assert "same tracks" in views.events(same).data


def test_thumbnail_strip_shows_the_person_in_every_crop(torn):
    strip = views.draw_thumbnail_strip(torn, torn.right, 9)
    assert all(has_colour(crop, track_colour(1)) for crop in np.array_split(strip, 8, axis=1))


def test_report_without_any_tracks(trials):
    video, left, _ = trials
    nothing = replace(left, tracks=left.tracks.rows(np.zeros(0, np.int64)))
    empty = Comparison.of(video, nothing, nothing)
    assert len(views.moments(empty).data) > 1000
    assert len(views.time_lines(empty).data) > 1000
    assert "no tracks" in views.thumbnail_strip(empty).data


def test_every_hint_leads_to_its_image(comparison, tmp_path):
    hints = views.hints(comparison, comparison.left).data
    (tmp_path / "hints.html").write_text(hints, encoding="utf-8")
    page = Page(tmp_path / "hints.html")
    assert page.loads_from_outside == []
    assert page.links
    assert all(link.startswith("#") and f'id="{link[1:]}"' in hints for link in page.links)
    assert "not seen for 0.8 s" in page.text
    widths = [Image.open(io.BytesIO(image)).width for image in page.images]
    assert max(widths) > 2 * min(widths)  # the small one and the large one


def test_click_finds_the_person_whose_box_is_there(comparison):
    right_px = views.HALF_WIDTH_PX + views.beside(np.zeros((1, 0, 3), np.uint8), np.zeros((1, 0, 3), np.uint8)).shape[1]
    for index, side in enumerate(comparison.sides):
        table = side.tracks.table.rows(side.tracks.table.frame_index == 30)
        assert len(table)
        for box, track_id in zip(table.boxes_xyxy, table.track_id.tolist(), strict=True):
            x, y = (box[:2] + box[2:]) / 2 * views.HALF_WIDTH_PX / 1280
            caption_px = draw(comparison, 30)[0].shape[0] - 360
            assert views.person_at(comparison, 30, x + index * right_px, y + caption_px) == (index, track_id)


def test_click_finds_nobody_where_nobody_is(comparison):
    assert views.person_at(comparison, 30, 2, 30) is None
    assert views.person_at(comparison, 30, views.HALF_WIDTH_PX + 5, 100) is None


def test_click_on_a_bar_finds_its_track_and_moment(comparison):
    bars, _ = views.draw_bars(comparison)
    for track_id in comparison.left.tracks.track_ids:
        rows, columns = np.nonzero((bars.image == track_colour(track_id)).all(axis=-1))
        assert {bars.track_at(y) for y in set(rows.tolist())} == {track_id}
        frames = comparison.left.tracks.table.frame_index[comparison.left.tracks.table.track_id == track_id]
        assert bars.frame_at(columns.min()) == pytest.approx(frames[0], abs=1)
        assert bars.frame_at(columns.max()) == pytest.approx(frames[-1], abs=1)
    assert bars.track_at(0) is None
    assert bars.track_at(bars.image.shape[0] - 1) is None
    assert (bars.frame_at(0), bars.frame_at(10_000)) == (0, 39)
