import cv2
import numpy as np

from videoprep_nb.selection.appearance import describe_frames, perceptual_hash
from videoprep_nb.selection.duplicates import DuplicateFinder, covered_cells

WIDTH, HEIGHT = 1280, 720


def room(seed: int, brightness: int = 0) -> np.ndarray:
    """A small grey frame of smooth shades, as rooms have them, with the noise of a camera."""
    shades = np.random.default_rng(seed).uniform(40, 200, (5, 8)).astype(np.float32)
    noise = np.random.default_rng().normal(0, 2, (180, 320))
    return (
        (cv2.resize(shades, (320, 180), interpolation=cv2.INTER_CUBIC) + noise + brightness)
        .clip(0, 255)
        .astype(np.uint8)
    )


def covered(*boxes):
    return np.array([covered_cells(np.array(boxes, np.float64).reshape(-1, 4), WIDTH, HEIGHT)] * 3)


def hashes_of(seed: int):
    return describe_frames([room(seed)] * 3).hashes


def test_the_hash_survives_noise_and_light_and_tells_rooms_apart():
    distances = [
        (perceptual_hash(room(1)) ^ perceptual_hash(other)).bit_count() for other in (room(1), room(1, 15), room(2))
    ]
    assert max(distances[:2]) <= 6
    assert distances[2] > 16


def test_an_even_surface_has_one_hash_whatever_its_noise():
    noisy = [np.random.default_rng(seed).integers(9, 12, (180, 320)).astype(np.uint8) for seed in (1, 2)]
    assert perceptual_hash(noisy[0]) == perceptual_hash(noisy[1])


def test_an_empty_room_is_a_duplicate_of_itself_and_not_of_another_one():
    finder = DuplicateFinder()
    assert finder.find("1_clip_000", hashes_of(1), covered(), 0) == ""
    assert finder.find("1_clip_001", hashes_of(2), covered(), 0) == ""
    assert finder.find("1_clip_002", hashes_of(1), covered(), 0) == "1_clip_000"
    assert finder.find("2_clip_000", hashes_of(2), covered(), 0) == "1_clip_001"


def test_the_same_room_with_persons_at_other_places_is_no_duplicate():
    finder = DuplicateFinder()
    standing = (100.0, 100.0, 180.0, 320.0)
    assert finder.find("1_clip_000", hashes_of(1), covered(standing), 1) == ""
    for clip_id, boxes in {
        "1_clip_001": [(600.0, 100.0, 680.0, 320.0)],
        "1_clip_002": [(150.0, 100.0, 230.0, 320.0)],
        "1_clip_003": [standing, (600.0, 100.0, 680.0, 320.0)],
        "1_clip_004": [],
    }.items():
        assert finder.find(clip_id, hashes_of(1), covered(*boxes), len(boxes)) == ""
    jittered = (103.0, 98.0, 182.0, 322.0)
    assert finder.find("1_clip_005", hashes_of(1), covered(jittered), 1) == "1_clip_000"


def test_one_frame_with_somebody_else_is_enough():
    finder = DuplicateFinder()
    standing, passing = (100.0, 100.0, 180.0, 320.0), (600.0, 100.0, 680.0, 320.0)
    finder.find("1_clip_000", hashes_of(1), covered(standing), 2)
    once = covered(standing)
    once[1] = covered_cells(np.array([standing, passing]), WIDTH, HEIGHT)
    assert finder.find("1_clip_001", hashes_of(1), once, 2) == ""
