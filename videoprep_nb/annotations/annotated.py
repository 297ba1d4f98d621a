"""What one annotator says about one clip."""

from collections.abc import Mapping
from dataclasses import dataclass

from videoprep_nb.annotations.cvat_xml import Box


@dataclass(frozen=True, slots=True)
class AnnotatedBox:
    """A person on a frame.

    Args:
        track_id: The person; None where the export has no id.
        key: What the boxes of one person have in common where there is no id: a track of an export, or the box alone.
        label: Name of the label.
        chosen: Attribute → value, without those that nobody has set.
        box_xyxy: In pixels of the frame.
    """

    track_id: int | None
    key: str
    label: str
    chosen: Mapping[str, str]
    box_xyxy: Box


@dataclass(frozen=True)
class AnnotatedClip:
    """A clip as one annotator left it.

    Args:
        source: The export, with the name of the annotator where it is known.
        clip_id: The clip.
        frames: Name of each frame that it covers → its boxes.
    """

    source: str
    clip_id: str
    frames: dict[str, list[AnnotatedBox]]

    @property
    def box_count(self) -> int:
        """Boxes on all frames."""
        return sum(map(len, self.frames.values()))
