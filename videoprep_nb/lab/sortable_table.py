"""A table whose rows can be sorted and chosen, with the mouse and with the keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ipywidgets

from videoprep_nb.lab.one_at_a_time import in_turn


@dataclass(frozen=True)
class Column:
    """A column.

    Args:
        title: Its heading.
        width: Its width in characters; longer texts push the rest of the row aside.
        write: How a value is written.
    """

    title: str
    width: int
    write: Callable[[Any], str] = str


@dataclass(frozen=True)
class Row:
    """A row.

    Args:
        key: What it stands for.
        cells: A value for each column; None for none.
    """

    key: Any
    cells: Sequence[Any]


class SortableTable:
    """Headings to sort by, and a list of rows to choose from.

    Args:
        columns: The columns.
        on_choose: Called with the key of a row that was chosen.
        label: What the list holds, for those who cannot see it.
        row_count: Rows in sight.

    Attributes:
        view: The widget to show.
    """

    def __init__(
        self, columns: Sequence[Column], on_choose: Callable[[Any], None], label: str, row_count: int = 12
    ) -> None:
        self._on_choose = on_choose
        self._rows: list[Row] = []
        self._sorted_by: int | None = None
        self._descending = False
        self._head = ipywidgets.HBox()
        self._head.add_class("vp-lab-table-head")
        self._list = ipywidgets.Select(options=[], rows=row_count, tooltip=label, layout={"width": "100%"})
        self._list.observe(self._chosen, "index")
        self._inner = ipywidgets.VBox([self._head, self._list], layout={"flex": "1 0 auto"})
        self.view = ipywidgets.HBox([self._inner], layout={"width": "100%"})
        self.view.add_class("vp-lab-table")
        self.set_columns(columns)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns, and no rows."""
        self._columns = list(columns)
        self._sorted_by, self._rows = None, []
        buttons = []
        for number, column in enumerate(columns):
            button = ipywidgets.Button(tooltip=f"sort by {column.title}", layout={"width": f"{column.width + 1}ch"})
            button.on_click(partial(self._sort_clicked, number))
            if column.write is str:
                button.add_class("vp-lab-text")
            buttons.append(button)
        self._head.children = buttons
        self._inner.layout.min_width = f"{sum(column.width + 1 for column in columns) + 3}ch"
        self._draw()

    def show(self, rows: Sequence[Row]) -> None:
        """Show rows, in the order that was chosen last."""
        self._rows = list(rows)
        self._draw()

    def sort(self, column: int) -> None:
        """Sort by a column; once more turns the order around."""
        self._descending = self._sorted_by == column and not self._descending
        self._sorted_by = column
        self._draw()

    @in_turn
    def _sort_clicked(self, column: int, _: ipywidgets.Button) -> None:
        self.sort(column)

    def choose(self, key: Any) -> None:
        """Mark a row as chosen, without doing anything; nothing is marked when there is no such row."""
        keys = [row.key for row in self._in_order()]
        self._mark(keys.index(key) if key in keys else None)

    def _mark(self, index: int | None) -> None:
        self._list.unobserve(self._chosen, "index")
        self._list.index = index
        self._list.observe(self._chosen, "index")

    def _in_order(self) -> list[Row]:
        if self._sorted_by is None:
            return self._rows
        column = self._sorted_by
        filled = [row for row in self._rows if row.cells[column] is not None]
        empty = [row for row in self._rows if row.cells[column] is None]
        return [*sorted(filled, key=lambda row: row.cells[column], reverse=self._descending), *empty]

    def _draw(self) -> None:
        for number, button in enumerate(self._head.children):
            arrow = ("▼" if self._descending else "▲") if number == self._sorted_by else ""
            button.description = self._columns[number].title + arrow
        index, rows = self._list.index, self._in_order()
        chosen = self._list.options[index][1] if index is not None else None
        self._list.unobserve(self._chosen, "index")
        self._list.options = [(self._line(row), row.key) for row in rows]
        self._list.index = None
        self._list.observe(self._chosen, "index")
        if chosen is not None:
            self.choose(chosen)

    def _line(self, row: Row) -> str:
        texts = []
        for column, cell in zip(self._columns, row.cells, strict=True):
            text = "" if cell is None else column.write(cell)
            texts.append(text.ljust(column.width) if isinstance(cell, str) else text.rjust(column.width))
        return " ".join(texts).rstrip()

    @in_turn
    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"] is not None:
            self._on_choose(self._list.options[change["new"]][1])
