"""The members of a registry as a Markdown table for the docs."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from videoprep_nb.core.registry import Registry

Member = TypeVar("Member")


def markdown_table(registry: Registry[Member], columns: Mapping[str, Callable[[Member], str]] | None = None) -> str:
    """A table with name, first line of the docstring, and options with their defaults.

    Args:
        registry: A registry of classes, each with an ``options_type``.
        columns: Further columns: heading, and what it says about a member.
    """
    more = columns or {}
    lines = [_row(registry.kind, "what it is", *more, "options"), "|---" * (3 + len(more)) + "|"]
    for name, member in registry.items():
        summary = (inspect.getdoc(member) or "").partition("\n")[0]
        lines.append(_row(f"`{name}`", summary, *(text(member) for text in more.values()), _options(member)))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _options(member: Any) -> str:
    fields = member.options_type.model_fields.items()
    return ", ".join(f"`{name}:{_short(field.default)}`" for name, field in fields)


def _short(default: object) -> str:
    if isinstance(default, list):
        return ",".join(default)
    return f"{default:.4g}" if isinstance(default, float) else str(default)
