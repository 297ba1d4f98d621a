"""INT8: the weights and activations of an exported network in eight bits, by post-training quantisation with NNCF.

The ranges of the activations are measured on the photographs that come with ultralytics, whole, in parts and in mosaics
so that persons of all sizes occur (Jacob et al., CVPR 2018, arXiv:1712.05877). What the last layer makes of
the numbers, boxes in pixels and scores, stays as it is: eight bits are too few for a place in the image.
"""

import re
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov

from videoprep_nb.media.photographs import PHOTOGRAPH_NAMES, photograph_path
from videoprep_nb.tracking.detectors.base import RgbFrame
from videoprep_nb.tracking.detectors.inference.letterbox import Letterbox

_IMAGE_SIZE = 640
_MOSAICS = (1, 2, 4)  # photographs side by side and one above the other
_PART = 0.6  # of width and height
_BRIGHTNESSES = (1.0, 0.5)


def quantize(model: ov.Model) -> ov.Model:
    """The same network in INT8; takes a minute or so.

    Args:
        model: A YOLO network for images ``(1, 3, height, width)`` float32 in [0, 1], exported by ultralytics.
    """
    # Importing it takes seconds, and torch with it; and it sets up logging.
    import nncf

    nncf.set_log_level("ERROR")
    images = [_as_input(image) for image in _calibration_images()]
    head = _head_name(model)
    return nncf.quantize(
        model,
        nncf.Dataset(images),
        preset=nncf.QuantizationPreset.MIXED,  # symmetric weights, asymmetric activations: SiLU is not symmetric
        subset_size=len(images),
        ignored_scope=nncf.IgnoredScope(
            patterns=[rf".*{head}/.*/(Add|Subtract|Multiply|Divide).*", rf".*{head}\.dfl.*"],
            types=["Sigmoid"],
            validate=False,  # not every generation of YOLO has all of them
        ),
    )


def _head_name(model: ov.Model) -> str:
    """Name of the last of the network's numbered layers, as a regular expression."""
    names = " ".join(operation.get_friendly_name() for operation in model.get_ordered_ops())
    last = max(int(number) for number in re.findall(r"__module\.model\.(\d+)", names))
    return rf"model\.{last}"


def _calibration_images() -> Iterator[RgbFrame]:
    for name in PHOTOGRAPH_NAMES:
        photograph = cv2.cvtColor(cv2.imread(str(photograph_path(name))), cv2.COLOR_BGR2RGB)
        for brightness in _BRIGHTNESSES:
            image = (photograph * brightness).astype(np.uint8)
            yield from (np.tile(image, (count, count, 1)) for count in _MOSAICS)
            height, width = (round(side * _PART) for side in image.shape[:2])
            yield image[:height, :width]
            yield image[-height:, -width:]


def _as_input(image: RgbFrame) -> npt.NDArray[np.float32]:
    """``(1, 3, height, width)`` float32 in [0, 1]."""
    letterbox = Letterbox.fit(image.shape[1], image.shape[0], _IMAGE_SIZE)
    canvas = np.empty((letterbox.input_height, letterbox.input_width, 3), np.uint8)
    letterbox.draw(image, canvas)
    return canvas.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
