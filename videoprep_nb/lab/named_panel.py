"""The part of the lab that keeps settings under names and compares their figures; two of them are shown."""

import html
from collections.abc import Callable
from pathlib import Path

import ipywidgets

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.lab.comparison import SIDES
from videoprep_nb.lab.figures import FORMATS, Figures, shown_figures
from videoprep_nb.lab.model import LabVideo
from videoprep_nb.lab.named_settings import NamedSettings
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.lab.sortable_table import Column, Row, SortableTable
from videoprep_nb.lab.sweep import Sweep
from videoprep_nb.viz import tables

_NAME_WIDTH = 18


class NamedPanel:
    """A table of named settings with their figures, and buttons to save, show and delete them.

    Args:
        video: The video.
        settings_of: Gives the settings of a side.
        load: Called with a side and settings to show there.
        export_file: Beside it, ``<stem>_left`` and ``<stem>_right`` are written on request.

    Attributes:
        view: The widget to show.
    """

    def __init__(
        self,
        video: LabVideo,
        settings_of: Callable[[int], LabSettings],
        load: Callable[[int, LabSettings], None],
        export_file: Path,
    ) -> None:
        self._video = video
        self._export_file = export_file
        self._settings_of = settings_of
        self._load = load
        self._shown = shown_figures(video)
        self._named = NamedSettings(video.work_dir)
        self._sweep = Sweep(video)
        self._figures: dict[str, Figures] = {}
        self._chosen: str | None = None
        self._name = ipywidgets.Text(placeholder="name", layout={"width": "98%"})
        self._message = ipywidgets.HTML()
        self._table = SortableTable(
            [
                Column("name", _NAME_WIDTH),
                *(Column(name, max(6, len(name) + 1), FORMATS[name].format) for name in self._shown),
            ],
            self._choose,
            "named settings",
            row_count=8,
        )
        self._yaml = ipywidgets.HTML()
        save, show, export = (
            ipywidgets.HBox([self._button(f"{verb} {side}", act, i) for i, side in enumerate(SIDES)])
            for verb, act in (("save", self._save), ("show", self._show), ("export", self._export))
        )
        measure = ipywidgets.Button(description="measure all", layout={"width": "110px"})
        delete = ipywidgets.Button(description="delete", layout={"width": "80px"})
        measure.on_click(in_turn(lambda _: self._measure()))
        delete.on_click(in_turn(lambda _: self._delete()))
        self.view = ipywidgets.VBox(
            [
                self._name,
                save,
                self._table.view,
                show,
                ipywidgets.HBox([measure, delete]),
                export,
                self._message,
                self._yaml,
            ]
        )
        self._list()

    def _button(self, text: str, act: Callable[[int], None], side: int) -> ipywidgets.Button:
        button = ipywidgets.Button(description=text, layout={"width": "100px"})
        button.on_click(in_turn(lambda _: act(side)))
        return button

    def _save(self, side: int) -> None:
        name = self._name.value.strip()
        try:
            self._named.save(name, self._settings_of(side))
        except (VideoPrepError, OSError) as error:
            self._say(str(error))
            return
        self._figures.pop(name, None)
        self._say(f"{name} is kept in {self._named.file}.")
        self._list()

    def _choose(self, name: str) -> None:
        self._chosen = self._name.value = name

    def _show(self, side: int) -> None:
        if self._chosen is None:
            self._say("Choose a row first.")
        else:
            self._load(side, self._named[self._chosen])

    def _delete(self) -> None:
        if self._chosen is None:
            self._say("Choose a row first.")
            return
        self._named.delete(self._chosen)
        self._say(f"{self._chosen} is deleted.")
        self._chosen = None
        self._list()

    def _measure(self) -> None:
        names = [name for name in self._named.names if name not in self._figures]
        problems: list[str] = []

        def measured(index: int, result: Figures | str) -> None:
            if isinstance(result, Figures):
                self._figures[names[index]] = result
                self._list()
            else:
                problems.append(f"{names[index]}: {result}")

        self._say(f"{len(names)} settings are measured in the background.")
        self._sweep.start([self._named[name] for name in names], measured, lambda end: self._say(*problems, end))

    def _export(self, side: int) -> None:
        """Write the settings of one side into a file of its own, beside that of the notebook's cell."""
        settings = self._settings_of(side)
        file = self._export_file.with_stem(f"{self._export_file.stem}_{SIDES[side]}")
        self._video.write(settings, file)
        self._say(f"Written to {file}, for videoprep run --params and for the page:")
        self._yaml.value = tables.preformatted([self._video.to_yaml(settings)]).data

    def _list(self) -> None:
        rows = []
        for name in self._named.names:
            values = self._figures[name].values if name in self._figures else {}
            rows.append(Row(name, [name, *(values.get(figure) for figure in self._shown)]))
        self._table.show(rows)

    def _say(self, *sentences: str) -> None:
        self._message.value = "<br>".join(map(html.escape, sentences))
