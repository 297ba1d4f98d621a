"""What opens the gate, on frames of 640 x 360 that are drawn here, and what fills the frames that are left out."""

from collections import deque
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from videoprep_nb.core.errors import FrameCountError
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.tracking.detections import Detections, FrameDetections
from videoprep_nb.tracking.detectors.base import Detector
from videoprep_nb.tracking.gate.change import change_thresholds, small_grey
from videoprep_nb.tracking.gate.detect import detect_moving
from videoprep_nb.tracking.gate.gate import ClipGate

RATE = 10
COUNT = 80
MARGIN = 3
WIDTH, HEIGHT = 640, 360
RANDOM = np.random.default_rng(16)
ROOM = np.repeat(np.repeat(RANDOM.integers(60, 190, (36, 64)), 10, axis=0), 10, axis=1).astype(np.float64)
LOOKS = [*range(0, COUNT, RATE), COUNT - 1]

Pixels = npt.NDArray[np.float64]
Change = Callable[[Pixels, int], None]
Box = tuple[int, int, int, int]


def frames_of(change: Change, noise: float = 2.0) -> list[npt.NDArray[np.uint8]]:
    frames = []
    for time in range(COUNT):
        frame = ROOM.copy()
        change(frame, time)
        frame += RANDOM.normal(0, noise, frame.shape)
        frames.append(np.repeat(frame.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return frames


def detected(
    frames: Iterable[npt.NDArray[np.uint8]], persons: Callable[[int], list[Box]] = lambda time: []
) -> set[int]:
    """The frames that go to a detector that knows where the persons are."""
    found = detect(list(frames), Knowing(persons))
    assert found.sampled.tolist() == list(range(COUNT))
    return set(range(COUNT)) - set(found.held.tolist())


def detect(frames: list[npt.NDArray[np.uint8]], detector: Detector, record_count: int = COUNT) -> Detections:
    thresholds = change_thresholds([small_grey(frame) for frame in frames[::RATE]])
    sampled = np.arange(record_count)
    record = ClipRecord(
        clip_id="1_clip_000",
        start_frame=0,
        frame_count=record_count,
        rate=Fraction(RATE),
        width=WIDTH,
        height=HEIGHT,
        stream_copied=True,
    )
    assert thresholds is not None
    gate = ClipGate(thresholds, sampled, record)
    batches: list[int] = []
    found = detect_moving(
        detector, iter(frames), sampled, record, gate, lambda count, last, frame: batches.append(count)
    )
    assert sum(batches) == record_count
    return found


class Knowing(Detector):
    """Finds the persons that it is given."""

    batch_size = 4
    fingerprint = description = "knowing"

    def __init__(self, persons: Callable[[int], list[Box]]) -> None:
        super().__init__()
        self._persons = persons

    def detect(self, frames, frame_indices, width, height):
        assert len(list(frames)) == len(frame_indices)
        boxes = [np.array(self._persons(index), np.float32).reshape(-1, 4) for index in frame_indices]
        return [FrameDetections(box, np.full(len(box), 0.9, np.float32)) for box in boxes]


def nothing(frame: Pixels, time: int) -> None:
    pass


def flicker(frame: Pixels, time: int) -> None:
    frame *= (0.93, 1.0, 1.05)[time % 3]


def exposure(frame: Pixels, time: int) -> None:
    frame *= 1 + 0.4 * time / COUNT


def clock(frame: Pixels, time: int) -> None:
    digit = np.random.default_rng(time // RATE).integers(0, 2, (5, 3)) * 255.0
    frame[20:40, 560:572] = np.repeat(np.repeat(digit, 4, axis=0), 4, axis=1)


@pytest.mark.parametrize(
    ("change", "noise"),
    [
        pytest.param(nothing, 2.0, id="an-empty-room"),
        pytest.param(nothing, 12.0, id="strong-noise"),
        pytest.param(flicker, 2.0, id="light-that-flickers"),
        pytest.param(exposure, 2.0, id="exposure"),
        pytest.param(clock, 2.0, id="a-burnt-in-clock"),
    ],
)
def test_no_movement_leaves_the_gate_shut(change: Change, noise: float) -> None:
    assert detected(frames_of(change, noise)) == set(LOOKS)


def far_walker(frame: Pixels, time: int) -> None:
    """12 px high in a frame of 1280 x 720, and slow."""
    if 23 <= time < 57:
        x = 300 + (time - 23) // 2
        frame[200:206, x : x + 2] = 20


def test_a_person_far_away_opens_it_and_the_frames_around_are_detected() -> None:
    chosen = detected(frames_of(far_walker))
    assert set(range(23 - MARGIN, 57 + MARGIN)) <= chosen
    assert len(chosen) < 34 + 2 * MARGIN + len(LOOKS) + 4


def test_it_opens_though_all_else_flickers() -> None:
    def both(frame: Pixels, time: int) -> None:
        far_walker(frame, time)
        flicker(frame, time)

    assert set(range(23, 57)) <= detected(frames_of(both))


STANDING: Box = (200, 100, 280, 340)


def standing(frame: Pixels, time: int) -> None:
    """Somebody stands and moves an arm, goes at frame 45, and is away after frame 54."""
    left, top, right, bottom = STANDING
    shift = max(0, time - 45) * 40
    frame[top:bottom, left + shift : right + shift] = 30
    if shift == 0:
        frame[180 + 4 * (time % 5) : 200 + 4 * (time % 5), right : right + 15] = 30


def standing_boxes(time: int) -> list[Box]:
    left, top, right, bottom = STANDING
    shift = max(0, time - 45) * 40
    return [(left + shift, top, min(right + shift, WIDTH), bottom)] if left + shift < WIDTH else []


def test_who_stands_and_moves_an_arm_is_held_until_leaving() -> None:
    frames = frames_of(standing)
    chosen = detected(frames, standing_boxes)
    assert {time for time in chosen if time < 40} == {0, 10, 20, 30}
    assert set(range(46 - MARGIN, 57)) <= chosen
    found = detect(frames, Knowing(standing_boxes))
    for time in range(COUNT):
        assert found.in_frame(time).boxes_xyxy.round().astype(int).tolist() == [
            list(box) for box in standing_boxes(time)
        ]


def test_somebody_who_steps_in_front_of_a_standing_person_opens_it() -> None:
    def in_front(frame: Pixels, time: int) -> None:
        left, top, right, bottom = STANDING
        frame[top:bottom, left:right] = 220 if 33 <= time < 37 else 30

    chosen = detected(frames_of(in_front), lambda time: [STANDING])
    assert set(range(33 - MARGIN, 37)) <= chosen
    assert {time for time in chosen if time < 29} == {0, 10, 20}


def test_a_frame_full_of_movement_has_no_gate() -> None:
    frames = [RANDOM.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(6)]
    assert change_thresholds([small_grey(frame) for frame in frames]) is None


def test_noise_cannot_be_measured_in_a_short_clip() -> None:
    assert change_thresholds([small_grey(frame) for frame in frames_of(nothing)[:4]]) is None


class Ahead(Knowing):
    """Has frames in work while further ones are taken, as a network does, and notes how many."""

    def __init__(self, persons: Callable[[int], list[Box]]) -> None:
        super().__init__(persons)
        self.most_in_work = 0

    def detect_each(self, frames, frame_indices, width, height):
        running: deque[tuple[int, object]] = deque()
        for index, frame in zip(frame_indices, frames, strict=False):
            running.append((index, frame))
            self.most_in_work = max(self.most_in_work, len(running))
            if len(running) > 3:
                index, frame = running.popleft()
                yield from self.detect([frame], [index], width, height)
        for index, frame in running:
            yield from self.detect([frame], [index], width, height)


def test_frames_are_in_work_while_the_next_ones_are_compared() -> None:
    frames = frames_of(far_walker)
    ahead = Ahead(standing_boxes)
    found, expected = detect(frames, ahead), detect(frames, Knowing(standing_boxes))
    assert ahead.most_in_work == 4
    assert found.held.tolist() == expected.held.tolist() != []
    for column in ("frame_index", "boxes_xyxy", "scores", "motion"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


def test_too_few_frames() -> None:
    with pytest.raises(FrameCountError, match="80 of 90"):
        detect(frames_of(nothing), Knowing(lambda time: []), record_count=90)
