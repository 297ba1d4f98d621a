"""Writes the standard video: each frame once, repeated until the next one."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from videoprep_nb.media.ffmpeg import file_url
from videoprep_nb.media.standard import PIXEL_FORMAT

MATRIX_NUMBERS = {"bt709": 1, "smpte170m": 6}
"""Number of a matrix in H.264, and of the primaries and the transfer function that belong to it."""

_LIMITED_RANGE = 1
_FREE, _INTRA = 0, 1  # pict_type of libav: the encoder chooses, a keyframe


class StandardWriter:
    """An MP4 file in the standard form.

    Args:
        path: The file to write.
        size: Width and height in pixels, even.
        rate: Frames per second.
        matrix: Matrix of its colours, ``bt709`` or ``smpte170m``.
        preset: x264 preset.
        crf: x264 quality.
        threads: Threads of the encoder.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, *, matrix: str, preset: str, crf: int, threads: int
    ) -> None:
        self._rate = rate
        self._container = av.open(file_url(path), "w", format="mp4", options={"movflags": "+faststart"})
        stream: Any = self._container.add_stream(
            "libx264", rate=rate, options={"preset": preset, "crf": str(crf), "bf": "0"}
        )
        stream.width, stream.height = size
        stream.pix_fmt = PIXEL_FORMAT
        context = stream.codec_context
        context.thread_count = threads
        context.time_base = 1 / rate
        context.color_range = _LIMITED_RANGE
        context.colorspace = context.color_primaries = context.color_trc = MATRIX_NUMBERS[matrix]
        self._stream = stream
        self._last: Any = None
        self.frame_count = 0

    def __enter__(self) -> "StandardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def write(self, frame: Any, slot: int) -> None:
        """Write a frame; the frame before it is repeated up to it."""
        while self.frame_count < slot:
            self._encode(self._last)
        self._encode(frame)
        self._last = frame

    def _encode(self, frame: Any) -> None:
        # a keyframe at the first frame of every second
        starts_second = self.frame_count // self._rate != (self.frame_count - 1) // self._rate
        frame.pts, frame.time_base = self.frame_count, 1 / self._rate
        frame.pict_type = _INTRA if starts_second else _FREE
        self._container.mux(self._stream.encode(frame))
        self.frame_count += 1
