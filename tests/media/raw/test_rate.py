"""The frame rate of a recording: one rate with a place for every frame near its time."""

import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from videoprep_nb.media.raw.bursts import without_bursts
from videoprep_nb.media.raw.rate import FrameRate, limited_rate, measure_rate
from videoprep_nb.media.raw.slots import Slots

MILLISECONDS = Fraction(1, 1000)
NTSC = Fraction(30000, 1001)


def measured(times_s: np.ndarray, claimed: Sequence[str | int | Fraction], tick_s: Fraction) -> FrameRate:
    ticks = np.round(np.sort(times_s - times_s.min()) / float(tick_s))
    return measure_rate(ticks * float(tick_s), [Fraction(rate) for rate in claimed], tick_s)


def placed(frame_rate: FrameRate) -> list[int]:
    slots = Slots(frame_rate.rate, frame_rate.rate)
    found = [slots.place(time_s) for time_s in frame_rate.times_s]
    places = [place for place in found if place is not None]
    assert len(places) == len(found)
    assert np.all(np.diff(places) > 0)
    return places


def regular(rate: float | Fraction, count: int = 500) -> np.ndarray:
    return np.arange(count) / float(rate)


def jittered(rate: float, jitter_s: float, count: int = 500) -> np.ndarray:
    return regular(rate, count) + np.random.default_rng(1).uniform(-jitter_s, jitter_s, count)


def gaussian(rate: float, deviation_s: float, count: int = 500) -> np.ndarray:
    return regular(rate, count) + np.random.default_rng(2).normal(0, deviation_s, count)


