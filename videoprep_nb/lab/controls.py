"""A control for a parameter, made from its field: name, type, range and help are written down in the model only."""

import math
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

import ipywidgets
from pydantic.fields import FieldInfo

_STEPS = 100
_FAR = 20
"""A range that ends at more than this many times the default would leave no room to aim at useful values."""
_REACH = 5
_TRIED = 4

_LAYOUT = {"width": "98%"}
_STYLE = {"description_width": "112px"}


def control_for(name: str, field: FieldInfo, value: Any, choices: Iterable[str] | None = None) -> ipywidgets.Widget:
    """Make the control that fits a parameter.

    Args:
        name: The parameter.
        field: Its type, range and help.
        value: What it is set to at first.
        choices: Names to choose from, for a text of which not any will do.
    """
    common = {
        "description": name,
        "tooltip": field.description or name,
        "value": value,
        "layout": _LAYOUT,
        "style": _STYLE,
    }
    kind = field.annotation
    if get_origin(kind) is Literal:
        choices = get_args(kind)
    if choices is not None:
        return ipywidgets.Dropdown(options=list(choices), **common)
    if kind is bool:
        return ipywidgets.Checkbox(indent=True, **common)
    if kind is int:
        low, high = _range(field, value)
        return ipywidgets.IntSlider(min=math.floor(low), max=math.ceil(high), **common)
    if kind is float:
        low, high = _range(field, value)
        step = _round_step((high - low) / _STEPS)
        decimals = max(0, -math.floor(math.log10(step)))
        return ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=f".{decimals}f", **common)
    if kind is str:
        return ipywidgets.Text(continuous_update=False, **common)
    raise TypeError(f"there is no control for {name}, which is of type {kind}")


def values_to_try(field: FieldInfo, value: Any, choices: Iterable[str] | None = None) -> list[str]:
    """A few values of a parameter over its range, for a grid.

    Args:
        field: The parameter.
        value: What it is set to; it is among them.
        choices: Names to choose from, for a text of which not any will do.
    """
    if get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
    if choices is not None:
        return list(choices)
    if field.annotation is bool:
        return ["True", "False"]
    low, high = _range(field, value)
    step = (high - low) / (_TRIED - 1)
    spread = {round(low + i * step) if field.annotation is int else round(low + i * step, 2) for i in range(_TRIED)}
    return [f"{one:g}" for one in sorted(spread | {value})]


def _range(field: FieldInfo, value: float) -> tuple[float, float]:
    """The limits of a slider: those of the field, less far where the field allows very much."""
    bounds: dict[str, float] = {}
    for rule in field.metadata:
        bounds |= {side: float(getattr(rule, side)) for side in ("ge", "gt", "le", "lt") if hasattr(rule, side)}
    low = bounds.get("ge", bounds.get("gt", 0.0))
    default = abs(float(field.default)) or 1.0
    high = bounds.get("le", bounds.get("lt", math.inf))
    if high > _FAR * default:
        high = max(low + _REACH * default, 10.0 if field.annotation is int else 0.0)
    high = max(high, value)
    step = 1.0 if field.annotation is int else _round_step((high - low) / _STEPS)
    return low + step * ("gt" in bounds), high - step * ("lt" in bounds)


def _round_step(step: float) -> float:
    """The next smaller of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= step * (1 + 1e-9))
