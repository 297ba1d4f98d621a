"""What annotators could choose from, and what they chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from videoprep_nb.annotations.cvat_xml import CvatAttribute, CvatDocument, CvatShape
from videoprep_nb.core.errors import InputError
from videoprep_nb.core.expectations import got_and_expected
from videoprep_nb.core.text import quoted, shortened
from videoprep_nb.exports.labels import NOT_LABELLED, TRACK_ID, Action, Label, actions_of, read_labels


@dataclass(frozen=True)
class Choices:
    """The labels of a project.

    Args:
        labels: Labels, attributes and values.
        ignored: Label and attribute of what is typed in and not chosen, such as a comment.
    """

    labels: list[Label]
    ignored: frozenset[tuple[str, str]]

    @property
    def actions(self) -> list[Action]:
        """Everything that can be said about a box, numbered."""
        return actions_of(self.labels)

    def chosen(self, shape: CvatShape, where: str) -> dict[str, str]:
        """What was said about a box: attribute → value, without those that nobody has set.

        Args:
            shape: The box.
            where: The box, for messages.

        Raises:
            InputError: Its label, an attribute or a value is unknown.
        """
        label = next((each for each in self.labels if each.label == shape.label), None)
        if label is None:
            expected = _one_of(each.label for each in self.labels)
            raise InputError(f"{where} has the unknown label {quoted(shape.label)}, {expected}; {_RENAMED}.")
        chosen = {}
        for name, value in shape.attributes.items():
            if value in ("", NOT_LABELLED) or name == TRACK_ID or (shape.label, name) in self.ignored:
                continue
            if name not in label.attributes:
                raise InputError(f"{where} has the unknown attribute {quoted(name)}; {_RENAMED}.")
            if value not in label.attributes[name]:
                expected = _one_of(label.attributes[name][1:])
                raise InputError(f"{where} has the unknown {name} {quoted(value)}, {expected}; {_RENAMED}.")
            chosen[name] = value
        return chosen


def _one_of(names: Iterable[str]) -> str:
    return f"expected {shortened(', '.join(names), 500)}"


_RENAMED = "if it was renamed, give the labels as they are now as --labels"


def read_choices(labels_text: str, documents: Sequence[CvatDocument]) -> Choices:
    """Find out what could be chosen.

    Args:
        labels_text: Labels as YAML; empty for those that the exports name.
        documents: The exports.

    Raises:
        ParameterError: The YAML is wrong.
        InputError: No export names its labels, two differ, or an untouched box carries a label.
    """
    ignored = frozenset(
        (label, attribute.name)
        for document in documents
        for label, attributes in document.labels.items()
        for attribute in attributes
        if not attribute.is_choice
    )
    if labels_text:
        labels = read_labels(labels_text)
        known = {(label.label, attribute) for label in labels for attribute in label.attributes}
        return Choices(labels, ignored - known)
    named = [(document, _labels(document)) for document in documents if document.labels]
    if not named:
        raise InputError(f"{documents[0].name} does not name its labels; give them as --labels.")
    (first, labels), *others = named
    for document, found in others:
        if found != labels:
            raise InputError(
                f"{first.name} and {document.name} have different labels; give the right ones as --labels."
            )
    return Choices(labels, ignored)


def _labels(document: CvatDocument) -> list[Label]:
    try:
        return [
            Label(label=label, attributes={each.name: list(each.values) for each in attributes if _is_action(each)})
            for label, attributes in _checked(document).items()
        ]
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{document.name}: the labels make no sense: {got_and_expected(first)}.") from None


def _checked(document: CvatDocument) -> Mapping[str, list[CvatAttribute]]:
    for label, attributes in document.labels.items():
        for attribute in attributes:
            if _is_action(attribute) and attribute.default != NOT_LABELLED:
                raise InputError(
                    f"{document.name}: a box of {label} that nobody has touched has {attribute.name} "
                    f"{quoted(attribute.default)}, expected {NOT_LABELLED!r}; if this value is always meant, give the "
                    "labels as --labels."
                )
    return document.labels


def _is_action(attribute: CvatAttribute) -> bool:
    return attribute.is_choice and attribute.name != TRACK_ID
