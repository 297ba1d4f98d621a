"""Sentences about values that a model rejects."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from videoprep_nb.core.expectations import got_and_expected


def _reject(value: str) -> str:
    raise ValueError("expected a colour")


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (Annotated[int, Field(multiple_of=2)], -7, "got -7, expected a multiple of 2"),
        (Annotated[int, Field(ge=16)], 4, "got 4, expected 16 or more"),
        (Annotated[float, Field(gt=0)], 0, "got 0, expected more than 0"),
        (Annotated[int, Field(le=40)], 41, "got 41, expected 40 or less"),
        (Annotated[float, Field(lt=0.5)], 0.5, "got 0.5, expected less than 0.5"),
        (Literal["keep", "drop"], "lose", "got 'lose', expected 'keep' or 'drop'"),
        (int, "many", "got 'many', expected a valid integer"),
        (bool, "perhaps", "got 'perhaps', expected a valid boolean"),
        (Annotated[str, AfterValidator(_reject)], "loud", "got 'loud', expected a colour"),
    ],
)
def test_sentence(kind: Any, value: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert got_and_expected(caught.value.errors()[0]) == sentence
