"""Options written ``name:value``, and the one sentence about a wrong one."""

import pytest
from pydantic import Field

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.options import Options, read_options


class ZooOptions(Options):
    seats: int = Field(4, ge=1, le=9, description="seats per cage")
    keeper: str = Field(description="who looks after it")


def read(*texts: str) -> ZooOptions:
    return read_options(ZooOptions, texts, "zoo", "zoo_options")


def test_values_may_hold_colons_and_spaces() -> None:
    assert read("seats : 2", "keeper: C:/Eva") == ZooOptions(seats=2, keeper="C:/Eva")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["seats"], "got 'seats', expected name:value such as seats:4"),
        (["seat:3"], "zoo has no option 'seat'; did you mean seats?"),
        (["keper:Eva"], "zoo has no option 'keper'; did you mean keeper?"),
        ([], "keeper: it must be set (who looks after it)"),
        (["keeper:a", "seats:10"], "seats: got '10', expected 9 or less (seats per cage)"),
    ],
)
def test_wrong_options_are_one_sentence(texts: list[str], reason: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read(*texts)
    assert (caught.value.field, caught.value.reason) == ("zoo_options", reason)


def test_options_that_are_parameters_too() -> None:
    assert read_options(ZooOptions, ["keeper:Eva"], "zoo", "zoo_options", {"seats": 7}).seats == 7
    with pytest.raises(ParameterError) as caught:
        read_options(ZooOptions, ["keeper:Eva"], "zoo", "zoo_options", {"seats": 70})
    assert caught.value.field == "seats"
