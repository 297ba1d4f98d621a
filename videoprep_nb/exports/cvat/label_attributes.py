"""The attributes that labels have in CVAT."""

from dataclasses import dataclass

from videoprep_nb.exports.labels import TRACK_ID, Label


@dataclass(frozen=True)
class CvatAttribute:
    """An attribute of a label.

    Args:
        name: Its name.
        mutable: Whether it can differ from frame to frame.
        input_type: ``select`` or ``text``.
        values: What can be chosen; the first one is the default.
    """

    name: str
    mutable: bool
    input_type: str
    values: tuple[str, ...]

    @property
    def default_value(self) -> str:
        """What a box carries that nobody has touched."""
        return self.values[0]


def label_attributes(label: Label) -> list[CvatAttribute]:
    """The attributes of a label: our track id, which stays as it is, and what annotators choose from.

    CVAT numbers tracks anew when it exports. Only an immutable attribute carries an id through.
    """
    choices = [CvatAttribute(name, True, "select", tuple(values)) for name, values in label.attributes.items()]
    return [CvatAttribute(TRACK_ID, False, "text", ("",)), *choices]
