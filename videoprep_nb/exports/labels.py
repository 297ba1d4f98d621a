"""What annotators choose from: labels and their attributes, from a YAML text such as ``labels.yaml``."""

import re
from dataclasses import dataclass

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.expectations import got_and_expected
from videoprep_nb.core.text import quoted
from videoprep_nb.core.yaml_text import load_yaml
from videoprep_nb.exports.base import ExportOptions

NOT_LABELLED = "not labelled"
"""First value of every attribute: what a box carries that nobody has touched. It is never a label."""
TRACK_ID = "track_id"
"""Name of the attribute that carries our track id through a tool that numbers tracks anew."""
DEFAULT_LABELS = "label: person"

_MAX_BYTES = 100_000
_MAX_NAMES = 1000
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Label(BaseModel):
    """A kind of box, and what annotators say about it.

    Args:
        label: Its name.
        attributes: Name of an attribute → its values; the first one is ``NOT_LABELLED``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field("person", min_length=1, max_length=100, description="name of the label")
    attributes: dict[str, list[str]] = Field({}, description="attributes, each with a list of values")

    @field_validator("label", mode="after")
    @classmethod
    def _check_label(cls, label: str) -> str:
        _check_characters(label)
        return label

    @field_validator("attributes", mode="after")
    @classmethod
    def _check(cls, attributes: dict[str, list[str]]) -> dict[str, list[str]]:
        for name, values in attributes.items():
            _check_characters(name, *values)
            if name == TRACK_ID:
                raise ValueError(f"the attribute {TRACK_ID} is added by videoprep; leave it out")
            if not values or len(set(values)) != len(values) or not all(values):
                raise ValueError(f"{name} needs one or more different values, none of them empty")
        return {name: [NOT_LABELLED, *_without_first(values)] for name, values in attributes.items()}


class _Labels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: list[Label] = Field(min_length=1, max_length=_MAX_NAMES)

    @model_validator(mode="after")
    def _differ(self) -> "_Labels":
        names = [label.label for label in self.labels]
        if len(set(names)) != len(names):
            raise ValueError("every label must have a name of its own")
        return self


class LabelOptions(ExportOptions):
    """Options of a format that offers labels to annotators."""

    labels: str = Field(
        DEFAULT_LABELS, description="labels and attributes as YAML; on the command line @labels.yaml reads a file"
    )

    @field_validator("labels", mode="after")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            read_labels(text)
        except ParameterError as error:
            raise ValueError(error.reason) from None
        return text


@dataclass(frozen=True)
class Action:
    """A value that somebody can give to a box: what AVA calls an action.

    Args:
        action_id: From 1 on, in the order of labels, attributes and values.
        name: Its value; with its attribute before it, ``posture: sit``, where two attributes share a value.
        label: Label of the box.
        attribute: Attribute that holds the value.
        value: The value.
    """

    action_id: int
    name: str
    label: str
    attribute: str
    value: str


def read_labels(text: str) -> list[Label]:
    """Read labels; our tracks get the first one.

    Args:
        text: YAML of one label, or of a list of labels. ``NOT_LABELLED`` is added in front where it is missing.

    Raises:
        ParameterError: The text is not YAML of this kind; the message says what is wrong. Its field is ``labels``.

    Example:
        >>> read_labels("{label: person, attributes: {action: [walk, sit]}}")[0].attributes
        {'action': ['not labelled', 'walk', 'sit']}
    """
    if len(text.encode(errors="replace")) > _MAX_BYTES:
        raise ParameterError("labels", f"got {len(text):,} characters, expected {_MAX_BYTES:,} bytes at most")
    try:
        content = load_yaml(text, yaml.BaseLoader)  # makes texts, lists and dicts only: "no" stays "no"
    except ValueError as error:
        raise ParameterError("labels", str(error)) from None
    try:
        return _Labels(labels=content if isinstance(content, list) else [content]).labels
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        reason = str(first["ctx"]["error"]) if first["type"] == "value_error" else got_and_expected(first)
        raise ParameterError("labels", f"{place}: {reason}" if place else reason) from None


def actions_of(labels: list[Label]) -> list[Action]:
    """Everything that annotators can say about a box, numbered for training."""
    choices = [
        (label.label, attribute, value)
        for label in labels
        for attribute, values in label.attributes.items()
        for value in values[1:]
    ]
    values = [value for _, _, value in choices]
    return [
        Action(
            action_id=number,
            name=value if values.count(value) == 1 else f"{attribute}: {value}",
            label=label,
            attribute=attribute,
            value=value,
        )
        for number, (label, attribute, value) in enumerate(choices, start=1)
    ]


def _check_characters(*texts: str) -> None:
    """Names and values become lines and XML: no line breaks, nothing that XML cannot hold."""
    for text in texts:
        if _NOT_IN_NAMES.search(text):
            raise ValueError(f"got {quoted(text)}, expected one line without control characters")


def _without_first(values: list[str]) -> list[str]:
    """The values without ``NOT_LABELLED``, wherever it stands."""
    return [value for value in values if value != NOT_LABELLED]
