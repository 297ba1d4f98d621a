"""Writes the standard video: each frame once, repeated until the next one."""

from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.codec.context import Flags

from videoprep_nb.media.ffmpeg import file_url
from videoprep_nb.media.raw.clip_grid import ClipGrid
from videoprep_nb.media.standard import PIXEL_FORMAT

MATRIX_NUMBERS = {"bt709": 1, "smpte170m": 6}
"""Number of a matrix in H.264, and of the primaries and the transfer function that belong to it."""

_ENCODER = "libx264"
_LIMITED_RANGE = 1
_FREE, _INTRA = 0, 1  # pict_type of libav: the encoder chooses, a keyframe


class StandardWriter:
    """An MP4 file in the standard form, or a part of one.

    Every chunk has an encoder of its own, see ``ClipGrid``. The first frames of clips and seconds are keyframes.

    Args:
        path: The file to write.
        size: Width and height in pixels, even.
        grid: Where clips and chunks begin.
        matrix: Matrix of its colours, ``bt709`` or ``smpte170m``.
        preset: x264 preset.
        crf: x264 quality.
        threads: Threads of the encoder.
        first_frame: Index of the frame of the standard video that the file begins with.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        grid: ClipGrid,
        *,
        matrix: str,
        preset: str,
        crf: int,
        threads: int,
        first_frame: int = 0,
    ) -> None:
        self._size, self._grid, self._matrix, self._threads = size, grid, matrix, threads
        self._options = {"preset": preset, "crf": str(crf), "bf": "0"}
        self._container = av.open(file_url(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream: Any = self._container.add_stream(_ENCODER, rate=grid.rate, options=dict(self._options))
        self._encoder: Any = self._stream.codec_context
        self._set_up(self._encoder)
        self._first_frame = self._first_of_chunk = first_frame
        self._next_chunk, self._next_key = grid.next_chunk(first_frame + 1), grid.next_key(first_frame)
        self._last: Any = None
        self.end_frame = first_frame
        """Index of the frame behind the last one."""

    @property
    def frame_count(self) -> int:
        """Frames in the file."""
        return self.end_frame - self._first_frame

    def __enter__(self) -> "StandardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._mux(None)
        self._container.close()

    def write(self, frame: Any, index: int) -> None:
        """Write the frame with an index; the one before it is repeated up to it.

        One that lies before the file is repeated, too, where the file lacks its first frames.
        """
        self.repeat_until(index)
        if index >= self._first_frame:
            self._encode(frame)
        self._last = frame

    def repeat_until(self, index: int) -> None:
        """Repeat the last frame up to an index."""
        while self.end_frame < index:
            self._encode(self._last)

    def _set_up(self, context: Any) -> None:
        context.width, context.height = self._size
        context.pix_fmt = PIXEL_FORMAT
        context.thread_count = self._threads
        context.time_base = 1 / self._grid.rate
        context.framerate = self._grid.rate
        context.color_range = _LIMITED_RANGE
        context.colorspace = context.color_primaries = context.color_trc = MATRIX_NUMBERS[self._matrix]

    def _begin_chunk(self) -> None:
        self._mux(None)
        self._encoder = av.CodecContext.create(_ENCODER, "w")
        self._set_up(self._encoder)
        self._encoder.options = dict(self._options)
        self._encoder.flags |= Flags.global_header  # as the container demands of its own
        self._first_of_chunk = self.end_frame
        self._next_chunk = self._grid.next_chunk(self.end_frame + 1)

    def _encode(self, frame: Any) -> None:
        index = self.end_frame
        if index == self._next_chunk:
            self._begin_chunk()
        is_key = index == self._next_key
        if is_key:
            self._next_key = self._grid.next_key(index + 1)
        frame.pts, frame.time_base = index - self._first_of_chunk, 1 / self._grid.rate
        frame.pict_type = _INTRA if is_key else _FREE
        self._mux(frame)
        self.end_frame += 1

    def _mux(self, frame: Any) -> None:
        for packet in self._encoder.encode(frame):
            ahead = round((self._first_of_chunk - self._first_frame) / (self._grid.rate * packet.time_base))
            packet.pts, packet.dts = packet.pts + ahead, packet.dts + ahead
            packet.stream = self._stream
            self._container.mux_one(packet)
