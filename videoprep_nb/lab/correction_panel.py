"""The part of the lab that corrects tracks by hand: merge two, split one at the frame, delete one."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import ipywidgets

from videoprep_nb.core.errors import VideoPrepError
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.lab.comparison import SIDES, Side
from videoprep_nb.lab.correction_book import CorrectionBook
from videoprep_nb.lab.model import Trial
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.sortable_table import Column, Row, SortableTable
from videoprep_nb.tracking.corrections import Correction
from videoprep_nb.viz import tables

_NO_OTHER = ("choose a track", 0)
_NOBODY = "Click a person, or a row of Tracks, to choose whom to correct."


@dataclass(frozen=True)
class Chosen:
    """A track that may be corrected.

    Args:
        side: Its side.
        track_id: Its id there.
        before: The trial before all corrections.
        frame: The frame that is shown.
    """

    side: Side
    track_id: int
    before: Trial
    frame: int


class CorrectionPanel:
    """Buttons for the track that is chosen, and the list of all corrections.

    Args:
        book: The corrections.
        chosen: Gives the track that is chosen; None for none.
        on_change: Called when the corrections are others.

    Attributes:
        view: The widget to show.
    """

    def __init__(
        self, book: CorrectionBook, chosen: Callable[[], Chosen | None], on_change: Callable[[], None]
    ) -> None:
        self._book = book
        self._chosen = chosen
        self._on_change = on_change
        self._line: int | None = None
        self._who = ipywidgets.HTML(_NOBODY)
        self._other = ipywidgets.Dropdown(
            options=[_NO_OTHER], layout={"width": "150px"}, tooltip="the track that is the same person"
        )
        merge = self._button("merge with", self._merge)
        split = self._button("split at this frame", self._split)
        delete = self._button("delete track", self._delete)
        remove = self._button("remove line", self._remove)
        self._table = SortableTable([Column("corrections", 40)], self._line_chosen, "corrections", row_count=6)
        self._message = ipywidgets.HTML()
        self.view = ipywidgets.VBox(
            [
                self._who,
                ipywidgets.HBox([merge, self._other]),
                ipywidgets.HBox([split, delete]),
                self._message,
                self._table.view,
                remove,
            ]
        )

    def show(self) -> None:
        """Show the track that is chosen, those it can be merged with, and all corrections."""
        chosen = self._chosen()
        self._who.value = _NOBODY if chosen is None else self._words(chosen)
        self._other.options = [_NO_OTHER, *(_others(chosen) if chosen else [])]
        self._table.show([Row(i, [line.describe()]) for i, line in enumerate(self._book.lines)])

    def _words(self, chosen: Chosen) -> str:
        state = "corrected" if self._book.applies_to(chosen.before.settings) else "not corrected"
        return f"{SIDES[chosen.side.index].capitalize()}, track <b>{chosen.track_id}</b> ({state})"

    def _button(self, text: str, act: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=text, layout={"width": "145px"})
        button.on_click(in_turn(lambda _: act()))
        return button

    def _merge(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self._other.value:
            names = [self._name(chosen, track_id) for track_id in (chosen.track_id, self._other.value)]
            self._add(chosen, Correction(merge=names))

    def _split(self) -> None:
        if (chosen := self._chosen()) is not None:
            first_id = self._name(chosen, chosen.track_id).partition("@")[0]
            self._add(chosen, Correction(split=first_id, at_s=self._book.time_of(chosen.frame)))

    def _delete(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._add(chosen, Correction(delete=self._name(chosen, chosen.track_id)))

    def _name(self, chosen: Chosen, track_id: int) -> str:
        return self._book.name_of(track_id, chosen.frame, chosen.side.trial.tracks, chosen.before.tracks)

    def _add(self, chosen: Chosen, line: Correction) -> None:
        try:
            self._book.add(chosen.before.settings, line, chosen.before.tracks)
        except (VideoPrepError, OSError) as error:
            self._message.value = tables.remarks([str(error)], "").data
            return
        self._changed()

    def _line_chosen(self, index: int) -> None:
        self._line = index

    def _remove(self) -> None:
        if self._line is not None:
            self._book.remove(self._line)
            self._changed()

    def _changed(self) -> None:
        self._line = None
        self._message.value = (
            f"Written to {escape(str(self._book.file))}, for <code>videoprep run --corrections</code> together with "
            f"<code>--params {escape(self._book.params_file.name)}</code> beside it."
        )
        self._on_change()
        self.show()


def _others(chosen: Chosen) -> list[tuple[str, int]]:
    """The other tracks, those first that begin or end next to the one that is chosen."""
    table, rate = chosen.side.tracks.table, chosen.side.tracks.rate
    spans = {i: table.frame_index[table.track_id == i][[0, -1]].tolist() for i in chosen.side.tracks.track_ids}
    first, last = spans.pop(chosen.track_id)
    near = sorted(spans, key=lambda i: min(abs(spans[i][0] - last), abs(first - spans[i][1])))
    return [(f"{i}: {format_clock(spans[i][0] / rate)} to {format_clock(spans[i][1] / rate)}", i) for i in near]
