"""The part of the lab that tries many settings: a grid, its figures as a table and a chart, a click to load one."""

import html
import time
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.lab.comparison import SIDES
from videoprep_nb.lab.controls import values_to_try
from videoprep_nb.lab.figures import FORMATS, IDS_PER_PERSON_S, Figures, shown_figures
from videoprep_nb.lab.model import LabVideo
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.places import RIGHT
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.lab.sortable_table import Column, Row, SortableTable
from videoprep_nb.lab.sweep import Candidate, Sweep, read_grid
from videoprep_nb.tracking.trackers import TRACKERS
from videoprep_nb.viz import tables
from videoprep_nb.viz.style import ACCENT, css

_PLACEHOLDER = "confidence: 0.1 0.3 0.5\nmax_gap_s: 1 2"
_DRAW_INTERVAL_S = 1.0
_CHART_WIDTH_IN, _CHART_HEIGHT_IN = 4.5, 3.0


class SweepPanel:
    """A grid over parameters, tried in the background.

    Args:
        video: The video.
        settings_of: Gives the settings of a side, which the grid changes.
        load: Called with a side and settings to show there.

    Attributes:
        view: The widget to show.
    """

    def __init__(
        self,
        video: LabVideo,
        settings_of: Callable[[int], LabSettings],
        load: Callable[[int, LabSettings], None],
    ) -> None:
        self._video = video
        self._settings_of = settings_of
        self._load = load
        self._sweep = Sweep(video)
        self._candidates: list[Candidate] = []
        self._results: dict[int, Figures] = {}
        self._problems: dict[int, str] = {}
        self._drawn_s = 0.0
        self._side = ipywidgets.Dropdown(
            options=[(name, i) for i, name in enumerate(SIDES)],
            value=RIGHT,
            description="change",
            layout={"width": "150px"},
            style={"description_width": "50px"},
            tooltip="the side whose settings the grid changes, and that a click loads",
        )
        self._add = ipywidgets.Dropdown(layout={"width": "150px"}, tooltip="add a parameter to the grid")
        self._grid = ipywidgets.Textarea(
            placeholder=_PLACEHOLDER,
            rows=3,
            layout={"width": "98%"},
            tooltip="one line per parameter: its name and the values to try",
        )
        self._run = ipywidgets.Button(description="run sweep", button_style="primary", layout={"width": "110px"})
        self._cancel = ipywidgets.Button(description="cancel", disabled=True, layout={"width": "80px"})
        self._progress = ipywidgets.IntProgress(min=0, max=1, layout={"width": "100px"})
        self._message = ipywidgets.HTML()
        self._table = SortableTable([], self._chosen, "results of the sweep", row_count=8)
        self._measure = ipywidgets.Dropdown(
            options=shown_figures(video),
            description="chart",
            layout={"width": "200px"},
            value="IDF1" if video.truth else IDS_PER_PERSON_S,
            style={"description_width": "50px"},
        )
        self._chart = ipywidgets.Image(format="png", layout={"width": "100%", "display": "none"})
        self._run.on_click(in_turn(lambda _: self._start()))
        self._cancel.on_click(in_turn(lambda _: self._sweep.cancel()))
        self._add.observe(self._added, "value")
        self._measure.observe(in_turn(lambda _: self._draw_chart()), "value")
        self.view = ipywidgets.VBox(
            [
                ipywidgets.HBox([self._side, self._add]),
                self._grid,
                ipywidgets.HBox([self._run, self._cancel, self._progress]),
                self._message,
                self._table.view,
                self._measure,
                self._chart,
            ]
        )
        self._side.observe(in_turn(lambda _: self.refresh()), "value")
        self.refresh()

    def refresh(self) -> None:
        """Offer the parameters of the tracker that is chosen."""
        names = [*self._fields()]
        self._add.unobserve(self._added, "value")
        self._add.options = [("add a parameter", ""), *((name, name) for name in names)]
        self._add.value = ""
        self._add.observe(self._added, "value")

    def _fields(self) -> Mapping[str, Any]:
        settings = self._settings_of(self._side.value)
        options = TRACKERS[settings.tracker].options_type.model_fields
        return {name: f for name, f in {**options, **LabSettings.model_fields}.items() if name != "tracker_options"}

    @in_turn
    def _added(self, change: dict[str, Any]) -> None:
        name = change["new"]
        if not name:
            return
        settings, field = self._settings_of(self._side.value), self._fields()[name]
        value = getattr(settings, name, field.default)
        values = values_to_try(field, value, list(TRACKERS) if name == "tracker" else None)
        self._grid.value = f"{self._grid.value.rstrip()}\n{name}: {' '.join(values)}".lstrip()
        self.refresh()

    def _start(self) -> None:
        try:
            self._candidates = read_grid(self._grid.value, self._settings_of(self._side.value))
        except VideoPrepError as error:
            self._message.value = tables.remarks([str(error)], "").data
            return
        self._results, self._problems = {}, {}
        names = list(self._candidates[0].values)
        widths = {name: max(len(name) + 1, *(len(c.values[name]) for c in self._candidates)) for name in names}
        figures = shown_figures(self._video)
        self._table.set_columns(
            [
                *(Column(name, widths[name]) for name in names),
                *(Column(name, max(6, len(name) + 1), FORMATS[name].format) for name in figures),
            ]
        )
        self._progress.max, self._progress.value = len(self._candidates), 0
        self._run.disabled, self._cancel.disabled = True, False
        self._message.value = f"{len(self._candidates)} settings are tried in the background."
        self._sweep.start([one.settings for one in self._candidates], self._measured, self._ended)

    def _measured(self, index: int, result: Figures | str) -> None:
        if isinstance(result, Figures):
            self._results[index] = result
        else:
            self._problems[index] = result
        self._progress.value += 1
        self._show_rows()
        if time.monotonic() - self._drawn_s > _DRAW_INTERVAL_S:
            self._draw_chart()

    def _ended(self, words: str) -> None:
        self._run.disabled, self._cancel.disabled = False, True
        problems = [f"{_words(self._candidates[i].values)}: {text}" for i, text in self._problems.items()]
        self._message.value = html.escape(words) + (tables.remarks(problems, "").data if problems else "")
        self._draw_chart()

    def _show_rows(self) -> None:
        names = shown_figures(self._video)
        self._table.show(
            [
                Row(
                    index, [*map(_number, self._candidates[index].values.values()), *(figures.values[n] for n in names)]
                )
                for index, figures in self._results.items()
            ]
        )

    def _chosen(self, index: int) -> None:
        self._load(self._side.value, self._candidates[index].settings)

    def _draw_chart(self) -> None:
        if not self._results:
            return
        self._drawn_s = time.monotonic()
        candidates = {index: self._candidates[index].values for index in sorted(self._results)}
        values = {index: self._results[index].values[self._measure.value] for index in candidates}
        chart = draw_sweep(candidates, values, self._measure.value)
        self._chart.value = chart
        self._chart.layout.display = ""


