"""What every parameter model is: typed fields with ranges, and errors that name the parameter."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict, SerializerFunctionWrapHandler, ValidationError, field_validator, model_serializer
from pydantic.config import JsonDict
from pydantic_core import InitErrorDetails, PydanticCustomError

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.expectations import got_and_expected
from videoprep_nb.core.file_names import is_utf8, path_from_text, path_to_text
from videoprep_nb.core.old_names import AcceptsOldNames
from videoprep_nb.core.registry import near_matches

VIDEO_ID_PATTERN = r"^[A-Za-z0-9-]{1,40}$"
VIDEO_ID_HELP = "number of the video within the job; prefix of the names of its clips and frames"

MULTILINE: JsonDict = {"multiline": True}
"""``json_schema_extra`` of a text that people write in several lines."""

PLAIN: JsonDict = {"plain": True}
"""``json_schema_extra`` of what everybody understands who knows the footage; the page has the others for engineers."""

_MAX_ITEMS = 10_000
_INJECTED_CELL = "# Parameters"


class Params(AcceptsOldNames):
    """Base of the parameter models."""

    # papermill and YAML turn a video id or a frame rate such as 25 into a number
    model_config = ConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, validate_default=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read_paths(cls, value: Any) -> Any:
        """In notebooks and JSON, a path that is no text is a ``file:`` URL."""
        if isinstance(value, list):
            return [path_from_text(item) if isinstance(item, str) else item for item in value]
        return path_from_text(value) if isinstance(value, str) else value

    @model_serializer(mode="wrap", when_used="json")
    def _write_paths(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: _as_text(value) for name, value in write(self).items()}

    @classmethod
    def from_cell(cls, namespace: Mapping[str, Any]) -> Self:
        """Take the parameters out of a notebook's variables, ``from_cell(globals())``.

        papermill itself takes any name. The names in the cell that it injected are therefore compared with the model.

        Raises:
            ParameterError: papermill was given an unknown name, or a value has the wrong type or is out of range.
        """
        injected = injected_names(namespace.get("In", ()))
        for name in injected - cls.model_fields.keys() - cls.old_names().keys():
            raise _unknown(name, cls.model_fields)
        values = {name: namespace[name] for name in cls.model_fields if name in namespace}
        for old, new in cls.old_names().items():
            if old in injected or (old in namespace and new not in injected):
                values[old] = namespace[old]
            if old in injected and new not in injected:
                values.pop(new, None)  # the default that the notebook's own cell assigns
        return cls.checked(values)

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Self:
        """Build the parameters from outside values.

        Raises:
            ParameterError: A name is unknown, or a value has the wrong type or is out of range.
        """
        for problem in cls._size_problems(values):
            raise problem
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise next(cls._problems_of(error)) from None

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[ParameterError]:
        """All that is wrong with outside values, each parameter once; ``checked`` raises the first.

        Args:
            values: The values by name.

        Example:
            >>> class Size(Params):
            ...     width: int
            ...     height: int
            >>> [problem.field for problem in Size.problems({"width": "wide", "height": "high"})]
            ['width', 'height']
        """
        refused = set()
        for problem in cls._size_problems(values):
            refused.add(problem.field)
            yield problem
        try:
            cls.model_validate({name: value for name, value in values.items() if name not in refused})
        except ParameterError as error:  # of old names
            yield error
        except ValidationError as error:
            yield from cls._problems_of(error)

    @classmethod
    def _problems_of(cls, error: ValidationError) -> Iterator[ParameterError]:
        """What pydantic found, in our words; of a list with several wrong items only the first one."""
        found: dict[str, Any] = {}
        for problem in error.errors():
            found.setdefault(str(problem["loc"][0]) if problem["loc"] else cls.__name__, problem)
        for name, problem in found.items():
            if problem["type"] == _FROM_PARAMETER_ERROR:
                yield ParameterError(name, problem["msg"])
            else:
                yield ParameterError(name, f"{got_and_expected(problem)} ({cls.model_fields[name].description})")

    @classmethod
    def _size_problems(cls, values: Mapping[str, Any]) -> Iterator[ParameterError]:
        """What pydantic would make an error of for every name and item, of which there may be a million."""
        known = {*cls.model_fields, *cls.old_names()}
        for name, value in values.items():
            if name not in known:
                yield _unknown(str(name), cls.model_fields)
            elif isinstance(value, list | dict) and len(value) > _MAX_ITEMS:
                yield ParameterError(name, f"got {len(value):,} values, expected at most {_MAX_ITEMS:,}")


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return path_to_text(Path(value)) if isinstance(value, str) and not is_utf8(value) else value


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


def injected_names(cells: Sequence[str]) -> set[str]:
    r"""The names that papermill was given: those that are assigned in the cell that it injects.

    Args:
        cells: The source of the cells executed so far, IPython's ``In``.

    Example:
        >>> sorted(injected_names(["width = 1280", "# Parameters\nwidth = 640\nheight = 360"]))
        ['height', 'width']
    """
    for source in reversed(cells):
        if source.startswith(_INJECTED_CELL):
            assignments = [line for line in ast.parse(source).body if isinstance(line, ast.Assign)]
            targets = [target for assignment in assignments for target in assignment.targets]
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _unknown(name: str, known: Mapping[str, Any]) -> ParameterError:
    return ParameterError(name, f"unknown parameter; {near_matches(name, known)}")