def dropped(rate: float, share: float, jitter_s: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(3)
    kept = np.sort(rng.choice(1000, round(1000 * (1 - share)), replace=False))
    return (kept - kept[0]) / rate + rng.uniform(-jitter_s, jitter_s, len(kept))


def in_bursts(size: int, apart_s: float, rate: float = 25, count: int = 500) -> np.ndarray:
    frames = np.arange(count)
    return frames // size * size / rate + frames % size * apart_s


def caught_up(start: int, end: int, rate: float) -> np.ndarray:
    """25 frames per second; some come late, after a stall, at a higher rate."""
    times_s = regular(25)
    times_s[start:end] = times_s[end - 1] - np.arange(end - start)[::-1] / rate
    return times_s


def phone(shares: Sequence[tuple[int, float]]) -> np.ndarray:
    """Parts of a number of frames at a rate each."""
    return np.cumsum(np.concatenate([np.full(count, 1 / rate) for count, rate in shares]))


FINE_CLOCKS = [Fraction(1, ticks) for ticks in (120, 600, 1000, 90000)]


@pytest.mark.parametrize(
    ("times_s", "claimed", "rate", "is_variable"),
    [
        (regular(30), ["30"], "30", False),
        (np.round(regular(NTSC), 3), ["30"], "30000/1001", False),
        (np.round(regular(29.83), 4), [], "2983/100", False),
        (np.round(regular(15000 / 1001), 3), ["15000/1001"], "15000/1001", False),
        (np.delete(regular(25, 100), [3, 40, 41]), ["25"], "25", True),
        (np.array([0.0]), ["24"], "24", False),
        (np.array([]), [], "25", False),
        (np.arange(10) * 60.0, [], "1/10", True),
        (regular(1000), ["1000"], "1000", False),
        (regular(25.003, 90_000), ["25"], "25003/1000", False),
    ],
    ids=["plain", "claim-drifts", "odd", "odd-ntsc", "gaps", "one", "none", "slideshow", "too-fast", "drift"],
)
def test_rate_is_found(times_s: np.ndarray, claimed: list[str], rate: str, is_variable: bool) -> None:
    found = measure_rate(times_s, [Fraction(text) for text in claimed])
    assert (float(found.rate), found.is_variable) == (pytest.approx(float(Fraction(rate)), rel=1e-5), is_variable)


@pytest.mark.parametrize("tick_s", [MILLISECONDS, Fraction(1, 90000), Fraction(1, 600)], ids=str)
@pytest.mark.parametrize(
    "rate", ["1/2", "1", "5", "10", "12.5", "15", "24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001"]
)
def test_regular_recording_comes_back_exactly(rate: str, tick_s: Fraction) -> None:
    found = measured(regular(float(Fraction(rate))), [], tick_s)
    assert (found.rate, found.is_variable) == (Fraction(rate), False)
    assert placed(found) == list(range(500))


@pytest.mark.parametrize("claimed", [[25], [], [1000], [90000, 1]], ids=str)
@pytest.mark.parametrize(
    "times_s",
    [jittered(25, 0.005), jittered(25, 0.015), jittered(25, 0.04), gaussian(25, 0.015), gaussian(25, 0.03)],
    ids=["5-ms", "15-ms", "40-ms", "gaussian-15-ms", "gaussian-30-ms"],
)
def test_jitter_of_arrival_moves_no_frame_far(times_s: np.ndarray, claimed: list[int]) -> None:
    found = measured(times_s, claimed, MILLISECONDS)
    assert found.rate == 25
    places = placed(found)
    assert places[-1] <= 501
    shown_s = np.array(places) / 25 + found.times_s[0]
    assert np.abs(shown_s - np.sort(times_s - times_s.min())).max() <= 0.15


@pytest.mark.parametrize("claimed", [[25], [1000]], ids=str)
@pytest.mark.parametrize("apart_s", [0.0, 0.001, 0.003])
@pytest.mark.parametrize("size", [2, 5, 10])
def test_bursts_are_evened_out(size: int, apart_s: float, claimed: list[int]) -> None:
    times_s = in_bursts(size, apart_s)
    found = measured(times_s, claimed, MILLISECONDS)
    assert found.rate == 25
    places = placed(found)
    assert places == list(range(500))
    delays_s = times_s - np.array(places) / 25
    assert np.ptp(delays_s) <= size / 25


@pytest.mark.parametrize(
    "times_s",
    [caught_up(200, 225, 1000), caught_up(200, 225, 125), caught_up(200, 250, 50), caught_up(200, 275, 75)],
    ids=["at-once", "125-per-s", "50-per-s", "75-per-s"],
)
def test_stall_with_late_frames_does_not_raise_the_rate(times_s: np.ndarray) -> None:
    found = measured(times_s, [25], MILLISECONDS)
    assert found.rate == 25
    assert placed(found) == list(range(500))


@pytest.mark.parametrize("tick_s", FINE_CLOCKS, ids=str)
@pytest.mark.parametrize(
    "times_s",
    [phone([(300, 30), (200, 15)]), phone([(50, 30), (50, 15)] * 5), phone([(100, 30), (400, 15)])],
    ids=["day-then-dark", "in-turns", "mostly-dark"],
)
def test_phone_that_halves_its_rate_in_the_dark(times_s: np.ndarray, tick_s: Fraction) -> None:
    mean = Fraction(len(times_s) / float(np.ptp(times_s))).limit_denominator(1000)
    found = measured(times_s, [mean, 1 / tick_s], tick_s)
    assert found.rate == 30
    assert np.abs(np.array(placed(found)) / 30 - (times_s - times_s[0])).max() <= 0.02


@pytest.mark.parametrize("claimed", [[25], [30], []], ids=str)
@pytest.mark.parametrize(
    ("share", "jitter_s"),
    [(0.1, 0.0), (0.3, 0.0), (0.5, 0.0), (0.1, 0.005), (0.3, 0.005), (0.5, 0.005), (0.6, 0.003)],
    ids=str,
)
def test_dropped_frames_leave_the_rate(share: float, jitter_s: float, claimed: list[int]) -> None:
    times_s = dropped(25, share, jitter_s)
    found = measured(times_s, claimed, MILLISECONDS)
    assert (found.rate, found.is_variable) == (25, True)
    assert np.abs(np.array(placed(found)) / 25 - (times_s - times_s[0])).max() <= 0.05


def test_ntsc_with_dropped_frames_in_a_clock_of_milliseconds() -> None:
    found = measured(dropped(float(NTSC), 0.3), [], MILLISECONDS)
    assert found.rate == NTSC


def test_slow_camera_with_jitter_keeps_its_rate() -> None:
    found = measured(gaussian(1, 0.04, 100), [25], MILLISECONDS)
    assert (found.rate, placed(found)) == (1, list(range(100)))


@pytest.mark.parametrize(("rate", "jitter_s"), [("1/2", 0.3), ("1", 0.2), ("1", 0.3), ("2", 0.1)])
def test_slow_camera_with_much_jitter_is_not_multiplied(rate: str, jitter_s: float) -> None:
    found = measured(jittered(float(Fraction(rate)), jitter_s, 100), [25], MILLISECONDS)
    assert (found.rate, placed(found)) == (Fraction(rate), list(range(100)))


def test_few_frames_close_together_do_not_multiply_the_rest() -> None:
    events_s = np.arange(100) * 59.0
    found = measured(np.sort(np.append(events_s, events_s + 0.04)), [], MILLISECONDS)
    places = placed(found)
    assert places[-1] <= 100 * 200 + 1
    assert np.abs(np.array(places)[::2] / float(found.rate) - events_s).max() < 0.5


def test_doubled_stamp_behind_a_pause_does_not_move_into_it() -> None:
    times_s = np.concatenate([regular(25, 50), [32.0, 32.0], 32 + regular(25, 50)[1:]])
    assert np.abs(without_bursts(times_s) - times_s).max() < 0.1


@pytest.mark.parametrize(
    ("rate", "limit", "expected"),
    [("240", 60, "60"), ("120", 60, "60"), ("240000/1001", 60, "60000/1001"), ("100", 60, "50"), ("90", 60, "45"),
     ("60", 60, "60"), ("25", 60, "25"), ("30", 12.5, "10"), ("1000", 60, "1000/17")],
)  # fmt: skip
def test_fast_sources_are_thinned_out_evenly(rate: str, limit: float, expected: str) -> None:
    assert limited_rate(Fraction(rate), Fraction(limit)) == Fraction(expected)


@pytest.mark.parametrize("rate", [100, 120, 240])
def test_thinning_out_takes_every_nth_frame(rate: int) -> None:
    reduced = limited_rate(Fraction(rate), Fraction(60))
    slots = Slots(reduced, Fraction(rate))
    kept = [frame for frame in range(240) if slots.place(frame / rate) is not None]
    assert kept == list(range(0, 240, rate // reduced))


def test_hour_of_variable_rate_takes_less_than_two_seconds() -> None:
    rng = np.random.default_rng(4)
    hours = [
        np.cumsum(rng.choice([1 / 30, 1 / 15, 1 / 20, 1 / 60], 108_000)),
        gaussian(30, 0.06, 108_000),
        np.cumsum(rng.exponential(1 / 30, 108_000)),
    ]
    measured(hours[0][:1000], [], MILLISECONDS)  # imports SciPy
    for times_s in hours:
        started_s = time.process_time()
        measured(times_s, [30], MILLISECONDS)
        assert time.process_time() - started_s < 2
