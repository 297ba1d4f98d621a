"""The two frames side by side, with layers, zoom and clicks."""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import ipywidgets
from ipyevents import Event

from videoprep_nb.core.text import plural
from videoprep_nb.lab.comparison import Comparison
from videoprep_nb.lab.drawing import (
    PANE_WIDTH_PX,
    Window,
    draw_detections,
    draw_pane,
    draw_truth,
    person_at,
)
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz import images
from videoprep_nb.viz.frames import ShrunkFrames

_MAX_ZOOM = 8.0
_WHEEL_FACTOR = 1.25
_WHEEL_WAIT_MS = 60


class FrameView:
    """One frame of the video with the tracks of both sides.

    Args:
        comparison: The two settings.
        on_person: Called with side and id of a person that was clicked.

    Attributes:
        view: The two images.
        tools: Zoom and layers.
    """

    def __init__(self, comparison: Comparison, on_person: Callable[[tuple[int, int]], None]) -> None:
        self._comparison = comparison
        self._on_person = on_person
        self._frame = comparison.video.frames.start
        self._shrunk = ShrunkFrames(comparison.frames, PANE_WIDTH_PX)
        record = comparison.video.clips[0]
        self._size = record.width, record.height
        self._centre = record.width / 2, record.height / 2
        truth = comparison.video.truth
        self._truth = truth.persons if truth else None
        self._zoom = ipywidgets.FloatSlider(
            1.0,
            min=1.0,
            max=_MAX_ZOOM,
            step=0.25,
            description="zoom",
            readout_format=".1f",
            layout={"width": "190px"},
            style={"description_width": "40px"},
        )
        self._layers = {
            name: ipywidgets.Checkbox(False, description=name, indent=False, layout={"width": "auto"})
            for name in ("detections", *(["truth"] if truth else []))
        }
        for control in (self._zoom, *self._layers.values()):
            control.observe(in_turn(lambda _: self.draw()), "value")
        self.tools = ipywidgets.HBox([self._zoom, *self._layers.values()])
        self._panes = [ipywidgets.Image(format="jpeg") for _ in comparison.sides]
        self._captions = [ipywidgets.HTML() for _ in comparison.sides]
        pairs = zip(self._captions, self._panes, strict=True)
        self.view = ipywidgets.HBox([ipywidgets.VBox(pair) for pair in pairs])
        for box in self.view.children:
            box.add_class("vp-lab-pane")
        self.view.add_class("vp-lab-pair")
        for side, pane in enumerate(self._panes):
            _on_mouse(pane, "click", partial(self._clicked, side))
            _on_mouse(pane, "wheel", self._wheeled)

    @property
    def window(self) -> Window:
        """What is shown of the frame."""
        return Window.around(*self._centre, self._zoom.value, *self._size)

    def show(self, comparison: Comparison, frame: int) -> None:
        """Show a frame with the tracks of a comparison."""
        self._comparison, self._frame = comparison, frame
        self.draw()

    def centre_on(self, track: tuple[int, int]) -> None:
        """Have a person in the middle of what is enlarged, if the frame shows them."""
        side, track_id = track
        table = self._comparison.sides[side].tracks.table
        box = table.boxes_xyxy[(table.frame_index == self._frame) & (table.track_id == track_id)]
        if len(box):
            self._centre = float(box[0, 0::2].mean()), float(box[0, 1::2].mean())
            self.draw()

    def draw(self) -> None:
        """Draw both sides again."""
        window = self.window
        image = self._image(window)
        for side, pane in zip(self._comparison.sides, self._panes, strict=True):
            copy = image.copy()
            if "detections" in self._layers and self._layers["detections"].value:
                draw_detections(side, copy, self._frame, window)
            draw_pane(side, copy, self._frame, window)
            if self._truth is not None and self._layers["truth"].value:
                draw_truth(self._truth, copy, self._frame, window)
            pane.value = images.encode_jpeg(copy)
        for side, caption in zip(self._comparison.sides, self._captions, strict=True):
            persons = plural(int((side.tracks.table.frame_index == self._frame).sum()), "person")
            caption.value = f"<b>{side.name}</b>: {escape(side.trial.settings.tracker)}, {persons}"

    def _image(self, window: Window) -> RgbImage:
        if self._zoom.value == 1:
            return self._shrunk.at(self._frame)
        ((_, image),) = self._comparison.frames.read([self._frame])
        return window.crop(image)

    def _clicked(self, side: int, event: dict[str, Any]) -> None:
        point = self.window.point(event["dataX"], event["dataY"])
        track_id = person_at(self._comparison.sides[side], self._frame, *point)
        if track_id is not None:
            self._on_person((side, track_id))

    def _wheeled(self, event: dict[str, Any]) -> None:
        """Enlarge or shrink; what is under the mouse stays there."""
        before, x, y = self.window, event["dataX"], event["dataY"]
        at_x, at_y = before.point(x, y)
        zoom = self._zoom.value * (_WHEEL_FACTOR if event["deltaY"] < 0 else 1 / _WHEEL_FACTOR)
        zoom = min(max(zoom, 1.0), _MAX_ZOOM)
        width = self._size[0] / zoom
        scale = width / PANE_WIDTH_PX
        self._centre = at_x - x * scale + width / 2, at_y - y * scale + self._size[1] / zoom / 2
        self._zoom.value = zoom


def on_click(image: ipywidgets.Image, act: Callable[[float, float], None]) -> None:
    """Have something done at a click, given the place in pixels of the image, however large it is shown."""
    _on_mouse(image, "click", lambda event: act(event["dataX"], event["dataY"]))


def _on_mouse(image: ipywidgets.Image, name: str, act: Callable[[dict[str, Any]], None]) -> None:
    options: dict[str, Any] = {}
    if name == "wheel":  # which would scroll the page, and comes many times per second
        options = {"prevent_default_action": True, "throttle_or_debounce": "throttle", "wait": _WHEEL_WAIT_MS}
    Event(source=image, watched_events=[name], **options).on_dom_event(in_turn(act))
