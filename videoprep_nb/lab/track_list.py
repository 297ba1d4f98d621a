"""A table of the tracks of one side."""

from collections.abc import Callable

import ipywidgets
import numpy as np

from videoprep_nb.core.timecode import format_clock
from videoprep_nb.lab.comparison import SIDES, Comparison, Side
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.sortable_table import Column, Row, SortableTable

_COLUMNS = (
    Column("id", 4),
    Column("start", 8, format_clock),
    Column("secs", 6, "{:.1f}".format),
    Column("filled", 6, "{:.0%}".format),
    Column("score", 5, "{:.2f}".format),
    Column("hints", 5),
    Column("other", 6, "{:.0%}".format),
)


class TrackList:
    """The tracks of either side with what is known of each.

    Args:
        on_track: Called with side and id of the track that was chosen.

    Attributes:
        view: The widget to show.
    """

    def __init__(self, on_track: Callable[[tuple[int, int]], None]) -> None:
        self._side = ipywidgets.ToggleButtons(options=[(name, i) for i, name in enumerate(SIDES)])
        self._side.style.button_width = "70px"
        self._side.observe(in_turn(lambda _: self._list()), "value")
        self._table = SortableTable(_COLUMNS, lambda key: on_track(key), "tracks", row_count=14)
        self._comparison: Comparison | None = None
        help_text = "filled: share of boxes filled in; other: share that the other side has, too"
        self.view = ipywidgets.VBox([self._side, self._table.view, ipywidgets.HTML(f"<small>{help_text}</small>")])

    def show(self, comparison: Comparison) -> None:
        """List the tracks of a comparison."""
        self._comparison = comparison
        self._list()

    def choose(self, track: tuple[int, int] | None) -> None:
        """Mark a track, chosen elsewhere."""
        if track is not None and track[0] != self._side.value:
            self._side.value = track[0]
        self._table.choose(track)

    def _list(self) -> None:
        if self._comparison is not None:
            self._table.show(track_rows(self._comparison.sides[self._side.value]))


def track_rows(side: Side) -> list[Row]:
    """One row per track, in the order of their first frames; its key is side and id."""
    table, rate = side.tracks.table, side.tracks.rate
    if not len(table):
        return []
    ids, first, inverse, counts = np.unique(table.track_id, return_index=True, return_inverse=True, return_counts=True)
    filled = np.bincount(inverse, table.interpolated) / counts
    score = np.bincount(inverse, table.scores) / counts
    alone = np.bincount(np.searchsorted(ids, side.only_here.track_id), minlength=len(ids)) / counts
    last = first + counts - 1  # rows are in the order of track and then of frame
    start_s, end_s = table.frame_index[first] / rate, (table.frame_index[last] + 1) / rate
    hinted = [track_id for place in side.trial.quality.places for track_id in place.track_ids]
    return [
        Row(
            (side.index, int(ids[i])),
            (
                int(ids[i]),
                float(start_s[i]),
                float(end_s[i] - start_s[i]),
                float(filled[i]),
                float(score[i]),
                hinted.count(int(ids[i])),
                float(1 - alone[i]),
            ),
        )
        for i in np.argsort(start_s, kind="stable").tolist()
    ]