def draw_sweep(candidates: Mapping[int, Mapping[str, str]], values: Mapping[int, float], title: str) -> bytes:
    """A figure over the first parameter of a grid, one line for each combination of the others.

    Args:
        candidates: The values of the grid by number.
        values: The figure by number.
        title: Name of the figure.

    Returns:
        A PNG.
    """
    from videoprep_nb.viz import charts  # its library takes longer to import than all the rest of the lab

    first = next(iter(next(iter(candidates.values()))))
    lines: dict[str, list[tuple[str, float]]] = {}
    for index, grid_values in candidates.items():
        others = _words({name: value for name, value in grid_values.items() if name != first})
        lines.setdefault(others, []).append((grid_values[first], values[index]))
    chart, axes = charts.figure(_CHART_HEIGHT_IN, title, _CHART_WIDTH_IN)
    for others, points in lines.items():
        colour = css(ACCENT) if len(lines) == 1 else None
        axes.plot([_number(x) for x, _ in points], [y for _, y in points], marker="o", label=others, color=colour)
    axes.set_xlabel(first)
    axes.grid(visible=True, alpha=0.4)
    if 1 < len(lines) <= 12:
        axes.legend(frameon=False, fontsize=9)
    return bytes(charts.image(chart, title).data)


def _words(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
