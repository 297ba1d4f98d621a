"""What the tracker lab draws, read back from the images."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.support.html_pages import Page
from tests.support.lab_scene import open_scene, write_scene
from videoprep_nb.lab import drawing, views
from videoprep_nb.lab.comparison import ONLY_HERE, SWITCHED, Comparison
from videoprep_nb.lab.drawing import PANE_WIDTH_PX, Window
from videoprep_nb.viz.style import track_colour

SWITCH_FRAME = 20


def has_colour(image, colour) -> bool:
    return bool((image == colour).all(axis=-1).any())


WHOLE = Window(0, 0, 1280, 720)


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


def draw(comparison, frame, window=WHOLE):
    ((_, image),) = comparison.frames.read([frame])
    return [drawing.draw_pane(side, window.crop(image), frame, window) for side in comparison.sides]


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
    left, right = (bars.image for bars in drawing.draw_bars(torn))
    assert left.shape == right.shape
    assert has_colour(right, SWITCHED)
    assert not has_colour(left, SWITCHED)


@pytest.mark.parametrize("theme", [255, 17], ids=["light", "dark"])
def test_time_lines_are_read_on_both_themes(torn, theme):
    _, right = drawing.draw_bars(torn, see_through=True)
    colour, opacity = right.image[..., :3].astype(float), right.image[..., 3:] / 255
    shown = (colour * opacity + theme * (1 - opacity)).round().astype(np.uint8)
    assert has_colour(shown, SWITCHED)
    assert has_colour(shown, track_colour(1)), "persons keep their colours"
    title = shown[:20].astype(int)
    assert np.median(title) == theme
    assert np.abs(title - theme).max() > 90


def test_cursor_moves_with_the_frame(comparison):
    bars, _ = drawing.draw_bars(comparison)
    columns = [np.flatnonzero((bars.with_cursor(frame) != bars.image).any(axis=(0, 2))) for frame in (0, 39)]
    assert columns[0].max() < bars.image.shape[1] * 0.15
    assert columns[1].min() > bars.image.shape[1] * 0.9


def test_what_changed_and_where(comparison, torn):
    assert "confidence" in views.what_changed(comparison).data
    assert "is on this side only" in views.events(comparison).data
    assert "1 becomes 9" in views.events(torn).data
    same = Comparison.of(comparison.video, comparison.left.trial, comparison.left.trial)
    assert "same tracks" in views.events(same).data


def test_thumbnail_strip_shows_the_person_in_every_crop(torn):
    strip = drawing.draw_thumbnail_strip(torn, torn.right, 9)
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


def test_window_enlarges_a_part_of_the_frame(comparison):
    """Where the box of a person is in the window, the enlarged frame shows its colour."""
    table = comparison.left.tracks.table
    box = table.boxes_xyxy[(table.frame_index == 30) & (table.track_id == 1)][0]
    x, y = ((box[:2] + box[2:]) / 2).tolist()
    window = Window.around(x, y, 4, 1280, 720)
    pane, _ = draw(comparison, 30, window)
    left, top, right, bottom = window.shifted(box[None])[0] * PANE_WIDTH_PX / window.width
    assert right - left == pytest.approx(4 * (box[2] - box[0]) * PANE_WIDTH_PX / 1280)
    edge = pane[int(top + bottom) // 2, round(left)]
    assert np.abs(edge.astype(int) - track_colour(1)).max() < 40


def test_window_stays_inside_the_frame():
    assert Window.around(0, 719, 8, 1280, 720) == Window(0, 630, 160, 90)
    assert Window.around(900, 10, 1, 1280, 720) == WHOLE


def test_detections_are_a_layer_with_their_scores(comparison):
    """The detection below the threshold of the right side is drawn there, too."""
    window = Window.around(635, 595, 4, 1280, 720)
    images_of_frame = []
    for with_layer in (False, True):
        image = np.zeros((round(PANE_WIDTH_PX * 9 / 16), PANE_WIDTH_PX, 3), np.uint8)
        if with_layer:
            drawing.draw_detections(comparison.right, image, 10, window)
        images_of_frame.append(image)
    assert has_colour(images_of_frame[1], drawing.DETECTED)
    assert not has_colour(images_of_frame[0], drawing.DETECTED)


def test_click_finds_the_person_whose_box_is_there(comparison):
    for window in (WHOLE, Window.around(640, 360, 1.5, 1280, 720)):
        for side in comparison.sides:
            table = side.tracks.table.rows(side.tracks.table.frame_index == 30)
            assert len(table)
            for box, track_id in zip(table.boxes_xyxy, table.track_id.tolist(), strict=True):
                x, y = (box[:2] + box[2:]) / 2 - [window.left, window.top]
                scale = PANE_WIDTH_PX / window.width
                assert drawing.person_at(side, 30, *window.point(x * scale, y * scale)) == track_id


def test_click_finds_nobody_where_nobody_is(comparison):
    assert drawing.person_at(comparison.left, 30, 2, 30) is None


def test_click_on_a_bar_finds_its_track_and_moment(comparison):
    bars, _ = drawing.draw_bars(comparison)
    for track_id in comparison.left.tracks.track_ids:
        rows, columns = np.nonzero((bars.image == track_colour(track_id)).all(axis=-1))
        assert {bars.track_at(y) for y in set(rows.tolist())} == {track_id}
        frames = comparison.left.tracks.table.frame_index[comparison.left.tracks.table.track_id == track_id]
        assert bars.frame_at(columns.min()) == pytest.approx(frames[0], abs=1)
        assert bars.frame_at(columns.max()) == pytest.approx(frames[-1], abs=1)
    assert bars.track_at(0) is None
    assert bars.track_at(bars.image.shape[0] - 1) is None
    assert (bars.frame_at(0), bars.frame_at(10_000)) == (0, 39)
