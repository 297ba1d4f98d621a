"""The time line: whatever the stamps of a file are, every frame gets a place of its own."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videoprep_nb.media.raw.rate import MAX_SLOTS_PER_FRAME, FrameRate, measure_rate
from videoprep_nb.media.raw.slots import Slots
from videoprep_nb.media.raw.time_line import NO_STAMP, TimeLine, time_line

MILLISECONDS = Fraction(1, 1000)
TICKS_S = [Fraction(1, ticks) for ticks in (1, 25, 1000, 12_800, 90_000, 10**6, 10**9)]
CLAIMS = [Fraction(text) for text in ("25", "30", "1000", "90000", "1", "500", "1/1000", "37200/1241")]
WALL_CLOCK_MS = 1_700_000_000_000


@st.composite
def stamp_lists(draw: st.DrawFn) -> list[int]:
    """Mostly regular stamps with steps back, leaps, doubles and gaps."""
    interval = draw(st.sampled_from([1, 40, 1000, 3600]))
    odd = st.one_of(st.none(), st.integers(-5000, 100_000), st.integers(-(2**62), 2**62), st.just(0))
    steps = draw(st.lists(st.one_of(st.just(interval), st.integers(0, 200), odd), min_size=1, max_size=60))
    now, stamps = draw(st.sampled_from([0, -5, WALL_CLOCK_MS, 2**62])), []
    for step in steps:
        now = now if step is None else max(1 - 2**63, min(2**63 - 1, now + step))
        stamps.append(NO_STAMP if step is None else now)
    return stamps


def placed(line: TimeLine, claimed: list[Fraction], count: int) -> tuple[FrameRate, list[int | None]]:
    times_s = line.times_s(np.ones(count, bool))
    frame_rate = measure_rate(times_s, claimed, line.tick_s)
    slots = Slots(frame_rate.rate, frame_rate.rate)
    return frame_rate, [slots.place(time_s) for time_s in (frame_rate.times_s if len(times_s) else [None] * count)]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    first=stamp_lists(),
    second=stamp_lists(),
    given_clocks=st.sampled_from(["same", "shown", "decoded", "both"]),
    tick_s=st.sampled_from(TICKS_S),
    max_pause_s=st.sampled_from([1.0, 60.0]),
    claimed=st.lists(st.sampled_from(CLAIMS), max_size=2),
)
def test_every_frame_has_one_place_whatever_the_stamps_are(
    first: list[int],
    second: list[int],
    given_clocks: str,
    tick_s: Fraction,
    max_pause_s: float,
    claimed: list[Fraction],
) -> None:
    count = min(len(first), len(second))
    one, two, none = np.array(first[:count]), np.array(second[:count]), np.full(count, NO_STAMP)
    shown, decoded = {"same": (one, one), "shown": (one, none), "decoded": (none, two), "both": (one, two)}[
        given_clocks
    ]
    with np.errstate(all="raise"):
        line = time_line(shown, decoded, tick_s, max_pause_s=max_pause_s, claimed_rate=next(iter(claimed), None))
        frame_rate, places = placed(line, claimed, count)
    assert np.isfinite(frame_rate.times_s).all()
    assert np.all(np.diff(frame_rate.times_s) >= -1e-9)
    assert None not in places
    assert np.all(np.diff(np.array(places)) > 0)
    # no day of repeated frames: what an average step may last, or the lowest rate there is
    lasts_s = float(np.ptp(frame_rate.times_s)) if len(frame_rate.times_s) else 0.0
    assert places[-1] <= max(MAX_SLOTS_PER_FRAME * count, lasts_s / 10) + count
    assert all(np.isfinite([cut.at_s, cut.removed_s]).all() for cut in line.cuts)


@settings(max_examples=100, deadline=None)
@given(
    interval=st.sampled_from([33, 40, 100, 1000]),
    count=st.integers(3, 80),
    start=st.sampled_from([0, -500, 1400, WALL_CLOCK_MS]),
    reordered=st.booleans(),
)
def test_regular_recording_comes_back_exactly(interval: int, count: int, start: int, reordered: bool) -> None:
    decoded = np.arange(count) * interval + start
    shown = decoded + interval
    if reordered:  # one B-frame: 0 2 1 4 3
        shown[1:-1:2] += interval
        shown[2::2] -= interval
    line = time_line(shown, decoded, MILLISECONDS, max_pause_s=60)
    assert line.cuts == ()
    assert line.shown.tolist() == shown.tolist()
    assert placed(line, [], count)[1] == list(range(count))


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(4, 40), min_size=2, max_size=4),
    starts=st.lists(st.sampled_from([0, 1400, 10**6, WALL_CLOCK_MS]), min_size=4, max_size=4),
)
def test_clock_that_is_set_anew_costs_no_frame(lengths: list[int], starts: list[int]) -> None:
    stamps = np.concatenate([np.arange(length) * 40 + start for length, start in zip(lengths, starts, strict=False)])
    line = time_line(stamps, stamps, MILLISECONDS, max_pause_s=60)
    frame_rate, places = placed(line, [Fraction(25)], len(stamps))
    assert frame_rate.rate == 25
    assert len(set(places)) == len(stamps)
    assert (line.shown + line.removed).tolist() == stamps.tolist()


@pytest.mark.parametrize("pause_s", [5, 59])
@pytest.mark.parametrize("has_decoding_clock", [True, False])
def test_short_pause_stays(pause_s: int, has_decoding_clock: bool) -> None:
    stamps = np.concatenate([np.arange(50) * 40, np.arange(50) * 40 + 1960 + pause_s * 1000])
    decoded = stamps if has_decoding_clock else np.full(100, NO_STAMP)
    line = time_line(stamps, decoded, MILLISECONDS, max_pause_s=60)
    assert (line.cuts, line.shown.tolist()) == ((), stamps.tolist())


def test_long_pause_is_cut_out_and_counts_in_the_source() -> None:
    stamps = np.concatenate([np.arange(50) * 40, np.arange(50) * 40 + 1_800_000])
    line = time_line(stamps, stamps, MILLISECONDS, max_pause_s=60)
    assert line.shown.tolist() == (np.arange(100) * 40).tolist()
    assert [cut.is_pause for cut in line.cuts] == [True]
    assert line.paused[[49, 50]].tolist() == [0, 1_798_000]


def test_time_lapse_is_no_row_of_pauses() -> None:
    stamps = np.arange(30) * 60_000
    line = time_line(stamps, stamps, MILLISECONDS, max_pause_s=60)
    assert line.cuts == ()
    assert measure_rate(line.times_s(np.ones(30, bool)), []).rate == Fraction(1, 10)
