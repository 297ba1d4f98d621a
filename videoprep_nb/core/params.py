"""What every parameter model is: typed fields with ranges, and errors that name the parameter."""

import difflib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from videoprep_nb.core.errors import ParameterError

VIDEO_ID_PATTERN = r"^[A-Za-z0-9-]{1,40}$"
VIDEO_ID_HELP = "number of the video within the job; it begins the names of its clips and frames"


class Params(BaseModel):
    """Base of the parameter models."""

    # papermill and YAML turn a video id or a frame rate such as 25 into a number
    model_config = ConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, validate_default=True
    )

    @classmethod
    def from_cell(cls, namespace: Mapping[str, Any]) -> Self:
        """Take the parameters out of a notebook's variables, ``from_cell(globals())``.

        Raises:
            ParameterError: A value has the wrong type or is out of range.
        """
        return cls.checked({name: namespace[name] for name in cls.model_fields if name in namespace})

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Self:
        """Build the parameters from outside values.

        Raises:
            ParameterError: A name is unknown, or a value has the wrong type or is out of range.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else cls.__name__
            if first["type"] == _FROM_PARAMETER_ERROR:
                raise ParameterError(name, first["msg"]) from None
            if name not in cls.model_fields:
                raise ParameterError(name, _unknown_name(name, list(cls.model_fields))) from None
            raise ParameterError(name, _out_of_range(first, cls.model_fields[name].description)) from None


_FROM_PARAMETER_ERROR = "parameter_error"


def as_validation_error(error: ParameterError, params: Params) -> ValidationError:
    """An error in the form in which pydantic passes it on; ``checked`` gives it back as it was.

    Args:
        error: What a validator found; its field is one of the parameters.
        params: The parameters.
    """
    problem = PydanticCustomError(_FROM_PARAMETER_ERROR, "{reason}", {"reason": error.reason})
    details = InitErrorDetails(type=problem, loc=(error.field,), input=getattr(params, error.field))
    return ValidationError.from_exception_data(type(params).__name__, [details])


def _unknown_name(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known)}"
    return f"there is no such parameter; {hint}"


def _out_of_range(error: Any, help_text: str | None) -> str:
    problem = str(error["msg"]).removeprefix("Value error, ")
    found = f"found {error['input']!r}, "
    return f"{found}{'' if problem.startswith('wanted') else 'but: '}{problem.removeprefix(found)} ({help_text})"
