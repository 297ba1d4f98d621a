"""Hide regions of JPEG files."""

from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.text import reason_of
from videoprep_nb.privacy.cover import How, cover
from videoprep_nb.privacy.regions import Regions


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
        with Image.open(path, formats=["JPEG"]) as image:
            if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode != "RGB":
                raise InputError(f"{path} has the colours {image.mode}, expected a JPEG in colour (RGB).")
            tables, subsampling = image.quantization, JpegImagePlugin.get_sampling(image)
            frame = np.asarray(image)
    except UnidentifiedImageError:
        raise InputError(f"{path} is not a JPEG file; expected a frame that extract_frames wrote.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read as JPEG ({reason_of(error)}); extract the frames again.") from None
    covered = Image.fromarray(cover(frame, regions, how))
    with staged_file(path) as staging:
        covered.save(staging, format="JPEG", qtables=tables, subsampling=subsampling)
    return True
