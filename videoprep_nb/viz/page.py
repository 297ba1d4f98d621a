"""A page that works offline and in a sandbox: styles are inside, nothing is loaded and nothing runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from IPython.display import HTML

PAGE_TEMPLATES = Path(__file__).parent / "page_template"
"""Folder of ``head.html.j2``, which every page includes, and its style."""


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Args:
        heading: Its heading.
        body: What it shows; every text in it is escaped already.
        text: A sentence before it; empty for none.
    """

    heading: str
    body: HTML
    text: str = ""


def render_page(title: str, intro: str, sections: Sequence[Section]) -> str:
    """A page as HTML.

    Args:
        title: Title and first heading.
        intro: A paragraph under it.
        sections: Its parts.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(PAGE_TEMPLATES), autoescape=True)
    template = environment.get_template("sections.html.j2")
    return template.render(title=title, intro=intro, sections=sections)
