"""Which classes of a network count as persons, and what is said when none does."""

import pytest

from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.tracking.detectors.inference.person_classes import person_class_indices

VISDRONE = dict(enumerate(["pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle", "bus", "motor"]))
FOOTBALL = {0: "ball", 1: "Goalkeeper", 2: "player", 3: "referee"}


@pytest.mark.parametrize(
    ("names", "requested", "expected"),
    [
        pytest.param({0: "person", 1: "bicycle"}, [], [0], id="coco"),
        pytest.param({0: "car", 1: "Pedestrians "}, [], [1], id="any-case-and-plural"),
        pytest.param({0: "head", 1: "human"}, [], [1], id="crowdhuman"),
        pytest.param(VISDRONE, [], [0, 1], id="two-classes-of-persons"),
        pytest.param(VISDRONE, ["People"], [1], id="one-of-them-asked-for"),
        pytest.param(FOOTBALL, ["referee", "player", "goalkeeper", "player"], [1, 2, 3], id="asked-for"),
        pytest.param({0: "ant"}, [], [0], id="only-class"),
        pytest.param({0: "Man", 1: "man", 2: "hat"}, [], [0, 1], id="one-name-twice"),
    ],
)
def test_classes_of_persons(names: dict[int, str], requested: list[str], expected: list[int]) -> None:
    assert person_class_indices(names, requested) == expected


def test_no_class_of_persons_lists_the_classes_and_the_parameter() -> None:
    with pytest.raises(
        WeightsError, match=r"^football\.pt .*'ball', 'Goalkeeper', 'player', 'referee'.*person_classes"
    ):
        person_class_indices(FOOTBALL, source="football.pt")
    many = {index: f"thing {index}" for index in range(600)}
    with pytest.raises(WeightsError, match="'thing 9' and 590 more"):
        person_class_indices(many)


@pytest.mark.parametrize("names", [FOOTBALL, {0: "ball"}], ids=["several", "one"])
def test_a_class_that_is_not_there(names: dict[int, str]) -> None:
    with pytest.raises(ParameterError, match=r"got 'plyer', expected classes of football\.pt: 'ball'") as caught:
        person_class_indices(names, ["ball", "plyer"], "football.pt")
    assert caught.value.field == "person_classes"
