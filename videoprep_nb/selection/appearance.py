"""What the frames of a clip are like, from small versions of them; one frame is in memory at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from videoprep_nb.core.errors import InputError

GreyFrame = npt.NDArray[np.uint8]

SMALL_SCALE = 4
"""A small frame has so many times fewer pixels in each direction; a JPEG is decoded to it directly."""
_HASHED_SIDE_PX = 32
_HASH_SIDE = 8
_FLAT = 1.0
"""A coefficient of the hash below this, in grey levels times pixels, is noise of an even surface."""


@dataclass(frozen=True)
class Appearance:
    """What the frames of a clip are like.

    Args:
        hashes: ``(F,)`` uint64, perceptual hash of each frame.
        frame_motion: Mean change from one frame to the next, as a share of white; 0 for a single frame.
        sharpness: Variance of the Laplacian, the median of the frames.
        darkness: 0 for white frames to 1 for black ones.
    """

    hashes: npt.NDArray[np.uint64]
    frame_motion: float
    sharpness: float
    darkness: float


def read_small_frames(paths: Iterable[Path], content_xyxy: Sequence[float] | None) -> Iterator[GreyFrame]:
    """Read the small versions of JPEGs, one after the other.

    Args:
        paths: The JPEGs.
        content_xyxy: The part of the frame that is not padding, in pixels of the whole frame; None for all of it.

    Raises:
        InputError: One is missing or no JPEG.
    """
    for path in paths:
        try:
            encoded = np.fromfile(path, np.uint8)
        except OSError:
            raise InputError(f"{path} cannot be read; run 03_extract_frames again.") from None
        frame = cv2.imdecode(encoded, cv2.IMREAD_REDUCED_GRAYSCALE_4) if encoded.size else None
        if frame is None:
            raise InputError(f"{path} cannot be decoded as a JPEG; run 03_extract_frames again.")
        yield _content(np.asarray(frame, np.uint8), content_xyxy)


def describe_frames(frames: Iterable[GreyFrame]) -> Appearance:
    """Describe the frames of a clip.

    Args:
        frames: Small grey frames of one size, ``(H, W)`` uint8.

    Example:
        >>> flat = [np.full((90, 160), level, np.uint8) for level in (0, 51)]
        >>> seen = describe_frames(flat)
        >>> seen.frame_motion, seen.sharpness, seen.darkness
        (0.2, 0.0, 0.9)
    """
    hashes, changes, sharpness, darkness = [], [], [], []
    before: GreyFrame | None = None
    for frame in frames:
        hashes.append(perceptual_hash(frame))
        sharpness.append(float(cv2.Laplacian(frame, cv2.CV_32F).var()))
        darkness.append(1 - float(frame.mean()) / 255)
        if before is not None:
            changes.append(float(cv2.absdiff(frame, before).mean()) / 255)
        before = frame
    return Appearance(
        np.array(hashes, np.uint64),
        float(np.mean(changes)) if changes else 0.0,
        float(np.median(sharpness)) if sharpness else 0.0,
        float(np.mean(darkness)) if darkness else 0.0,
    )


def perceptual_hash(frame: GreyFrame) -> int:
    """64 bits that hardly change when a frame is coded again, resized or gets a little brighter.

    The hash of low frequencies by C. Zauner, "Implementation and benchmarking of perceptual image hash functions",
    2010: signs of the lowest coefficients of the discrete cosine transform against their median.

    Args:
        frame: ``(H, W)`` uint8.
    """
    small = cv2.resize(frame, (_HASHED_SIDE_PX, _HASHED_SIDE_PX), interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(small.astype(np.float32)))[:_HASH_SIDE, :_HASH_SIDE].ravel()
    low[0] = 0  # how bright it is
    bits = (low > np.median(low)) & (np.abs(low) > _FLAT)
    return int.from_bytes(np.packbits(bits).tobytes())


def _content(frame: GreyFrame, content_xyxy: Sequence[float] | None) -> GreyFrame:
    if content_xyxy is None:
        return frame
    left, top, right, bottom = (round(side / SMALL_SCALE) for side in content_xyxy)
    inside = frame[top:bottom, left:right]
    return inside if inside.size else frame
