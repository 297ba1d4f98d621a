"""The form of the parameters: labels, help, ranges and defaults come from the params models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from pydantic.fields import FieldInfo

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.jobs.params import JobParams
from videoprep_nb.jobs.settings import read_yaml
from videoprep_nb.server.ui import texts
from videoprep_nb.server.ui.presets import presets
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class FormField:
    """One parameter in the form.

    Args:
        stage: Its stage.
        name: Its name.
        info: What the params model says about it.
    """

    stage: str
    name: str
    info: FieldInfo

    @property
    def is_list(self) -> bool:
        """Whether it is a list of texts, written with commas."""
        return get_origin(self.info.annotation) is list

    @property
    def is_optional(self) -> bool:
        """Whether it may have no value at all."""
        return type(None) in get_args(self.info.annotation)

    def shown(self, value: Any) -> Any:
        """A value as the form shows it."""
        if self.is_optional:
            return "" if value is None else str(value)
        return ", ".join(value) if self.is_list else value

    def read(self, value: Any) -> Any:
        """What the form shows as a value."""
        if isinstance(value, str):
            value = value.strip()
        if self.is_optional:
            return value or None
        return [item.strip() for item in value.split(",") if item.strip()] if self.is_list else value


def form_fields() -> list[FormField]:
    """The parameters that people can set, in the order of the stages."""
    return [
        FormField(stage.name, name, info)
        for stage in STAGES.values()
        for name, info in stage.params.model_fields.items()
        if name not in stage.job_parameters and name not in stage.server_rules
    ]


def build_component(field: FormField) -> gr.components.Component:
    """The input for a parameter; call it where the input is to appear."""
    kind = field.info.annotation
    common: dict[str, Any] = {
        "label": _label(field.name),
        "info": field.info.description or "",
        "value": field.shown(field.info.get_default(call_default_factory=True)),
        "elem_id": f"vp-{field.stage}-{field.name}".replace("_", "-"),
        "interactive": True,
    }
    if get_origin(kind) is Literal:
        return gr.Dropdown(choices=list(get_args(kind)), **common)
    if kind is bool:
        return gr.Checkbox(**common)
    if kind in (int, float):
        return gr.Number(**common)
    # also for a number that may be left out: Gradio's Number makes 0 of an empty one
    return gr.Textbox(max_lines=1, **common)


def read_form(fields: Sequence[FormField], values: Sequence[Any]) -> JobParams:
    """The parameters that differ from the defaults.

    Args:
        fields: The parameters.
        values: What their inputs hold.

    Raises:
        ParameterError: A value makes no sense; the error names it as the form does.
    """
    settings: dict[str, dict[str, Any]] = {}
    for field, shown in zip(fields, values, strict=True):
        value = field.read(shown)
        if value is None and not field.is_optional:
            raise ParameterError(_full_label(field.stage, field.name), texts.EMPTY_INPUT)
        if value != field.info.get_default(call_default_factory=True):
            settings.setdefault(field.stage, {})[field.name] = value
    try:
        return JobParams.model_validate(settings)
    except ParameterError as error:
        stage, _, name = error.field.partition(".")
        raise ParameterError(_full_label(stage, name), error.reason) from None


def form_values(fields: Sequence[FormField], params: JobParams) -> list[Any]:
    """What the inputs of a form have to hold for certain parameters; all others get their defaults."""
    return [field.shown(getattr(params.of(field.stage), field.name)) for field in fields]


def with_yaml(fields: Sequence[FormField], values: Sequence[Any], text: str) -> list[Any]:
    """What the inputs of a form hold after settings were pasted.

    Args:
        fields: The parameters.
        values: What their inputs hold.
        text: YAML as ``videoprep run --params`` and the tracker lab have it.

    Returns:
        The same, but for the parameters that are named.

    Raises:
        ParameterError: It is no such YAML, a value makes no sense, or a parameter is none of the form.
    """
    params = JobParams.model_validate(read_yaml(text, texts.PASTED))
    known = {(field.stage, field.name) for field in fields}
    for stage in params.root:
        for name in params.given(stage):
            if (stage, name) not in known:
                raise ParameterError(f"{stage}.{name}", texts.NOT_ON_PAGE)
    return [
        field.shown(getattr(params.of(field.stage), field.name)) if field.name in params.given(field.stage) else value
        for field, value in zip(fields, values, strict=True)
    ]


def with_preset(fields: Sequence[FormField], values: Sequence[Any], preset: str) -> list[Any]:
    """What the inputs of a form hold after a preset was chosen.

    Args:
        fields: The parameters.
        values: What their inputs hold.
        preset: Name of the preset.

    Returns:
        The same, but for the parameters that one of the presets sets.
    """
    of_presets = {
        (stage, name) for params in presets().values() for stage in params.root for name in params.given(stage)
    }
    return [
        of_preset if (field.stage, field.name) in of_presets else value
        for field, value, of_preset in zip(fields, values, form_values(fields, presets()[preset]), strict=True)
    ]


def _full_label(stage: str, name: str) -> str:
    return f"{STAGES[stage].title} – {_label(name)}"


def _label(name: str) -> str:
    """``clip_duration_s`` to ``Clip duration (seconds)``."""
    words = name.split("_")
    unit = texts.UNITS.get(words[-1])
    text = " ".join(texts.ACRONYMS.get(word, word) for word in (words[:-1] if unit else words))
    return f"{text[0].upper()}{text[1:]}" + (f" ({unit})" if unit else "")
