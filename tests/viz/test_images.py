"""Images in reports."""

import numpy as np
import pytest

from videoprep_nb.core.coarse_images import COARSE_IMAGES_VARIABLE
from videoprep_nb.viz import images


def test_nobody_can_be_recognized_in_a_job_that_hides_people(monkeypatch: pytest.MonkeyPatch):
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    assert np.array_equal(images.shown(noise), noise)
    monkeypatch.setenv(COARSE_IMAGES_VARIABLE, "1")
    coarse = images.shown(noise)
    assert coarse.shape == noise.shape
    changes = np.flatnonzero(np.diff(coarse.astype(int), axis=1).any(axis=(0, 2)))
    assert len(changes) == 23  # borders between squares
    assert np.diff(changes).min() >= 53
