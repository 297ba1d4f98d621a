"""What came back, for the report and the notebook."""

from collections import Counter
from collections.abc import Iterable

from IPython.display import HTML

from videoprep_nb.annotations.agreement import PairAgreement
from videoprep_nb.annotations.imported import Annotations
from videoprep_nb.annotations.merge import Disagreement
from videoprep_nb.annotations.people import NamedBox
from videoprep_nb.core.text import plural
from videoprep_nb.viz import tables
from videoprep_nb.viz.page import Section, render_page

_TITLE = "Annotations"
_INTRO = "What annotators said about the frames of a package, and what of it became training data."


def report(annotations: Annotations) -> str:
    """The report as one page of HTML."""
    return render_page(
        _TITLE,
        _INTRO,
        [
            Section("Notes", notes(annotations)),
            Section("Counts", summary(annotations)),
            Section("Labels per action", actions(annotations)),
            Section("Exports", exports(annotations)),
            Section("Agreement", agreement(annotations), AGREEMENT_TEXT),
            Section("Disagreements", disagreements(annotations), DISAGREEMENTS_TEXT),
            Section("Boxes outside the frame", outside(annotations)),
            Section("Tracks without an id", lost_ids(annotations), LOST_IDS_TEXT),
        ],
    )


AGREEMENT_TEXT = (
    "Over the frames that both have annotated. IoU compares the boxes of one person; Cohen's kappa compares what both "
    "say about a person: 1 is full agreement, 0 is what chance gives. What one of them left alone is not compared."
)
DISAGREEMENTS_TEXT = "The majority decides; without one, the export that is named first."
LOST_IDS_TEXT = (
    "People whom annotators added, or whose track_id was deleted: they have new ids above all others. Without an id, "
    "images give every box an id of its own."
)


def notes(annotations: Annotations) -> HTML:
    """What needs attention, as sentences."""
    return tables.remarks(list(_notes(annotations)), "Nothing needs attention.")


def _notes(annotations: Annotations) -> Iterable[str]:
    training = annotations.training
    if not annotations.label_count:
        yield "Nobody has labelled anything: the exports hold boxes as videoprep made them."
    if annotations.clips_left:
        names = ", ".join(annotations.clips_left[:5]) + (" …" if len(annotations.clips_left) > 5 else "")
        yield f"Nobody annotated {plural(len(annotations.clips_left), 'clip')} of the package: {names}."
    if unused := [action.name for action in annotations.actions if not annotations.boxes_per_action[action.action_id]]:
        yield f"No box has {', '.join(unused[:10])}{' …' if len(unused) > 10 else ''}."
    if annotations.ava and annotations.ava.labels_left_out:
        yield (
            f"{plural(annotations.ava.labels_left_out, 'label')} left out: their frames are not at a second that AVA's "
            "files can name."
        )
    if training.outside:
        yield f"{plural(len(training.outside), 'box')} left out: outside the frame, or without area."
    if training.cut:
        yield f"{plural(len(training.cut), 'box')} cut at the edge of the frame."
    if annotations.other_shapes:
        yield f"{plural(annotations.other_shapes, 'shape')} left out: only boxes are read."


def summary(annotations: Annotations) -> HTML:
    """The counts of everything."""
    training = annotations.training
    return tables.facts(
        [
            ("clips annotated", f"{len({clip.clip_id for clip in annotations.clips}):,}"),
            ("frames annotated", f"{len(annotations.merged.frames):,}"),
            ("boxes", f"{len(training.boxes):,}"),
            ("people", f"{len({box.track_id for box in training.boxes}):,}"),
            ("labels", f"{annotations.label_count:,}"),
            ("unlabelled boxes", f"{annotations.unlabelled_count:,}"),
            ("disagreements", f"{len(annotations.merged.disagreements):,}"),
            ("boxes outside the frame", f"{len(training.outside):,}"),
            ("boxes cut at its edge", f"{len(training.cut):,}"),
            ("tracks without an id", f"{len(_by_new_id(annotations.new_ids)):,}"),
            ("rows of AVA's CSV", f"{annotations.ava.row_count:,}" if annotations.ava else "not written"),
        ]
    )


