"""One set of boxes from what several annotators say (docs/annotations.md, *Several annotators*)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from videoprep_nb.annotations.annotated import AnnotatedBox, AnnotatedClip
from videoprep_nb.annotations.match import Person, match_people

_THERE, _NOT_THERE = "box", "no box"


@dataclass(frozen=True)
class Disagreement:
    """Something about which annotators do not agree.

    Args:
        frame_name: The frame.
        track_id: The person, None without an id.
        about: The attribute, or ``person`` if some have no box.
        said: Export → what it says.
        kept: What was kept.
        by_order: True if there was no majority, and the first export that says something decided.
    """

    frame_name: str
    track_id: int | None
    about: str
    said: Mapping[str, str]
    kept: str
    by_order: bool


@dataclass(frozen=True)
class MergedFrame:
    """A frame of the result.

    Args:
        clip_id: Its clip.
        name: Its name.
        boxes: The boxes on it.
    """

    clip_id: str
    name: str
    boxes: list[AnnotatedBox]


@dataclass
class Merged:
    """What all annotators together say.

    Args:
        frames: The frames that somebody annotated.
        disagreements: Where they do not agree.
    """

    frames: list[MergedFrame] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)


def merge(clips: Sequence[AnnotatedClip], frame_names: Sequence[str]) -> Merged:
    """Merge what annotators say about one clip.

    A person stays if most of those who annotated the frame have a box there; an attribute gets the value that most of
    those who set it give. Without a majority the export that is named first decides. A box lies where the first export
    that has it puts it. An attribute that somebody left alone is no vote.

    Args:
        clips: The clip as each annotator left it, in the order in which the exports are named.
        frame_names: The frames of the clip in the order of time.
    """
    merged = Merged()
    for name in frame_names:
        annotators = [clip for clip in clips if name in clip.frames]
        if not annotators:
            continue
        sources = [clip.source for clip in annotators]
        boxes = []
        for person in match_people([clip.frames[name] for clip in annotators]):
            stays = _vote(merged, name, person, "person", _presence(person, sources))
            if stays == _THERE:
                boxes.append(_merged_box(merged, name, person, sources))
        merged.frames.append(MergedFrame(annotators[0].clip_id, name, boxes))
    return merged


def _presence(person: Person, sources: Sequence[str]) -> list[tuple[str, str]]:
    return [(source, _THERE if number in person.boxes else _NOT_THERE) for number, source in enumerate(sources)]


def _merged_box(merged: Merged, name: str, person: Person, sources: Sequence[str]) -> AnnotatedBox:
    chosen = {}
    for attribute in dict.fromkeys(_attributes(person)):
        votes = [
            (sources[number], box.chosen[attribute])
            for number, box in sorted(person.boxes.items())
            if attribute in box.chosen
        ]
        chosen[attribute] = _vote(merged, name, person, attribute, votes)
    first = person.first
    return AnnotatedBox(person.track_id, first.key, first.label, chosen, first.box_xyxy)


def _attributes(person: Person) -> Iterator[str]:
    for _, box in sorted(person.boxes.items()):
        yield from box.chosen


def _vote(merged: Merged, name: str, person: Person, about: str, votes: Sequence[tuple[str, str]]) -> str:
    """What most say, else what the first says; where they differ, it is noted."""
    counts = Counter(value for _, value in votes)
    if len(counts) == 1:
        return votes[0][1]
    most = max(counts.values())
    leading = [value for value in counts if counts[value] == most]
    kept = next(value for _, value in votes if value in leading)
    merged.disagreements.append(Disagreement(name, person.track_id, about, dict(votes), kept, len(leading) > 1))
    return kept
