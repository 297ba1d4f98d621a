"""What changed from one set of tracks of a video to another one, as a reviewer counts it: by persons and moments."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from videoprep_nb.tracking.compare import Switches, id_switches, matching_rows
from videoprep_nb.tracking.quality import Place
from videoprep_nb.tracking.tracks import Tracks

LASTING_S = 0.5
"""Ids that share a person for less are a mix-up at a crossing, which is no change."""
LONGER_S = 1.0
"""So long must one side have a person more than the other one to be listed."""
_SWAP_S = 2.0
_SAME_PLACE_S = 1.0

ChangeKind = Literal["split", "merged", "swapped", "moved", "only left", "only right", "left longer", "right longer"]
Ids = npt.NDArray[np.int64]
Link = tuple[int, int]
"""A left and a right id that show the same person for a while."""


@dataclass(frozen=True)
class Change:
    """A moment in which the sides begin to differ.

    Args:
        kind: ``split``: one left id is several right ones; ``merged``: several left ids are one right one;
            ``swapped``: two ids change their persons on one side; ``moved``: the boxes of a person differ for a while;
            ``only left``: a track of which the right side has nothing; ``left longer``: a stretch of a track that the
            right side lacks.
        start_frame: Where it begins.
        last_frame: Where it ends; the same for what happens at once.
        left_ids: The ids on the left side.
        right_ids: The ids on the right side.
    """

    kind: ChangeKind
    start_frame: int
    last_frame: int
    left_ids: tuple[int, ...]
    right_ids: tuple[int, ...]


@dataclass(frozen=True)
class TrackChanges:
    """What changed.

    Args:
        changes: In the order of time.
        links: Ids of both sides that show the same person for a while.
        both: Persons that both sides have: one left id for one right id, so that they share most boxes.
        only_left: Left ids without any person of the right side.
        only_right: Right ids without any person of the left side.
        left_person_s: Time in seconds that persons are tracked on the left side, all persons added up.
        right_person_s: The same of the right side.
        both_person_s: Time that both sides have the same boxes.
    """

    changes: list[Change]
    links: frozenset[Link]
    both: int
    only_left: int
    only_right: int
    left_person_s: float
    right_person_s: float
    both_person_s: float


def find_changes(left: Tracks, right: Tracks, rate: float) -> TrackChanges:
    """Find what changed.

    Boxes are matched frame by frame, see ``compare_tracks``. Over time, left ids are assigned to right ids so that they
    share most boxes (Hungarian algorithm), as IDF1 does it.

    Args:
        left: The tracks before.
        right: The tracks after, on the same frames and in the same pixels.
        rate: Frames per second of the frames that both count.

    Example:
        >>> box, frames = [100, 100, 150, 250], list(range(40))
        >>> one = Tracks.from_arrays(frames, [1] * 40, [box] * 40, [0.9] * 40)
        >>> two = Tracks.from_arrays(frames, [3] * 20 + [4] * 20, [box] * 40, [0.9] * 40)
        >>> [(change.kind, change.left_ids, change.right_ids) for change in find_changes(one, two, 10).changes]
        [('split', (1,), (3, 4))]
    """
    left_rows, right_rows = matching_rows(left, right)
    frames, left_ids, right_ids = left.frame_index[left_rows], left.track_id[left_rows], right.track_id[right_rows]
    shared = Counter(zip(left_ids.tolist(), right_ids.tolist(), strict=True))
    left_lengths, right_lengths = Counter(left.track_id.tolist()), Counter(right.track_id.tolist())
    lasting = max(1, math.ceil(LASTING_S * rate))
    links = frozenset(
        (one, other)
        for (one, other), count in shared.items()
        if count >= min(lasting, max(1, min(left_lengths[one], right_lengths[other]) // 2))
    )
    one_sided = [
        *_one_sided(left, left_rows, {one for one, _ in links}, rate, is_left=True),
        *_one_sided(right, right_rows, {other for _, other in links}, rate, is_left=False),
    ]
    found = [*_id_changes(frames, left_ids, right_ids, lasting, rate), *_with_moved(one_sided, links)]
    return TrackChanges(
        changes=sorted(found, key=lambda change: (change.start_frame, change.kind)),
        links=links,
        both=_assigned({link: shared[link] for link in links}),
        only_left=len(left_lengths.keys() - {one for one, _ in links}),
        only_right=len(right_lengths.keys() - {other for _, other in links}),
        left_person_s=len(left) / rate,
        right_person_s=len(right) / rate,
        both_person_s=len(frames) / rate,
    )


def place_changes(
    left: Sequence[Place], right: Sequence[Place], links: frozenset[Link], rate: float
) -> tuple[list[int], list[int]]:
    """Which places to inspect went, and which came.

    A place is on both sides if there is one of its kind at about the same time with one of its persons.

    Args:
        left: The places before; their frames are those that both sides have.
        right: The places after.
        links: Ids of both sides that show the same person.
        rate: Frames per second.

    Returns:
        Indices of the places that only the left side has, and of those that only the right side has.
    """
    slack = _SAME_PLACE_S * rate
    same = np.array([[_is_same_place(one, other, links, slack) for other in right] for one in left], np.bool_)
    same = same.reshape(len(left), len(right))
    return np.flatnonzero(~same.any(axis=1)).tolist(), np.flatnonzero(~same.any(axis=0)).tolist()


def _is_same_place(one: Place, other: Place, links: frozenset[Link], slack: float) -> bool:
    return (
        one.kind == other.kind
        and one.start_frame <= other.last_frame + slack
        and other.start_frame <= one.last_frame + slack
        and any((a, b) in links for a in one.track_ids for b in other.track_ids)
    )


def _id_changes(frames: Ids, left_ids: Ids, right_ids: Ids, lasting: int, rate: float) -> Iterator[Change]:
    """Ids that were split, merged or swapped."""
    right_switches = _lasting_switches(frames, left_ids, right_ids, lasting)
    left_switches = _lasting_switches(frames, right_ids, left_ids, lasting)
    slack = _SWAP_S * rate
    swaps = list(_swaps(right_switches, slack))
    yield from swaps
    for frame, left_id, old, new in right_switches:
        if not any(_is_of_swap(frame, {left_id}, {old, new}, swap, slack) for swap in swaps):
            yield Change("split", frame, frame, (left_id,), (old, new))
    for frame, right_id, old, new in left_switches:
        if not any(_is_of_swap(frame, {old, new}, {right_id}, swap, slack) for swap in swaps):
            yield Change("merged", frame, frame, (old, new), (right_id,))


_Switch = tuple[int, int, int, int]
"""Frame, the id that stays, and the old and the new id of the other side."""


def _lasting_switches(frames: Ids, true_ids: Ids, ids: Ids, lasting: int) -> list[_Switch]:
    """Id switches between stretches that last."""
    order = np.lexsort((frames, true_ids))
    frames, true_ids, ids = frames[order], true_ids[order], ids[order]
    borders = np.flatnonzero((np.diff(true_ids) != 0) | (np.diff(ids) != 0)) + 1
    lengths = np.diff([0, *borders.tolist(), len(frames)])
    stays = np.repeat(lengths >= lasting, lengths)
    frames, true_ids, ids = frames[stays], true_ids[stays], ids[stays]
    switches: Switches = id_switches(frames, true_ids, ids)
    rows = zip(frames.tolist(), ids.tolist(), true_ids.tolist(), strict=True)
    staying = {(frame, new): one for frame, new, one in rows}
    columns = (switches.frame_index.tolist(), switches.old_id.tolist(), switches.new_id.tolist())
    return [(frame, staying[frame, new], old, new) for frame, old, new in zip(*columns, strict=True)]


def _swaps(switches: Sequence[_Switch], slack: float) -> Iterator[Change]:
    """Pairs of switches in which two right ids change places."""
    used: set[int] = set()
    for place, (frame, left_id, old, new) in enumerate(switches):
        for later in range(place + 1, len(switches)):
            other_frame, other_id, other_old, other_new = switches[later]
            if other_frame - frame > slack:
                break
            if not used & {place, later} and other_id != left_id and (other_old, other_new) == (new, old):
                used |= {place, later}
                yield Change("swapped", frame, other_frame, (left_id, other_id), (old, new))


def _is_of_swap(frame: int, left_ids: set[int], right_ids: set[int], swap: Change, slack: float) -> bool:
    is_near = swap.start_frame - slack <= frame <= swap.last_frame + slack
    return is_near and left_ids <= set(swap.left_ids) and right_ids <= set(swap.right_ids)


def _one_sided(
    tracks: Tracks, matched_rows: npt.NDArray[np.int64], linked: set[int], rate: float, *, is_left: bool
) -> Iterator[Change]:
    """Tracks and stretches of tracks that the other side lacks."""
    unmatched = np.ones(len(tracks), np.bool_)
    unmatched[matched_rows] = False
    is_linked = np.isin(tracks.track_id, list(linked))
    for start, last, track_id in _stretches(tracks.rows(~is_linked), breaks_at_gaps=False):
        yield _one_sided_change("only left" if is_left else "only right", start, last, track_id, is_left)
    for start, last, track_id in _stretches(tracks.rows(is_linked & unmatched), breaks_at_gaps=True):
        if last - start + 1 >= LONGER_S * rate:
            yield _one_sided_change("left longer" if is_left else "right longer", start, last, track_id, is_left)


def _with_moved(one_sided: Sequence[Change], links: frozenset[Link]) -> list[Change]:
    """Stretches of one person on both sides at the same time are boxes that differ."""
    moved = {}
    for one in (change for change in one_sided if change.kind == "left longer"):
        for other in (change for change in one_sided if change.kind == "right longer"):
            start, last = max(one.start_frame, other.start_frame), min(one.last_frame, other.last_frame)
            shorter = min(one.last_frame - one.start_frame, other.last_frame - other.start_frame)
            if (*one.left_ids, *other.right_ids) in links and 2 * (last - start) >= shorter:
                moved[one] = moved[other] = Change("moved", start, last, one.left_ids, other.right_ids)
    return list(dict.fromkeys(moved.get(change, change) for change in one_sided))


def _one_sided_change(kind: ChangeKind, start: int, last: int, track_id: int, is_left: bool) -> Change:
    return Change(kind, start, last, (track_id,) if is_left else (), () if is_left else (track_id,))


def _stretches(tracks: Tracks, *, breaks_at_gaps: bool) -> Iterator[tuple[int, int, int]]:
    """First frame, last frame and id of each track, or of each run of consecutive frames."""
    if not len(tracks):
        return
    breaks = np.diff(tracks.track_id) != 0
    if breaks_at_gaps:
        breaks |= np.diff(tracks.frame_index) != 1
    borders = np.flatnonzero(breaks) + 1
    starts, ends = [0, *borders.tolist()], [*borders.tolist(), len(tracks)]
    for start, end in zip(starts, ends, strict=True):
        yield int(tracks.frame_index[start]), int(tracks.frame_index[end - 1]), int(tracks.track_id[start])


def _assigned(shared: dict[Link, int]) -> int:
    """How many left ids get a right id of their own, so that they share most boxes."""
    left_place = {one: place for place, one in enumerate(sorted({one for one, _ in shared}))}
    right_place = {other: place for place, other in enumerate(sorted({other for _, other in shared}))}
    counts = np.zeros((len(left_place), len(right_place)), np.int64)
    for (one, other), count in shared.items():
        counts[left_place[one], right_place[other]] = count
    return int(np.count_nonzero(counts[linear_sum_assignment(counts, maximize=True)]))
