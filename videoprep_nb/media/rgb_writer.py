"""Write videos of RGB images that we drew ourselves."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from videoprep_nb.media.ffmpeg import file_url


class RgbWriter:
    """An H.264 video in an MP4 file. It names the matrix of its colours, as players guess it otherwise.

    Args:
        path: The file to write.
        size: Width and height in pixels, even.
        rate: Frames per second.
        options: Options of x264.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, options: Mapping[str, str]) -> None:
        self._container = av.open(file_url(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream: Any = self._container.add_stream("libx264", rate=rate, options=dict(options))
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.color_range = ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = Colorspace.ITU709

    def write(self, image: npt.NDArray[np.uint8]) -> None:
        """Append a frame, ``(height, width, 3)`` uint8 RGB."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        self._container.mux(self._stream.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
