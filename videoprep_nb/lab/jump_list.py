"""A list of places to go to: what differs, what is wrong, and what may be."""

import math
from collections.abc import Callable

import ipywidgets

from videoprep_nb.core.timecode import format_clock
from videoprep_nb.lab.comparison import SIDES, Comparison, Side
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.places import LabPlace, stretches, switch_places
from videoprep_nb.lab.sortable_table import Column, Row, SortableTable

_DIFFERENCES = "differences"
_MAX_PLACES = 400
_COLUMNS = (Column("time", 8, format_clock), Column("secs", 5, "{:.1f}".format), Column("what", 60))


class JumpList:
    """A menu of kinds of places, and the places of one kind.

    Args:
        has_truth: Whether there is ground truth, which knows errors.
        on_place: Called with the place that was chosen.

    Attributes:
        view: The widget to show.
    """

    def __init__(self, has_truth: bool, on_place: Callable[[LabPlace], None]) -> None:
        kinds = [f"{kind} {side}" for kind in (["errors"] if has_truth else []) + ["hints"] for side in SIDES]
        self._kind = ipywidgets.Dropdown(
            options=[_DIFFERENCES, *kinds], description="go to", style={"description_width": "50px"}
        )
        self._kind.observe(in_turn(lambda _: self._list()), "value")
        self._count = ipywidgets.HTML()
        self._table = SortableTable(_COLUMNS, lambda key: on_place(self._places[key]), "places to go to", row_count=14)
        self._comparison: Comparison | None = None
        self._places: list[LabPlace] = []
        self.view = ipywidgets.VBox([self._kind, self._count, self._table.view])

    def show(self, comparison: Comparison) -> None:
        """List the places of a comparison."""
        self._comparison = comparison
        self._list()

    def _list(self) -> None:
        if self._comparison is None:
            return
        found = _places(self._comparison, self._kind.value)
        self._places = found[:_MAX_PLACES]
        shown = f", the first {_MAX_PLACES} of them" if len(found) > _MAX_PLACES else ""
        self._count.value = f"{len(found):,} places{shown}; choose one to go there"
        rate = self._comparison.left.tracks.rate
        self._table.show(
            [
                Row(number, (place.frame / rate, _finite(place.duration_s), place.words))
                for number, place in enumerate(self._places)
            ]
        )


def _finite(duration_s: float) -> float | None:
    return duration_s if math.isfinite(duration_s) else None


def _places(comparison: Comparison, kind: str) -> list[LabPlace]:
    if kind == _DIFFERENCES:
        return comparison.differences
    what, side_name = kind.split()
    side = comparison.sides[SIDES.index(side_name)]
    return error_places(side) if what == "errors" else hint_places(side)


def error_places(side: Side) -> list[LabPlace]:
    """The errors of one side, in the order of time; none without ground truth."""
    errors, rate = side.trial.errors, side.tracks.rate
    if errors is None:
        return []
    found = [
        *switch_places(errors.switches, side.index, "id switch: {old} becomes {new}"),
        *stretches(errors.missed, rate, side.index, "missed: person {track}", of_tracks=False),
        *stretches(errors.false, rate, side.index, "false: {track} is on nobody"),
    ]
    return sorted(found, key=lambda place: place.frame)


def hint_places(side: Side) -> list[LabPlace]:
    """The hints at wrong tracks of one side, the worst of each kind first."""
    rate = side.tracks.rate
    return [
        LabPlace(
            place.start_frame,
            f"{place.kind}: {place.words}",
            (place.last_frame - place.start_frame) / rate,
            side.index,
            place.track_ids[0],
        )
        for place in side.trial.quality.places
    ]
