"""Renders the templates of the page; whatever comes from people is escaped."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from videoprep_nb.core.text import format_size
from videoprep_nb.core.timecode import format_clock, format_duration
from videoprep_nb.jobs.models import MAX_NAME, MAX_NOTE
from videoprep_nb.server.ui import account_texts, texts

_FOLDER = Path(__file__).parent / "templates"


def render(template: str, /, **values: Any) -> str:
    """Fill in a template.

    Args:
        template: File name.
        values: What it shows.
    """
    return _environment.get_template(template).render(values)


def format_remaining(duration_s: float) -> str:
    """Seconds that are left, for people, no finer than they are known."""
    if duration_s < 60:
        return f"{max(round(duration_s), 1)} s"
    if duration_s < 600:
        return format_duration(round(duration_s / 10) * 10)
    minutes = round(duration_s / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


_environment = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.update(texts=texts, account_texts=account_texts, max_name=MAX_NAME, max_note=MAX_NOTE)
_environment.filters.update(clock=format_clock, duration=format_duration, remaining=format_remaining, size=format_size)
