"""Parameters as people write them (``--set stage.param=value``, a YAML file), checked before any work starts."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

import yaml

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.models import VideoInput
from videoprep_nb.jobs.scheduling.plan import JobFolder, Unit, job_owned_parameters
from videoprep_nb.stages.params import STAGES, VIDEO_STAGES
from videoprep_nb.stages.track_persons.params import TrackPersonsParams

Settings = dict[str, dict[str, Any]]
"""Values by stage and parameter name."""


_FOLLOWING = {"track_persons": {"frames_per_second"}}
"""Parameters that take the value of another stage in a job."""


class _Yaml(yaml.SafeLoader):
    """YAML in which only true and false are truth values, as in YAML 1.2; ``off`` is a word, as in camera_motion."""


_Yaml.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_settings(file: Path | None, assignments: Iterable[str]) -> Settings:
    """Join a YAML file and single assignments, which win, and check every name and value.

    Args:
        file: YAML with ``stage: {param: value}``, or None.
        assignments: Texts such as ``clip.clip_duration_s=10``; a list grows with each, of others the last one counts.

    Returns:
        The checked values.

    Raises:
        ParameterError: The file is not readable YAML, or a stage, name or value is wrong.
    """
    settings = _read_file(file) if file else {}
    for stage, values in _read_assignments(assignments).items():
        settings.setdefault(stage, {}).update(values)
    return _with_whole_paths(check_settings(settings))


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
            # with the defaults, so that those which go with a value are looked at together with it
            params = STAGES[stage].checked(STAGES[stage]().model_dump() | dict(values))
            if isinstance(params, TrackPersonsParams) and {"tracker", "tracker_options"} & set(values):
                _check_tracker(params)
        except ParameterError as error:
            raise ParameterError(f"{stage}.{error.field}", error.reason) from None
        checked[stage] = {name: getattr(params, name) for name in values}
    return checked


def _with_whole_paths(settings: Settings) -> Settings:
    """Files are named from the folder that one stands in, and notebooks run in another."""
    tracking = settings.get("track_persons", {})
    for name in {"weights", "detections_file"} & set(tracking):
        if Path(tracking[name]).is_file():
            tracking[name] = str(Path(tracking[name]).absolute())
        elif name == "detections_file" and tracking[name]:
            raise ParameterError(f"track_persons.{name}", f"there is no file {tracking[name]}")
    return settings


def _check_tracker(params: TrackPersonsParams) -> None:
    from videoprep_nb.tracking.trackers import read_tracker_options

    read_tracker_options(params.tracker, params.tracker_options)


def owned_by_job(stage: str) -> set[str]:
    """Names of the parameters that a job sets itself."""
    video = VideoInput(video_id="1", original_name="", path=Path()) if stage in VIDEO_STAGES else None
    return set(job_owned_parameters(Unit(stage, video), JobFolder(Path()), [])) | _FOLLOWING.get(stage, set())


def _read_file(file: Path) -> Settings:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(str(file), f"cannot be read as YAML ({error})") from None
    return read_yaml(text, str(file))


def read_yaml(text: str, name: str) -> Settings:
    """Read ``stage: {param: value}``; nothing is checked yet.

    Args:
        text: The YAML.
        name: What people call it.

    Raises:
        ParameterError: It is no such YAML.
    """
    try:
        content = yaml.load(text, _Yaml) or {}  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ParameterError(name, f"cannot be read as YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not all(isinstance(values, dict | None) for values in content.values()):
        raise ParameterError(name, "wanted a stage on the first level and its parameters below it")
    return {str(stage): _with_text_keys(values or {}) for stage, values in content.items()}


def _with_text_keys(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in values.items()}


def _read_assignments(assignments: Iterable[str]) -> Settings:
    settings: Settings = {}
    for assignment in assignments:
        stage, name, text = _split(assignment)
        values = settings.setdefault(stage, {})
        value = _value(stage, name, text)
        before = values.get(name)
        values[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return settings


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
        return yaml.load(text, _Yaml)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError):  # the second of a date such as 2026-13-45
        return text


def _near(name: str, known: Iterable[str]) -> str:
    return ", ".join(difflib.get_close_matches(name, list(known), n=3) or known)
