"""The form of the parameters: labels, help, ranges and defaults come from the params models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from videoprep_nb.core.params import MULTILINE, PLAIN
from videoprep_nb.server.ui import texts
from videoprep_nb.stages.base import Stage
from videoprep_nb.stages.registry import STAGES


@dataclass(frozen=True)
class FormField:
    """One parameter in the form.

    Args:
        stage: Its stage.
        name: Its name.
        info: What the params model says about it.
        offered: What can be in a list, name → title; empty when anything can be.
    """

    stage: str
    name: str
    info: FieldInfo
    offered: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Its name in problems of the API: ``clip.clip_duration_s``."""
        return f"{self.stage}.{self.name}"

    @property
    def label(self) -> str:
        """Its name for people: ``Clip duration (seconds)``; the title of the field where the name alone says little."""
        if self.info.title:
            return self.info.title
        words = self.name.split("_")
        unit = texts.UNITS.get(words[-1])
        text = " ".join(texts.ACRONYMS.get(word, word) for word in (words[:-1] if unit else words))
        return f"{text[0].upper()}{text[1:]}" + (f" ({unit})" if unit else "")

    @property
    def help(self) -> str:
        """What it means."""
        return self.info.description or ""

    @property
    def is_plain(self) -> bool:
        """Whether everybody understands it; the others are for engineers."""
        return self.info.json_schema_extra == PLAIN

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen; empty when anything can be written."""
        return get_args(self.info.annotation) if get_origin(self.info.annotation) is Literal else ()

    @property
    def kind(self) -> Literal["choice", "choices", "boolean", "number", "list", "lines", "text"]:
        """How it is filled in; a list of which nothing is offered is a text with commas."""
        types = {self.info.annotation, *get_args(self.info.annotation)}
        if self.choices:
            return "choice"
        if self.offered:
            return "choices"
        if bool in types:
            return "boolean"
        if types & {int, float}:
            return "number"
        if get_origin(self.info.annotation) is list:
            return "list"
        return "lines" if self.info.json_schema_extra == MULTILINE else "text"

    @property
    def example(self) -> str:
        """A value that shows how a text of several lines is written; empty if there is none."""
        return str(next(iter(self.info.examples or ()), ""))

    @property
    def is_optional(self) -> bool:
        """Whether it may have no value at all."""
        return type(None) in get_args(self.info.annotation)

    @property
    def default(self) -> Any:
        """Its default, as the input holds it."""
        value = self.info.get_default(call_default_factory=True)
        if value is None:
            return ""
        if self.kind == "list":
            return ", ".join(value)
        return int(value) if self.kind == "number" and value == int(value) else value

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of its input, or of its list of choices."""
        name = self.full_name
        attributes = {
            "id": name,
            "name": name,
            "data-kind": self.kind,
            "aria-describedby": f"{name}.problem {name}.help",
        }
        if self.kind == "number":
            is_required = None if self.is_optional else True
            return attributes | {"type": "number", "value": self.default, "required": is_required} | self.limits
        if self.kind == "boolean":
            return attributes | {"type": "checkbox", "checked": self.default or None}
        if self.kind == "lines":
            return attributes | {"rows": max(4, self.example.count("\n") + 2), "spellcheck": "false"}
        if self.kind in ("choice", "choices"):
            return attributes
        return attributes | {"type": "text", "value": self.default, "spellcheck": "false"}

    @property
    def limits(self) -> dict[str, Any]:
        """Smallest and largest value and step of a number; None where there is no such limit."""
        return {
            "min": self._constraint("ge", "gt"),
            "max": self._constraint("le", "lt"),
            "step": self._constraint("multiple_of") or (1 if self.info.annotation is int else "any"),
        }

    def _constraint(self, *names: str) -> Any:
        """The first constraint of the model by one of these names."""
        return next(
            (getattr(found, name) for found in self.info.metadata for name in names if hasattr(found, name)), None
        )


def form_fields() -> list[tuple[Stage, list[FormField]]]:
    """The parameters that people can set, by stage; a stage without any is left out."""
    fields = [(stage, _fields_of(stage)) for stage in STAGES.values()]
    return [(stage, of_stage) for stage, of_stage in fields if of_stage]


def _fields_of(stage: Stage) -> list[FormField]:
    return [
        FormField(stage.name, name, info, stage.choices[name]() if name in stage.choices else {})
        for name, info in stage.params.model_fields.items()
        if name not in {*stage.job_parameters, *stage.server_rules, stage.time_ranges_parameter}
    ]
