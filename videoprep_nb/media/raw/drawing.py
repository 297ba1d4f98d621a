"""From a decoded frame to the standard frame, by filters of ffmpeg."""

from fractions import Fraction
from typing import Any

import av
import av.filter

from videoprep_nb.media.geometry import Placement
from videoprep_nb.media.raw.display import Display

_CLOCK = Fraction(1, 1000)


class Drawing:
    """The filters for frames of one shape; a filter may hold a frame back until the next one.

    Args:
        frame: The first frame of this shape.
        display: How it is to be shown.
        filters: Filters as ffmpeg writes them, ``name=arguments``.
        threads: Threads of the filters.
    """

    def __init__(self, frame: Any, filters: list[str], threads: int) -> None:
        self._graph = av.filter.Graph()
        self._graph.threads = threads
        nodes = [self._graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_CLOCK)]
        for text in filters:
            name, _, arguments = text.partition("=")
            nodes.append(self._graph.add(name, arguments or None))
        nodes.append(self._graph.add("buffersink"))
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


def standard_filters(display: Display, placement: Placement, standard_matrix: str, *, deinterlace: bool) -> list[str]:
    """The filters that show a frame as a player does, in the standard frame.

    Args:
        display: How the frame is to be shown.
        placement: Where it goes.
        standard_matrix: Matrix of the standard video, as the filter ``scale`` names it.
        deinterlace: Whether its lines belong to two moments.
    """
    left, top = display.crop_xy
    crop = [f"crop={display.width}:{display.height}:{left}:{top}"]
    return [
        *crop,
        *(["bwdif=mode=send_frame:deint=all"] if deinterlace else []),
        *display.turn.filters,
        *placement.filters(display.colour.scale_options(standard_matrix)),
    ]
