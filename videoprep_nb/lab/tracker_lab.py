"""The tracker lab: two settings on the same video, and everything that follows from a slider or a click."""

import asyncio
from functools import partial
from pathlib import Path

import ipywidgets
from IPython.display import Javascript, display

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.lab import views
from videoprep_nb.lab.comparison import SIDES, Comparison, Side
from videoprep_nb.lab.correction_book import CorrectionBook
from videoprep_nb.lab.correction_panel import Chosen, CorrectionPanel
from videoprep_nb.lab.drawing import draw_bars, draw_thumbnail_strip
from videoprep_nb.lab.frame_view import FrameView, on_click
from videoprep_nb.lab.jump_list import JumpList
from videoprep_nb.lab.model import LabVideo, Trial
from videoprep_nb.lab.named_panel import NamedPanel
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.places import LabPlace
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.lab.settings_panel import SettingsPanel
from videoprep_nb.lab.style import style_sheet
from videoprep_nb.lab.sweep_panel import SweepPanel
from videoprep_nb.lab.track_list import TrackList
from videoprep_nb.tracking.evaluation.score import Scores
from videoprep_nb.viz import images, tables

_PLAY_INTERVAL_MS = 200
_PAUSE_S = 0.05
_STRIP_LAYOUT = {"max_width": "100%", "align_self": "flex-start", "flex": "0 0 auto"}  # else one thumbnail is enlarged
_SCROLL_HERE = """
const show = () => element.closest(".jp-Cell-outputWrapper")?.scrollIntoView();
for (const wait_ms of [0, 300, 1000]) setTimeout(show, wait_ms);
"""
_TABS = ("Left", "Right", "Places", "Tracks", "Sweep", "Named", "Correct")


