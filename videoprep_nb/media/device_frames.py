"""Read frames of our own videos into the memory of a GPU, where they are decoded, scaled and made RGB.

What ``scaled_frames`` does on the processor, with the same result but for rounding. NVDEC decodes where the driver has
it; else the processor does, and the planes are copied to the device. With the device ``cpu`` everything happens on the
processor, by the same code.

torch is imported late: programs that use no GPU do without it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.codec.hwaccel import HWAccel
from av.video.reformatter import ColorRange, Colorspace

from videoprep_nb.core.errors import InputError
from videoprep_nb.media.standard import written_by

_RED_AND_BLUE_OF_LUMA = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.30, 0.11),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
_OF_BT601 = (0.299, 0.114)  # also where a video does not say
_FRACTION = 1 << 13  # libswscale counts in
_CUDA_FORMAT = "cuda"


@dataclass(frozen=True, eq=False)
class DeviceFrame:
    """A frame in the memory of a device, with a copy in that of the processor for whoever works there.

    ``numpy.asarray`` gives the copy, ``(height, width, 3)`` uint8 RGB, as soon as it is complete.

    Args:
        pixels: The frame as a tensor of the device, ``(height, width, 3)`` uint8 RGB.
        copy: The copy, a tensor; it is still being written until ``copied``.
        copied: CUDA event; None if the copy is complete.
    """

    pixels: Any
    copy: Any
    copied: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and 3."""
        return tuple(self.pixels.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.uint8]:
        if self.copied is not None:
            self.copied.synchronize()
        return np.array(self.copy.numpy(), dtype=dtype, copy=copy)


def read_device_frames(path: Path, indices: Sequence[int], size: tuple[int, int], device: str) -> Iterator[DeviceFrame]:
    """Read chosen frames of one of our own videos, scaled; all frames up to the last one are decoded.

    Args:
        path: A video in the standard form.
        indices: Zero-based indices of the frames, ascending.
        size: Width and height of the scaled frames in pixels, even; the aspect ratio may differ from the video's.
        device: A torch device, ``cuda`` or ``cpu``.

    Yields:
        The frames; fewer if the video ends early.

    Raises:
        InputError: The file is missing or cannot be read.
    """
    remaining = iter(indices)
    next_index = next(remaining, None)
    for index, frame in enumerate(_decoded(path, device)):
        if next_index is None:
            return
        if index == next_index:
            yield _with_copy(_scaled_rgb(frame, *size, device))
            next_index = next(remaining, None)


def _decoded(path: Path, device: str) -> Iterator[av.VideoFrame]:
    try:
        with _opened(path, device) as container:
            container.streams.video[0].codec_context.thread_count = 1  # more take more processor time
            yield from container.decode(container.streams.video[0])
    except FileNotFoundError:
        raise InputError(f"{path} does not exist. Run {written_by(path)} first.") from None
    except av.FFmpegError as error:
        raise InputError(f"{path} cannot be read as a video.") from error


def _opened(path: Path, device: str) -> Any:
    """The file, with NVDEC where there is one; a driver for computing alone has none."""
    if device == "cpu":
        return av.open(str(path))
    import torch

    torch.zeros(1, device=device)  # makes torch's CUDA context that of this thread
    # ffmpeg's own way to share that context fails if torch was first, with other flags
    options: dict[str, object] = {"primary_ctx": "0", "current_ctx": "1"}
    try:
        return av.open(str(path), hwaccel=HWAccel("cuda", options=options, is_hw_owned=True))
    except FileNotFoundError:
        raise
    except (av.FFmpegError, NotImplementedError):
        return av.open(str(path))


def _scaled_rgb(frame: av.VideoFrame, width: int, height: int, device: str) -> Any:
    """``(height, width, 3)`` uint8 RGB on the device; the planes are scaled before they become RGB."""
    import torch

    luma, chroma = _planes(frame, device)
    luma = scaled(luma, width, height)
    chroma = scaled(chroma, width // 2, height // 2)
    chroma = chroma.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    matrix, offset = _matrix(frame.colorspace, frame.color_range == ColorRange.JPEG, device)
    # each product is rounded down, as libswscale does
    rgb = (matrix * (torch.cat([luma, chroma]) - offset)).floor_().sum(1)
    return rgb.clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()


def _planes(frame: av.VideoFrame, device: str) -> tuple[Any, Any]:
    """Luma ``(1, height, width)`` and chroma ``(2, height / 2, width / 2)`` on the device, uint8.

    A frame of NVDEC is not copied. Its memory is used again for later frames, but by the same stream of CUDA, the
    default one of decoder and torch, so not before what has been submitted here is done.
    """
    import torch

    if frame.format.name != _CUDA_FORMAT and frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    # a capsule: torch would ask PyAV to wait for a stream, which it cannot
    planes = [torch.from_dlpack(plane.__dlpack__()) for plane in frame.planes]
    if frame.format.name == _CUDA_FORMAT:  # NV12: the two of chroma lie in one plane, in turn
        return planes[0][None], planes[1].permute(2, 0, 1)
    luma, blue, red = (on_device(plane, device) for plane in planes)
    return luma[None], torch.stack([blue, red])


def on_device(values: Any, device: str) -> Any:
    """A tensor of the processor on a device; from pinned memory, so that nobody waits for the copy.

    torch keeps pinned memory for the next tensor as soon as the copy is done.
    """
    if device == "cpu":
        return values
    return values.contiguous().pin_memory().to(device, non_blocking=True)


def scaled(planes: Any, width: int, height: int) -> Any:
    """Planes ``(channels, height, width)`` scaled bilinearly, whole numbers as float32; OpenCV rounds otherwise.

    Args:
        planes: A tensor.
        width: New width in pixels.
        height: New height in pixels.
    """
    import torch

    values = planes.to(torch.float32)
    if values.shape[1:] == (height, width):
        return values
    options: dict[str, Any] = {"mode": "bilinear", "align_corners": False, "antialias": False}
    return torch.nn.functional.interpolate(values[None], (height, width), **options)[0].add_(0.5).floor_()


@cache
def _matrix(colorspace: int, is_full_range: bool, device: str) -> tuple[Any, Any]:
    """``(3, 3, 1, 1)`` from Y, Cb and Cr to R, G and B, and ``(3, 1, 1)`` what is black and grey, on the device."""
    import torch

    red, blue = _RED_AND_BLUE_OF_LUMA.get(colorspace, _OF_BT601)  # type: ignore[call-overload]
    green = 1 - red - blue
    matrix = torch.tensor(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    spans, black = ((255, 255, 255), 0) if is_full_range else ((219, 224, 224), 16)
    matrix *= 255 / torch.tensor(spans)
    matrix = (matrix * _FRACTION).round() / _FRACTION
    return matrix[:, :, None, None].to(device), torch.tensor([black, 128.0, 128.0])[:, None, None].to(device)


def _with_copy(pixels: Any) -> DeviceFrame:
    import torch

    if not pixels.is_cuda:
        return DeviceFrame(pixels, pixels, None)
    copy = torch.empty(pixels.shape, dtype=pixels.dtype, pin_memory=True)
    copy.copy_(pixels, non_blocking=True)
    copied = torch.cuda.Event()
    copied.record()
    return DeviceFrame(pixels, copy, copied)
