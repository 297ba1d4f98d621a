"""The tracker lab: two settings on the same video, and everything that follows from a slider or a click."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
from ipyevents import Event

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.lab import views
from videoprep_nb.lab.model import LabVideo, Trial
from videoprep_nb.lab.settings_panel import SettingsPanel
from videoprep_nb.lab.views import Comparison
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.frames import ShrunkFrames

_MAX_EVENTS = 400
_NO_FRAME = -1
_NO_TRACK = (-1, -1)
_PLAY_INTERVAL_MS = 200
_FULL_WIDTH = {"width": "100%"}
_STRIP_LAYOUT = {"max_width": "100%", "align_self": "flex-start"}  # else one thumbnail is as wide as the page
_SIDES = ("left", "right")


class TrackerLab:
    """Menus and sliders for two settings, a frame slider, time lines, a thumbnail strip and a table of what changed.

    Args:
        video: The video.
        left: What is shown on the left at first.
        right: What is shown on the right at first.
        export_file: Beside it, ``<stem>_left`` and ``<stem>_right`` are written on request.

    Attributes:
        view: The widget to show.
    """

    def __init__(self, video: LabVideo, left: Trial, right: Trial, export_file: Path) -> None:
        self._video = video
        self._export_file = export_file
        self._comparison = Comparison.of(video, left, right)
        self._frames = ShrunkFrames(self._comparison.frames, views.HALF_WIDTH_PX)
        self._panels = [
            SettingsPanel("Left", left.settings, lambda: self._retrack(0)),
            SettingsPanel("Right", right.settings, lambda: self._retrack(1)),
        ]
        self._message = ipywidgets.HTML()
        first, end = video.clips[0].start_frame, self._comparison.left.tracks.end_frame
        self._frame = ipywidgets.IntSlider(
            value=first, min=first, max=end - 1, description="frame", layout={"width": "60%"}
        )
        play = ipywidgets.Play(min=first, max=end - 1, value=first, interval=_PLAY_INTERVAL_MS, tooltip="play")
        ipywidgets.jslink((play, "value"), (self._frame, "value"))
        self._clock = ipywidgets.Label()
        self._event = ipywidgets.Dropdown(description="go to", layout={"width": "50%"})
        self._frame_view = ipywidgets.Image(format="jpeg", layout=_FULL_WIDTH)
        self._bars_view = ipywidgets.Image(format="jpeg", layout=_FULL_WIDTH)
        self._track = ipywidgets.Dropdown(description="track", layout={"width": "50%"})
        self._strip = ipywidgets.Image(format="jpeg", layout=_STRIP_LAYOUT | {"display": "none"})
        self._table = ipywidgets.HTML()
        self._yaml = ipywidgets.HTML()
        exports = [ipywidgets.Button(description=f"export {name}") for name in _SIDES]
        for side, button in enumerate(exports):
            button.on_click(lambda _, side=side: self._export(side))
        self._frame.observe(lambda _: self._show_frame(), "value")
        self._event.observe(self._go_to_event, "value")
        self._track.observe(self._track_chosen, "value")
        _on_click(self._frame_view, self._frame_clicked)
        _on_click(self._bars_view, self._bars_clicked)
        self._list_tracks(keep=None)
        self._show_comparison()
        # what moves is close to what moves it: frames and sliders fit on one screen
        self.view = ipywidgets.VBox(
            [
                ipywidgets.HBox([play, self._frame, self._clock]),
                ipywidgets.HBox([self._event, self._track]),
                self._frame_view,
                self._bars_view,
                self._strip,
                self._message,
                ipywidgets.HBox([panel.view for panel in self._panels]),
                self._table,
                ipywidgets.HBox(exports),
                self._yaml,
            ]
        )

    def _retrack(self, side: int) -> None:
        """Track with the settings of one side again, and show what comes of it."""
        try:
            trial = self._video.trial(self._panels[side].settings)
        except VideoPrepError as error:
            self._message.value = tables.remarks([str(error)], "").data
            return
        trials = [self._comparison.left.trial, self._comparison.right.trial]
        trials[side] = trial
        self._comparison = Comparison.of(self._video, *trials)
        self._list_tracks(keep=1 - side)
        self._show_comparison()

    def _list_tracks(self, keep: int | None) -> None:
        """Fill the menu of tracks; what was chosen stays when it is of the side to keep, the other has new tracks."""
        chosen = self._track.value
        # a strip takes longer to draw than all the rest, and that of the side to keep is still right
        self._track.unobserve(self._track_chosen, "value")
        self._track.options = [("click a person, or choose one here", _NO_TRACK), *self._track_options()]
        self._track.value = chosen if chosen and chosen[0] == keep else _NO_TRACK
        self._track.observe(self._track_chosen, "value")
        self._strip.layout.display = "none" if self._track.value == _NO_TRACK else ""

    def _show_comparison(self) -> None:
        rate = self._comparison.left.tracks.rate
        sentences = [f"{s.name}: {sentence}" for s in self._comparison.sides for sentence in s.trial.warnings]
        self._message.value = tables.remarks(sentences, "").data
        events = self._comparison.events
        self._event.options = [
            (f"choose one of {len(events)} differences", _NO_FRAME),
            *((f"{tables.clock(e.frame / rate)} · {e.words}", e.frame) for e in events[:_MAX_EVENTS]),
        ]
        self._event.value = _NO_FRAME
        self._table.value = views.what_changed(self._comparison).data
        self._show_bars()

    def _track_options(self) -> list[tuple[str, tuple[int, int]]]:
        options = []
        for index, side in enumerate(self._comparison.sides):
            rate, table = side.tracks.rate, side.tracks.table
            for track_id in side.tracks.track_ids:
                frames = table.frame_index[table.track_id == track_id]
                times = f"{tables.clock(frames[0] / rate)} to {tables.clock((frames[-1] + 1) / rate)}"
                options.append((f"{side.name.lower()} {track_id} · {times} · {len(frames)} frames", (index, track_id)))
        return options

    def _go_to_event(self, change: dict[str, Any]) -> None:
        if change["new"] != _NO_FRAME:
            self._frame.value = change["new"]

    def _track_chosen(self, change: dict[str, Any]) -> None:
        """Show the person whose track is chosen, and point at the track in the time lines."""
        self._strip.layout.display = "none" if change["new"] == _NO_TRACK else ""
        if change["new"] != _NO_TRACK:
            index, track_id = change["new"]
            strip = views.draw_thumbnail_strip(self._comparison, self._comparison.sides[index], track_id)
            self._strip.value = images.encode_jpeg(strip)
        self._show_bars()

    def _frame_clicked(self, x: float, y: float) -> None:
        """Choose the person that was clicked."""
        person = views.person_at(self._comparison, self._frame.value, x, y)
        if person is not None:
            self._track.value = person

    def _bars_clicked(self, x: float, y: float) -> None:
        """Go to the moment that was clicked, and choose the track whose bar it is."""
        half = views.side_at(x)
        if half is None:
            return
        index, x_half = half
        bars = self._bars[index]
        self._frame.value = bars.frame_at(x_half)
        track_id = bars.track_at(y)
        if track_id is not None:
            self._track.value = (index, track_id)

    def _show_bars(self) -> None:
        selected: list[int | None] = [None, None]
        if self._track.value != _NO_TRACK:
            index, track_id = self._track.value
            selected[index] = track_id
        self._bars = views.draw_bars(self._comparison, (selected[0], selected[1]))
        self._show_frame()

    def _show_frame(self) -> None:
        frame = self._frame.value
        small: RgbImage = self._frames.at(frame)
        self._clock.value = tables.clock(frame / self._comparison.left.tracks.rate)
        self._frame_view.value = images.encode_jpeg(views.draw_side_by_side(self._comparison, small, frame))
        left, right = (bars.with_cursor(frame) for bars in self._bars)
        self._bars_view.value = images.encode_jpeg(views.beside(left, right))

    def _export(self, side: int) -> None:
        """Write the settings of one side into a file of its own, beside that of the last cell."""
        settings = self._comparison.sides[side].trial.settings
        file = self._export_file.with_stem(f"{self._export_file.stem}_{_SIDES[side]}")
        self._video.write(settings, file)
        heading = f"Written to {file}, for videoprep run --params and for the page:"
        self._yaml.value = tables.remarks([], heading).data + tables.preformatted([self._video.to_yaml(settings)]).data


def _on_click(image: ipywidgets.Image, act: Callable[[float, float], None]) -> None:
    """Have something done at a click, given the place in pixels of the image, however large it is shown."""
    clicks = Event(source=image, watched_events=["click"])
    clicks.on_dom_event(lambda event: act(event["dataX"], event["dataY"]))