def actions(annotations: Annotations) -> HTML:
    """How often each action was chosen."""
    people: dict[int, set[int]] = {action.action_id: set() for action in annotations.actions}
    for box in annotations.training.boxes:
        for action in box.actions:
            people[action.action_id].add(box.track_id)
    rows = [
        (
            action.action_id,
            action.label,
            action.attribute,
            action.value,
            f"{annotations.boxes_per_action[action.action_id]:,}",
            f"{len(people[action.action_id]):,}",
        )
        for action in annotations.actions
    ]
    return tables.table(["id", "label", "attribute", "value", "boxes", "people"], rows)


def exports(annotations: Annotations) -> HTML:
    """What each annotator did."""
    clips, frames, boxes, labelled = (Counter[str]() for _ in range(4))
    for clip in annotations.clips:
        clips[clip.source] += 1
        frames[clip.source] += len(clip.frames)
        boxes[clip.source] += clip.box_count
        labelled[clip.source] += sum(bool(box.chosen) for of_frame in clip.frames.values() for box in of_frame)
    rows = [[source, *(f"{count[source]:,}" for count in (clips, frames, boxes, labelled))] for source in clips]
    return tables.table(["export", "clips", "frames", "boxes", "labelled boxes"], rows)


def agreement(annotations: Annotations) -> HTML:
    """How far each two annotators agree."""
    if not annotations.agreement:
        return tables.remarks([], "No frame was annotated twice.")
    attributes = sorted({name for pair in annotations.agreement for name in pair.values})
    headings = ["first", "second", "frames", "people in both", "only first", "only second", "mean IoU"]
    rows = [_agreement_row(pair, attributes) for pair in annotations.agreement]
    return tables.table([*headings, *(f"kappa of {name}" for name in attributes)], rows)


def _agreement_row(pair: PairAgreement, attributes: Iterable[str]) -> list[str]:
    counts = (pair.frame_count, pair.matched, pair.only_first, pair.only_second)
    kappas = (f"{_decimal(pair.kappas.get(name))} of {len(pair.values.get(name, ())):,}" for name in attributes)
    return [pair.first, pair.second, *(f"{count:,}" for count in counts), _decimal(pair.mean_iou), *kappas]


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def disagreements(annotations: Annotations) -> HTML:
    """What annotators say differently, and what was kept."""
    found = annotations.merged.disagreements
    if not found:
        return tables.remarks([], "There are none.")
    shown = [_disagreement_row(each) for each in found[: tables.MAX_ROWS]]
    headings = ["frame", "person", "about", "what they say", "kept", "decided by"]
    return tables.table(headings, shown, left_out=len(found) - len(shown))


def _disagreement_row(found: Disagreement) -> list[str]:
    said = "; ".join(f"{source}: {value}" for source, value in found.said.items())
    person = "–" if found.track_id is None else str(found.track_id)
    return [found.frame_name, person, found.about, said, found.kept, "order" if found.by_order else "majority"]


def outside(annotations: Annotations) -> HTML:
    """The boxes that were left out or cut."""
    training = annotations.training
    if not (training.outside or training.cut):
        return tables.remarks([], "There are none.")
    marked = [(box, "left out") for box in training.outside] + [(box, "cut") for box in training.cut]
    rows = [(box.frame_name, box.track_id, _corners(box), what) for box, what in marked]
    return tables.table(["frame", "person", "box in pixels", "what happened"], rows)


def _corners(box: NamedBox) -> str:
    return ", ".join(f"{value:.1f}" for value in box.box.box_xyxy)


def lost_ids(annotations: Annotations) -> HTML:
    """The people who got a new id."""
    by_id = _by_new_id(annotations.new_ids)
    if not by_id:
        return tables.remarks([], "There are none.")
    rows = [(boxes[0].box.key, boxes[0].frame_name, len(boxes), new_id) for new_id, boxes in by_id.items()]
    return tables.table(["where", "first frame", "boxes", "new id"], rows)


def _by_new_id(boxes: Iterable[NamedBox]) -> dict[int, list[NamedBox]]:
    by_id: dict[int, list[NamedBox]] = {}
    for box in boxes:
        by_id.setdefault(box.track_id, []).append(box)
    return by_id