class TrackerLab:
    """Frames and time lines of two settings, and beside them the controls, places, tracks and sweeps.

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
        self._book = CorrectionBook(video)
        self._before = [left, right]
        self._comparison = Comparison.of(video, self._book.corrected(left), self._book.corrected(right))
        self._track: tuple[int, int] | None = None
        self._rest: asyncio.TimerHandle | None = None
        frames = video.frames
        self._frame = ipywidgets.IntSlider(
            value=frames.start,
            min=frames.start,
            max=frames.stop - 1,
            description="frame",
            layout={"flex": "1 1 180px", "min_width": "0"},
            style={"description_width": "45px"},
        )
        self._play = ipywidgets.Play(
            min=frames.start, max=frames.stop - 1, value=frames.start, interval=_PLAY_INTERVAL_MS, tooltip="play"
        )
        ipywidgets.jslink((self._play, "value"), (self._frame, "value"))
        self._clock = ipywidgets.Label(layout={"min_width": "55px"})
        self._frames = FrameView(self._comparison, self._choose_track)
        self._bars_views = [ipywidgets.Image(format="png") for _ in SIDES]
        self._strip = ipywidgets.Image(format="jpeg", layout=_STRIP_LAYOUT | {"display": "none"})
        self._message = ipywidgets.HTML()
        self._figures = ipywidgets.HTML()
        self._figures.add_class("vp-lab-figures")
        self._panels = [
            SettingsPanel(trial.settings, partial(self._retrack, side)) for side, trial in enumerate((left, right))
        ]
        self._places = JumpList(video.truth is not None, self._go_to)
        self._tracks = TrackList(self._choose_track)
        self._sweep = SweepPanel(video, self._settings_of, self._load)
        self._named = NamedPanel(video, self._settings_of, self._load, export_file)
        self._correct = CorrectionPanel(self._book, self._chosen, partial(self._compare, *range(len(SIDES))))
        self._frame.observe(in_turn(lambda _: self._show_frame()), "value")
        for side, image in enumerate(self._bars_views):
            on_click(image, partial(self._bars_clicked, side))
        others = [self._places.view, self._tracks.view, self._sweep.view, self._named.view, self._correct.view]
        self._tabs = ipywidgets.Tab([*(panel.view for panel in self._panels), *others], titles=_TABS)
        self._tabs.observe(in_turn(lambda _: self._show_tab()), "selected_index")
        self._show_comparison()
        self.view = self._laid_out()

    def show(self) -> None:
        """Show the lab, and scroll to it: the page stays where a cell begins, which is too high for its output."""
        display(self.view, Javascript(_SCROLL_HERE))  # type: ignore[no-untyped-call]

    @property
    def comparison(self) -> Comparison:
        """What the lab shows now."""
        return self._comparison

    def _laid_out(self) -> ipywidgets.VBox:
        """Frames on the left, controls on the right, so that what moves and what moves it are both in sight."""
        bars = ipywidgets.HBox(self._bars_views)
        bars.add_class("vp-lab-pair")
        bars.add_class("vp-lab-bars")
        position = ipywidgets.HBox([self._play, self._frame, self._clock, self._frames.tools])
        position.add_class("vp-lab-tools")
        shown = ipywidgets.VBox([position, self._frames.view, bars, self._strip, self._message])
        controls = ipywidgets.VBox([self._figures, self._tabs])
        shown.add_class("vp-lab-show")
        controls.add_class("vp-lab-control")
        columns = ipywidgets.HBox([shown, controls])
        columns.add_class("vp-lab-columns")
        view = ipywidgets.VBox([style_sheet(), columns])
        view.add_class("vp-lab")
        return view

    def _settings_of(self, side: int) -> LabSettings:
        return self._comparison.sides[side].trial.settings

    def _load(self, side: int, settings: LabSettings) -> None:
        """Show settings on a side."""
        self._panels[side].show(settings)

    def _retrack(self, side: int) -> None:
        """Track with the settings of one side again, and show what comes of it."""
        try:
            trial = self._video.trial(self._panels[side].settings)
        except VideoPrepError as error:
            self._message.value = tables.remarks([str(error)], "").data
            return
        self._before[side] = trial
        self._compare(side)

    def _compare(self, *changed: int) -> None:
        """Compare again after the tracks of some sides are others."""
        left, right = map(self._book.corrected, self._before)
        self._comparison = Comparison.of(self._video, left, right, self._comparison.frames)
        if self._track is not None and self._track[0] in changed:  # the ids of that side mean other persons now
            self._track = None
            self._strip.layout.display = "none"
        self._show_comparison()

    def _chosen(self) -> Chosen | None:
        """The track that is chosen, to be corrected."""
        if self._track is None:
            return None
        side, track_id = self._track
        return Chosen(self._comparison.sides[side], track_id, self._before[side], self._frame.value)

    def _show_comparison(self) -> None:
        """Show the frames at once, and the rest when no slider is waiting for the next ones."""
        self._show_bars()
        if self._rest is not None:
            self._rest.cancel()
        try:
            self._rest = asyncio.get_running_loop().call_later(_PAUSE_S, self._show_rest)
        except RuntimeError:  # no kernel
            self._show_rest()

    @in_turn
    def _show_rest(self) -> None:
        """Show what takes longer than to draw frames."""
        sentences = [f"{s.name}: {sentence}" for s in self._comparison.sides for sentence in s.trial.warnings]
        self._message.value = tables.remarks(sentences, "").data
        self._figures.value = _figures_table(self._comparison)
        self._show_tab()

    def _show_tab(self) -> None:
        """Fill the tab that is open; one that nobody sees costs no time."""
        index = self._tabs.selected_index
        name = _TABS[index] if index is not None else ""
        if name == "Places":
            self._places.show(self._comparison)
        elif name == "Tracks":
            self._tracks.show(self._comparison)
            self._tracks.choose(self._track)
        elif name == "Sweep":
            self._sweep.refresh()
        elif name == "Correct":
            self._correct.show()

    def _go_to(self, place: LabPlace) -> None:
        self._frame.value = place.frame
        if place.track_id is not None:
            self._choose_track((place.side, place.track_id))

    def _choose_track(self, track: tuple[int, int]) -> None:
        """Show a person, point at the track in the time lines, and have it in the middle of what is enlarged."""
        side, track_id = track
        if track_id not in self._comparison.sides[side].tracks.track_ids:
            return
        self._track = track
        strip = draw_thumbnail_strip(self._comparison, self._comparison.sides[side], track_id)
        self._strip.value = images.encode_jpeg(strip)
        self._strip.layout.display = ""
        self._show_bars()
        self._frames.centre_on(track)
        self._tracks.choose(track)
        self._correct.show()

    def _bars_clicked(self, side: int, x: float, y: float) -> None:
        """Go to the moment that was clicked, and choose the track whose bar it is."""
        bars = self._bars[side]
        self._frame.value = bars.frame_at(x)
        track_id = bars.track_at(y)
        if track_id is not None:
            self._choose_track((side, track_id))

    def _show_bars(self) -> None:
        self._bars = draw_bars(self._comparison, self._track, see_through=True)
        self._show_frame()

    def _show_frame(self) -> None:
        frame = self._frame.value
        self._clock.value = format_clock(frame / self._comparison.left.tracks.rate)
        self._frames.show(self._comparison, frame)
        for bars, view in zip(self._bars, self._bars_views, strict=True):
            view.value = images.encode_png(bars.with_cursor(frame))


def _figures_table(comparison: Comparison) -> str:
    """The figures of both sides, those against ground truth first, and the settings that differ."""
    against_truth = [(SIDES[s.index], *_scores(s.trial.scores)) for s in comparison.sides if s.trial.scores]
    figures = [(SIDES[side.index], *_figures(side)) for side in comparison.sides]
    found = []
    if against_truth:
        found.append(tables.table(["", "HOTA", "IDF1", "MOTA", "IDSW", "FN", "FP"], against_truth))
    found.append(tables.table(["", "tracks", "ids/person-s", "boxes", "only", "changes"], figures))
    if changed := views.changed_settings(comparison):
        found.append(tables.table(["setting", "left", "right"], changed))
    return "".join(str(one.data) for one in found)


def _scores(scores: Scores) -> tuple[str, ...]:
    shares = (f"{share:.1f}" for share in (scores.HOTA, scores.IDF1, scores.MOTA))
    return (*shares, *(f"{count:,}" for count in (scores.IDSW, scores.FN, scores.FP)))


def _figures(side: Side) -> tuple[str, ...]:
    quality = side.trial.quality
    counts = (len(side.trial.tracks), len(side.only_here), len(side.switches))
    return f"{quality.track_count:,}", f"{quality.ids_per_person_s:.3f}", *(f"{count:,}" for count in counts)
