"""Job parameters as people write them: ``--set stage.param=value``, or a YAML file."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

import yaml

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.file_names import path_from_text
from videoprep_nb.core.params import Params
from videoprep_nb.core.text import reason_of
from videoprep_nb.core.yaml_text import load_yaml
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.presets import STANDARD, find_preset
from videoprep_nb.stages.registry import STAGES

_Values = dict[str, dict[str, Any]]
"""Values by stage and parameter name, as they were read."""


class _Yaml(yaml.SafeLoader):
    """YAML in which only true and false are booleans, as in YAML 1.2; ``off`` stays a word."""


_Yaml.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_settings(file: Path | None, assignments: Iterable[str], preset: str = STANDARD) -> JobParams:
    """Join a preset, a YAML file and single assignments, of which the later one wins, and check every name and value.

    Args:
        file: YAML with ``stage: {param: value}``, or None.
        assignments: Texts such as ``clip.clip_duration_s=10``; a list grows with each, of others the last one counts.
            ``@FILE`` stands for the text in a file.
        preset: Name of a preset.

    Raises:
        ParameterError: There is no such preset, the file is not readable YAML, or a stage, name or value is wrong.
    """
    values: _Values = find_preset(preset).model_dump(mode="json")
    for given in (_read_file(file) if file else {}, _read_assignments(assignments)):
        for stage, of_stage in given.items():
            values.setdefault(stage, {}).update(of_stage)
    return JobParams.model_validate(with_whole_paths(values))


def text_or_file(text: str) -> str:
    """A text, or the content of the file that it names behind ``@``.

    Raises:
        ParameterError: The file cannot be read as text.
    """
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(text, f"cannot be read as text ({reason_of(error)})") from None


def read_values(model: type[Params], assignments: Iterable[str]) -> dict[str, Any]:
    """Values for one model, from texts such as ``max_gap_s=1``; nothing is checked yet.

    Raises:
        ParameterError: A text has no ``=``.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ParameterError(assignment, "expected name=value, for example max_gap_s=1")
        _add(values, model, name, text)
    return values


def read_yaml(text: str, name: str) -> _Values:
    """Read ``stage: {param: value}``; nothing is checked yet.

    Args:
        text: The YAML.
        name: What people call it.

    Raises:
        ParameterError: It is no such YAML.
    """
    try:
        content = load_yaml(text, _Yaml) or {}
    except ValueError as error:
        raise ParameterError(name, str(error)) from None
    if not isinstance(content, dict) or not all(isinstance(values, dict | None) for values in content.values()):
        raise ParameterError(name, "expected a stage on the first level and its parameters below it")
    return {str(stage): _with_text_keys(values or {}) for stage, values in content.items()}


def with_whole_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with absolute paths: files are named from the folder that one stands in, and notebooks run in another.

    Args:
        settings: Values by stage and parameter; nothing is checked yet.

    Raises:
        ParameterError: A file does not exist.
    """
    return {
        name: {**values, **_whole_paths(name, values)} if isinstance(values, Mapping) else values
        for name, values in settings.items()
    }


def _whole_paths(stage: str, values: Mapping[str, Any]) -> dict[str, str]:
    files = STAGES[stage].file_parameters if stage in STAGES else {}
    whole = {}
    for parameter in files.keys() & values.keys():
        value = str(values[parameter])
        try:
            path = files[parameter].find(path_from_text(value))
        except ValueError as error:
            raise ParameterError(f"{stage}.{parameter}", f"got {value}: {error}") from None
        if path is not None:
            whole[parameter] = str(path.absolute())
        elif files[parameter].is_file and value:
            raise ParameterError(f"{stage}.{parameter}", f"there is no file {value}")
    return whole


def _read_file(file: Path) -> _Values:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(str(file), f"cannot be read as YAML ({reason_of(error)})") from None
    return read_yaml(text, str(file))


def _with_text_keys(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in values.items()}


def _read_assignments(assignments: Iterable[str]) -> _Values:
    settings: _Values = {}
    for assignment in assignments:
        stage, name, text = _split(assignment)
        _add(settings.setdefault(stage, {}), STAGES[stage].params if stage in STAGES else None, name, text)
    return settings


def _add(values: dict[str, Any], model: type[Params] | None, name: str, text: str) -> None:
    """Add one value; a list grows."""
    value = _value(model, name, text)
    before = values.get(name)
    values[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value


def _split(assignment: str) -> tuple[str, str, str]:
    target, equals, text = assignment.partition("=")
    stage, dot, name = target.partition(".")
    if not equals or not dot:
        raise ParameterError(assignment, "expected stage.param=value, for example clip.clip_duration_s=10")
    return stage, name, text


def _value(model: type[Params] | None, name: str, text: str) -> Any:
    """Text to what YAML would make of it where the parameter is no text; lists may be written ``a,b``."""
    field = model.model_fields.get(name) if model else None
    if field is None:
        return text
    if field.annotation is str:
        return text_or_file(text)
    if get_origin(field.annotation) is list and not text.startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    try:
        return load_yaml(text, _Yaml)
    except ValueError:  # also of a date such as 2026-13-45
        return text
