"""Whether reports may show people: not before they are hidden, in a job that hides them."""

import os

COARSE_IMAGES_VARIABLE = "VIDEOPREP_COARSE_IMAGES"
"""Set for the notebooks of stages before the one that hides people."""


def are_images_coarse() -> bool:
    """Whether images of the video are shown so coarse that nobody can be recognized."""
    return bool(os.environ.get(COARSE_IMAGES_VARIABLE))
