"""Labels and attributes that annotators choose from, as people write them."""

import pytest
from pydantic import ValidationError

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.exports.labels import NOT_LABELLED, LabelOptions, actions_of, read_labels

LABELS = """
- label: person
  attributes:
    action: [not labelled, walk, sit]
    talking: [yes, no]
- label: bag
"""


def test_labels_and_actions() -> None:
    person, bag = read_labels(LABELS)
    assert person.attributes == {
        "action": [NOT_LABELLED, "walk", "sit"],
        "talking": [NOT_LABELLED, "yes", "no"],  # not True and False
    }
    assert bag.attributes == {}
    assert [(action.action_id, action.name) for action in actions_of([person, bag])] == [
        (1, "walk"),
        (2, "sit"),
        (3, "yes"),
        (4, "no"),
    ]


def test_value_of_two_attributes_is_named_with_its_attribute() -> None:
    labels = read_labels("{label: person, attributes: {left hand: [up], right hand: [up, down]}}")
    assert [action.name for action in actions_of(labels)] == ["left hand: up", "right hand: up", "down"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label: [", "this is not YAML: line 1, column 9: expected the node content"),
        ("[" * 90_000, "at most 10 levels"),
        ("- &a {label: a}\n- *a", "expected every value to be written out"),
        ("", "expected"),
        ("person", "expected"),
        ("{labels: person}", "labels"),
        ("{label: person, attributes: {action: []}}", "action needs one or more different values"),
        ("{label: person, attributes: {action: [a, a]}}", "action needs one or more different values"),
        ("{label: person, attributes: {action: {a: b}}}", "expected"),
        ('{label: person, attributes: {action: ["a\\nb"]}}', "expected one line"),
        ('{label: "a\\b"}', "expected one line"),
        ("{label: person, attributes: {track_id: [a]}}", "track_id is added by videoprep"),
        ("[{label: a}, {label: a}]", "every label must have a name of its own"),
        ("!!python/object/apply:os.system [ls]", "expected"),
        ("x" * 200_000, "at most"),
    ],
)
def test_wrong_labels_are_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        read_labels(text)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValidationError):
        LabelOptions(labels=text)
