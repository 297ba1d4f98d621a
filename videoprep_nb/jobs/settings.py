"""Parameters as people write them (``--set stage.param=value``, a YAML file), checked before any work starts."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

import yaml

from videoprep_nb.errors import ParameterError
from videoprep_nb.jobs.models import VideoInput
from videoprep_nb.jobs.plan import JobFolder, Unit, job_owned_parameters
from videoprep_nb.stages.params import STAGES, VIDEO_STAGES

Settings = dict[str, dict[str, Any]]
"""Values by stage and parameter name."""


def read_settings(file: Path | None, assignments: Iterable[str]) -> Settings:
    """Join a YAML file and single assignments, which win, and check every name and value.

    Args:
        file: YAML with ``stage: {param: value}``, or None.
        assignments: Texts such as ``clip.clip_duration_s=10``.

    Returns:
        The checked values.

    Raises:
        ParameterError: The file is not readable YAML, or a stage, name or value is wrong.
    """
    settings = _read_file(file) if file else {}
    for assignment in assignments:
        stage, name, text = _split(assignment)
        settings.setdefault(stage, {})[name] = _value(stage, name, text)
    return check_settings(settings)


def check_settings(settings: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Check names and values against the params models.

    Returns:
        The values as the models understand them.

    Raises:
        ParameterError: A stage, a name or a value is wrong, or the parameter is one that a job sets itself.
    """
    checked: Settings = {}
    for stage, values in settings.items():
        if stage not in STAGES:
            raise ParameterError(stage, f"there is no such stage; wanted one of {_near(stage, STAGES)}")
        for name in values:
            if name in owned_by_job(stage):
                raise ParameterError(f"{stage}.{name}", "a job sets this itself; leave it out")
        try:
            params = STAGES[stage].checked(values)
        except ParameterError as error:
            raise ParameterError(f"{stage}.{error.field}", error.reason) from None
        checked[stage] = {name: getattr(params, name) for name in values}
    return checked


def owned_by_job(stage: str) -> set[str]:
    """Names of the parameters that a job sets itself."""
    video = VideoInput(video_id="1", original_name="", path=Path()) if stage in VIDEO_STAGES else None
    return set(job_owned_parameters(Unit(stage, video), JobFolder(Path()), []))


def _read_file(file: Path) -> Settings:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(str(file), f"cannot be read as YAML ({error})") from None
    if not isinstance(content, dict) or not all(isinstance(values, dict) for values in content.values()):
        raise ParameterError(str(file), "wanted a stage on the first level and its parameters below it")
    return {stage: dict(values) for stage, values in content.items()}


def _split(assignment: str) -> tuple[str, str, str]:
    target, equals, text = assignment.partition("=")
    stage, dot, name = target.partition(".")
    if not equals or not dot:
        raise ParameterError(assignment, "wanted stage.param=value, for example clip.clip_duration_s=10")
    return stage, name, text


def _value(stage: str, name: str, text: str) -> Any:
    """Text to what YAML would make of it where the parameter is no text; lists may be written ``a,b``."""
    field = STAGES[stage].model_fields.get(name) if stage in STAGES else None
    if field is None or field.annotation is str:
        return text
    if get_origin(field.annotation) is list and not text.startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _near(name: str, known: Iterable[str]) -> str:
    return ", ".join(difflib.get_close_matches(name, list(known), n=3) or known)
