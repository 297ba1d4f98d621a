"""What came back from annotators."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.annotations.agreement import PairAgreement
from videoprep_nb.annotations.annotated import AnnotatedClip
from videoprep_nb.annotations.merge import Merged
from videoprep_nb.annotations.people import NamedBox
from videoprep_nb.annotations.training_boxes import TrainingBoxes
from videoprep_nb.annotations.write_ava import AvaWritten
from videoprep_nb.exports.labels import Action


@dataclass(frozen=True)
class Annotations:
    """What came back.

    Args:
        output_dir: The folder that was written.
        actions: Everything that can be said about a box.
        clips: Each clip as each annotator left it.
        merged: What all annotators together say.
        agreement: How far each two annotators agree.
        training: The boxes that were written, and those that were not.
        new_ids: Boxes whose export has no id for them.
        other_shapes: Shapes that are not boxes; they are not read.
        clips_left: Clips of the package that nobody annotated.
        ava: What AVA's files hold; None if they were not asked for.
    """

    output_dir: Path
    actions: Sequence[Action]
    clips: Sequence[AnnotatedClip]
    merged: Merged
    agreement: Sequence[PairAgreement]
    training: TrainingBoxes
    new_ids: Sequence[NamedBox]
    other_shapes: int
    clips_left: Sequence[str]
    ava: AvaWritten | None

    @property
    def boxes_per_action(self) -> Counter[int]:
        """Action id → boxes with it."""
        return Counter(action.action_id for box in self.training.boxes for action in box.actions)

    @property
    def label_count(self) -> int:
        """Labels on all boxes."""
        return sum(len(box.actions) for box in self.training.boxes)

    @property
    def unlabelled_count(self) -> int:
        """Boxes about which nobody said anything."""
        return sum(not box.actions for box in self.training.boxes)
