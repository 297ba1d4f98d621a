"""The commands that list the members of a registry and their options: ``detectors``, ``trackers``, ``formats``."""

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from videoprep_nb.cli.console import EXIT_USAGE, err, out, plain, stop
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.registry import Registry
from videoprep_nb.tracking.detector_options import DEFAULT_DETECTOR
from videoprep_nb.tracking.params import TrackingParams

if TYPE_CHECKING:
    from videoprep_nb.exports.base import Exporter
    from videoprep_nb.tracking.detectors import Detector
    from videoprep_nb.tracking.trackers import Tracker

_Member = TypeVar("_Member", type["Detector"], type["Tracker"], type["Exporter"])


def trackers(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show the options of this tracker.", show_default="list all")
    ] = None,
) -> None:
    """List the trackers, or the options of one; set them with tracker_options=NAME:VALUE."""
    from videoprep_nb.tracking.trackers import TRACKERS

    _print_members(TRACKERS, name, TrackingParams().tracker)


def detectors(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show the options of this detector.", show_default="list all")
    ] = None,
) -> None:
    """List the detectors, or the options of one."""
    from videoprep_nb.tracking.detectors import DETECTORS

    _print_members(DETECTORS, name, DEFAULT_DETECTOR)


def formats(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show the options of this format.", show_default="list all")
    ] = None,
) -> None:
    """List the export formats, or the options of one; set them with export --set OPTION=VALUE."""
    from videoprep_nb.exports.registry import EXPORTERS

    _print_members(EXPORTERS, name)


def _print_members(registry: Registry[_Member], name: str | None, default: str = "") -> None:
    """Print all members of a registry, or the options of one, and which plugins are broken."""
    try:
        table = _option_table(registry.find(name)) if name else _member_table(registry.kind, registry.values(), default)
    except ParameterError as error:
        raise stop(error, EXIT_USAGE) from None
    out.print(table)
    for reason in registry.broken.values():
        err.print(f"[yellow]{plain(reason)}[/]")


def _member_table(kind: str, members: Iterable[_Member], default: str) -> Table:
    table = Table(kind, "what it is", box=None)
    for member in members:
        mark = " (default)" if member.name == default else ""
        table.add_row(plain(member.name) + mark, plain((inspect.getdoc(member) or "").partition("\n")[0]))
    return table


def _option_table(member: _Member) -> Table:
    table = Table("option", "type", "default", "range", "meaning", box=None)
    for name, schema in member.options_type.model_json_schema().get("properties", {}).items():
        default = schema["default"]
        shown = f"{default:.4g}" if isinstance(default, float) else str(default)
        cells = (name, schema.get("type", ""), shown, _range(schema), schema.get("description", ""))
        table.add_row(*(plain(cell) for cell in cells))
    return table


def _range(schema: dict[str, Any]) -> str:
    """What a JSON schema allows, such as ``≥ 0, < 1``."""
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]:g}" for key, sign in signs.items() if key in schema]
    return ", ".join(limits) or ", ".join(str(value) for value in schema.get("enum", []))
