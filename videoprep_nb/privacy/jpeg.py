"""Hide regions of JPEG files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.text import reason_of
from videoprep_nb.privacy.cover import How, cover
from videoprep_nb.privacy.regions import Regions
from videoprep_nb.tracking.detectors import RgbFrame

_MAX_PIXELS = 100_000_000


def cover_jpeg(path: Path, regions: Regions, how: How) -> bool:
    """Hide regions of a JPEG file in place; its old content goes in one step, when the new one is complete.

    The new file has the quantization tables and chroma subsampling of the old one, hence its quality. Metadata are left
    out, since a thumbnail among them would show what is hidden. Outside of the regions, pixels differ by what encoding
    once more costs: a level or two. Where frames are at hand, use ``cover`` before they are encoded.

    Args:
        path: A colour JPEG.
        regions: What is hidden; if there are none, the file is left as it is.
        how: How it is hidden.

    Returns:
        Whether the file was written.

    Raises:
        InputError: The file is missing, damaged, or not a colour JPEG.
        ParameterError: There is no such way to hide a region.
        DiskFullError: The disk is full.
    """
    if not regions:
        return False
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({reason_of(error)}); extract the frames again.") from None
    covered = cover_jpeg_bytes(content, regions, how, str(path))
    with staged_file(path) as staging:
        staging.write_bytes(covered)
    return True


def cover_jpeg_bytes(content: bytes, regions: Regions, how: How, name: str) -> bytes:
    """The same of a file in memory.

    Args:
        content: A colour JPEG.
        regions: What is hidden.
        how: How it is hidden.
        name: What messages call it.

    Returns:
        The new file.

    Raises:
        InputError: It is damaged, or not a colour JPEG.
        ParameterError: There is no such way to hide a region.
    """
    with _opened(content, name) as image:
        tables, subsampling = image.quantization, JpegImagePlugin.get_sampling(image)
        frame = np.asarray(image)
    written = io.BytesIO()
    Image.fromarray(cover(frame, regions, how)).save(written, "JPEG", qtables=tables, subsampling=subsampling)
    return written.getvalue()


def read_jpeg(content: bytes, name: str) -> RgbFrame:
    """Decode a colour JPEG.

    Args:
        content: The file.
        name: What messages call it.

    Returns:
        ``(height, width, 3)`` uint8 RGB.

    Raises:
        InputError: It is damaged, or not a colour JPEG.
    """
    with _opened(content, name) as image:
        return np.asarray(image)


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[JpegImagePlugin.JpegImageFile]:
    try:
        # not Image.open: ultralytics replaces it by one that tries to install a package for what it does not know
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(content))
        with image:
            if image.mode != "RGB":
                raise InputError(f"{name} has the colours {image.mode}, expected a JPEG in colour (RGB).")
            if image.width * image.height > _MAX_PIXELS:
                raise InputError(f"{name} has {image.width} x {image.height} pixels, expected at most {_MAX_PIXELS:,}.")
            yield image
    except SyntaxError:
        raise InputError(f"{name} is not a JPEG file; expected a frame that extract_frames wrote.") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read as JPEG ({error}); extract the frames again.") from None
