"""From a decoded frame to the standard frame, by filters of ffmpeg."""

from fractions import Fraction
from tempfile import NamedTemporaryFile
from typing import Any

import av
import av.filter

from videoprep_nb.media.geometry import Placement
from videoprep_nb.media.raw.colour import Filter, ToneMap
from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.tone_map import bt709_table

_CLOCK = Fraction(1, 1000)


class Drawing:
    """The filters for frames of one shape; a filter may hold a frame back until the next one.

    Args:
        frame: The first frame of this shape.
        filters: The filters, in order.
        threads: Threads of the filters.
    """

    def __init__(self, frame: Any, filters: list[Filter], threads: int) -> None:
        self._graph = av.filter.Graph()
        self._graph.threads = threads
        nodes = [self._graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_CLOCK)]
        nodes += [_node(self._graph, each) for each in [*filters, "buffersink"]]
        self._graph.link_nodes(*nodes).configure()
        self._pushed = 0

    def draw(self, frame: Any) -> list[Any]:
        """Put a frame in.

        Returns:
            The frames that came out.
        """
        frame.pts, frame.time_base = self._pushed, _CLOCK
        self._pushed += 1
        self._graph.vpush(frame)
        return self._pull()

    def finish(self) -> list[Any]:
        """The frames that were held back."""
        self._graph.vpush(None)
        return self._pull()

    def _pull(self) -> list[Any]:
        frames = []
        while True:
            try:
                frames.append(self._graph.vpull())
            except (av.BlockingIOError, av.EOFError):
                return frames


def _node(graph: av.filter.Graph, description: Filter) -> Any:
    if isinstance(description, ToneMap):
        with NamedTemporaryFile("w", suffix=".cube") as table:  # read while the filter is added
            table.write(bt709_table(description.hdr, description.gamut))
            table.flush()
            return graph.add("lut3d", file=table.name, interp="tetrahedral")
    name, _, arguments = description.partition("=")
    return graph.add(name, arguments or None)


def standard_filters(
    display: Display, placement: Placement, standard_matrix: str, *, field_order: str | None
) -> list[Filter]:
    """The filters that show a frame as a player does, in the standard frame.

    Args:
        display: How the frame is to be shown.
        placement: Where it goes.
        standard_matrix: Matrix of the standard video, as the filter ``scale`` names it.
        field_order: Which field of an interlaced frame comes first: ``tff``, ``bff`` or ``auto`` (as the frame says);
            None for a progressive one.
    """
    return [
        display.crop_filter,
        *([f"bwdif=mode=send_frame:parity={field_order}:deint=all"] if field_order else []),
        *display.turn.filters,
        *display.colour.scaled((placement.scaled_width, placement.scaled_height), standard_matrix),
        *placement.filters,
    ]
