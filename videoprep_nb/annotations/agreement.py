"""How far annotators agree on the frames that both have annotated."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from videoprep_nb.annotations.annotated import AnnotatedClip
from videoprep_nb.annotations.match import match_people
from videoprep_nb.core.boxes import iou_of_pairs


@dataclass
class PairAgreement:
    """How far two annotators agree.

    Args:
        first: Export of one.
        second: Export of the other.
        frame_count: Frames that both have annotated.
        matched: People of whom both have a box.
        only_first: People of whom only the first has one.
        only_second: People of whom only the second has one.
        ious: Overlap of each matched pair, in [0, 1].
        values: Attribute → what both say of each person of whom both say something.
    """

    first: str
    second: str
    frame_count: int = 0
    matched: int = 0
    only_first: int = 0
    only_second: int = 0
    ious: list[float] = field(default_factory=list)
    values: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def mean_iou(self) -> float | None:
        """Mean overlap of matched boxes, None without any."""
        return float(np.mean(self.ious)) if self.ious else None

    @property
    def kappas(self) -> Mapping[str, float | None]:
        """Attribute → Cohen's kappa over the people of whom both say something."""
        return {attribute: cohens_kappa(pairs) for attribute, pairs in sorted(self.values.items())}


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement of two annotators beyond chance (Cohen 1960): 1 for full agreement, 0 for that of chance.

    Args:
        pairs: What both say about the same things.

    Returns:
        The value in [-1, 1]; None without pairs, and where both always say one and the same: chance alone would give
        full agreement.

    Example:
        >>> cohens_kappa([("walk", "walk"), ("walk", "sit"), ("sit", "sit"), ("sit", "sit")])
        0.5
    """
    if not pairs:
        return None
    count = len(pairs)
    observed = sum(a == b for a, b in pairs) / count
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[value] * second[value] for value in first) / count**2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def compare_annotators(clips: Sequence[AnnotatedClip]) -> list[PairAgreement]:
    """Compare all pairs of annotators who share frames.

    Args:
        clips: All clips of all annotators, in the order in which the exports are named.
    """
    pairs: dict[tuple[str, str], PairAgreement] = {}
    by_clip: dict[str, list[AnnotatedClip]] = defaultdict(list)
    for clip in clips:
        by_clip[clip.clip_id].append(clip)
    for of_clip in by_clip.values():
        for first, second in combinations(of_clip, 2):
            shared = [name for name in first.frames if name in second.frames]
            if shared:
                key = first.source, second.source
                _compare(pairs.setdefault(key, PairAgreement(*key)), first, second, shared)
    return list(pairs.values())


def _compare(pair: PairAgreement, first: AnnotatedClip, second: AnnotatedClip, shared: Sequence[str]) -> None:
    pair.frame_count += len(shared)
    for name in shared:
        for person in match_people([first.frames[name], second.frames[name]]):
            if len(person.boxes) < 2:
                pair.only_first += 0 in person.boxes
                pair.only_second += 1 in person.boxes
                continue
            pair.matched += 1
            one, other = person.boxes[0], person.boxes[1]
            boxes = np.array([one.box_xyxy, other.box_xyxy], np.float64)
            pair.ious.append(float(iou_of_pairs(boxes[0], boxes[1])))
            for attribute in one.chosen.keys() & other.chosen.keys():
                pair.values[attribute].append((one.chosen[attribute], other.chosen[attribute]))
