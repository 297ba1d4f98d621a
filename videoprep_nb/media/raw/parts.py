"""Parts of a recording whose frames have one shape, each with its own place in the standard frame."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from videoprep_nb.media.geometry import Fit, Placement, place
from videoprep_nb.media.raw.conversion import Deinterlace
from videoprep_nb.media.raw.decode import DecodedFrame
from videoprep_nb.media.raw.display import Display
from videoprep_nb.media.raw.drawing import Drawing, standard_filters
from videoprep_nb.media.raw.sampling import Sample

Drawn = tuple[Any, int]
"""A standard frame and its slot."""


@dataclass(frozen=True)
class Part:
    """Frames of one shape.

    Args:
        start_frame: Its first frame in the standard video.
        display: How its frames are shown.
        placement: Where they go.
    """

    start_frame: int
    display: Display
    placement: Placement


class Parts:
    """Draws the frames of a file; a new shape begins a new part.

    Attributes:
        is_deinterlaced: Whether lines of two moments were taken apart.

    Args:
        frame_size: Width and height of the standard frame in pixels.
        fit: How a frame is fitted into it.
        upscale: Whether a small frame may be enlarged.
        deinterlace: ``auto``: all frames if that was measured, else from a frame on that says it is interlaced.
        samples: What decoded frames of each recording say about how they were scanned.
        standard_matrix: Matrix of the colours of the standard video.
        threads: Threads of the filters.
    """

    def __init__(
        self,
        frame_size: tuple[int, int],
        fit: Fit,
        *,
        upscale: bool,
        deinterlace: Deinterlace,
        samples: Sequence[Sample],
        standard_matrix: str,
        threads: int,
    ) -> None:
        self.parts: list[Part] = []
        self._frame_size = frame_size
        self._fit = fit
        self._upscale = upscale
        self._deinterlace = deinterlace
        self._samples = samples
        self._recording = -1
        self._field_order = "auto"
        self._trusts_marks = self._is_interlaced = False
        self.is_deinterlaced = False
        self._standard_matrix = standard_matrix
        self._threads = threads
        self._drawing: Drawing | None = None
        self._shape: object = None
        self._slots: deque[int] = deque()

    def draw(self, decoded: DecodedFrame, slot: int) -> Iterator[Drawn]:
        """Draw a frame; it may come out only after the next one."""
        if decoded.recording != self._recording:
            self._begin_recording(decoded.recording)
        if self._trusts_marks and decoded.frame.interlaced_frame:
            self._is_interlaced = True
        shape = (decoded.display, decoded.frame.width, decoded.frame.height, self._is_interlaced)
        if shape != self._shape:
            yield from self.finish()
            self._begin(decoded, slot)
            self._shape = shape
        assert self._drawing is not None
        self._slots.append(slot)
        yield from self._with_slots(self._drawing.draw(decoded.frame))

    def finish(self) -> Iterator[Drawn]:
        """The frames that filters held back."""
        if self._drawing is not None:
            yield from self._with_slots(self._drawing.finish())

    def keep(self, display: Display) -> None:
        """Note that all frames stay as they are."""
        self.parts = [Part(0, display, self._place(display))]

    def _begin_recording(self, index: int) -> None:
        sample = self._samples[index]
        scan = sample.votes.scan
        self._recording = index
        self._field_order = "auto" if scan in (None, "progressive") else str(scan)
        self._trusts_marks = self._deinterlace == "auto" and not sample.has_wrong_marks
        measured = self._deinterlace == "auto" and self._field_order != "auto"
        self._is_interlaced = self._deinterlace == "on" or measured

    def _begin(self, decoded: DecodedFrame, slot: int) -> None:
        display = decoded.display
        placement = self._place(display)
        if not self.parts or self.parts[-1].display.fields != display.fields:
            self.parts.append(Part(slot, display, placement))
        self.is_deinterlaced |= self._is_interlaced
        field_order = self._field_order if self._is_interlaced else None
        filters = standard_filters(display, placement, self._standard_matrix, field_order=field_order)
        self._drawing = Drawing(decoded.frame, filters, self._threads)

    def _place(self, display: Display) -> Placement:
        aspect = display.shown_sample_aspect
        return place(display.shown_size, aspect, self._frame_size, self._fit, upscale=self._upscale)

    def _with_slots(self, frames: list[Any]) -> Iterator[Drawn]:
        for frame in frames:
            yield frame, self._slots.popleft()
