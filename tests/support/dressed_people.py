"""Figures in clothes of chosen colours who walk through a yard and behind a wall."""

from collections.abc import Sequence

import numpy as np

from videoprep_nb.tracking.appearance.colours import Colours
from videoprep_nb.tracking.detections import Detections

WIDTH, HEIGHT, RATE = 640, 360, 10
SIDES = (40, 120)
_STEP = 4  # pixels of the frame to one that is drawn

Colour = tuple[int, int, int]
Walk = dict[int, tuple[float, float]]
"""Feet of a person, x and y in pixels, by frame."""


def drawn(people: Sequence[tuple[Colour, Walk]], frame: int) -> np.ndarray:
    """A small frame, uint8 RGB, of grey noise and those who are to be seen in it."""
    rng = np.random.default_rng(frame)
    image = rng.integers(90, 150, (HEIGHT // _STEP, WIDTH // _STEP, 3), dtype=np.int16)
    for colour, walk in people:
        if frame in walk:
            x1, y1, x2, y2 = (int(side) // _STEP for side in box_of(walk[frame]))
            person = image[max(y1, 0) : y2, max(x1, 0) : x2]
            person[:] = np.array(colour) + rng.integers(-20, 21, person.shape) + rng.integers(-10, 11)
    return image.clip(0, 255).astype(np.uint8)


def box_of(feet: tuple[float, float]) -> list[float]:
    """x1 y1 x2 y2 in pixels."""
    return [feet[0] - SIDES[0] / 2, feet[1] - SIDES[1], feet[0] + SIDES[0] / 2, feet[1]]


def seen(people: Sequence[tuple[Colour, Walk]], frame_count: int) -> Detections:
    """What a perfect detector and the colours say of all frames."""
    rows = [(frame, box_of(walk[frame])) for frame in range(frame_count) for _, walk in people if frame in walk]
    found = Detections.from_arrays(
        [frame for frame, _ in rows], [box for _, box in rows], [0.9] * len(rows), range(frame_count)
    )
    colours = Colours()
    features = [
        colours.describe(drawn(people, frame), found.in_frame(frame).boxes_xyxy / np.float32(_STEP))
        for frame in range(frame_count)
    ]
    return Detections(
        found.sampled,
        found.frame_index,
        found.boxes_xyxy,
        found.scores,
        features=np.concatenate(features),
        describer=colours.fingerprint,
    )


def swapping(gap_s: float) -> list[Walk]:
    """Two who walk towards each other, are hidden by a wall in the middle, and come out where the other one would."""
    away = round(gap_s * RATE)
    walks: list[Walk] = [{}, {}]
    for step in range(60):
        for walk, x, y, direction in zip(walks, (150, 490), (220, 240), (1, -1), strict=True):
            walk[step] = (x + direction * 2 * step, y)
            # after the wall each turns back: whoever goes straight on is the other one
            walk[60 + away + step] = (x + direction * 2 * (59 - step), y)
    return walks
