"""The links of a report: to the reports around it, and from its hints to their moments in the preview video."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from videoprep_nb.core.layout import staged_file

_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
_BEGIN, _END = "<!-- navigation -->", "<!-- end of navigation -->"
_NAVIGATION = re.compile(f"{_BEGIN}.*?{_END}", re.DOTALL)
_MOMENT = re.compile(r'(<span class="moment" data-place="([^"]*)">).*?(</span>)', re.DOTALL)
_ANY_MOMENT = re.compile(rb'(<span class="moment"[^>]*>).*?(</span>)', re.DOTALL)

Target = tuple[str, str]
"""File name and title of a page."""


@dataclass(frozen=True)
class Neighbours:
    """Where the links of a page lead.

    Args:
        before: The page before it; None for the first one.
        after: The page after it; None for the last one.
        video_before: The same stage of the video before; None for the first video and for all videos.
        video_after: The same stage of the video after.
    """

    before: Target | None
    after: Target | None
    video_before: Target | None = None
    video_after: Target | None = None


def link_page(path: Path, title: str, neighbours: Neighbours, moments: Mapping[str, str] | None = None) -> None:
    """Give a report its place among those of its job: a title that names the job, a way back and on, and moments.

    Args:
        path: The page; it was written by ``export_html`` and may have been linked before.
        title: Its title.
        neighbours: The pages around it.
        moments: Name of a place in the tracks → address of its moment in the preview video.

    Raises:
        DiskFullError: The disk was full.
    """
    page = path.read_text(encoding="utf-8")
    page = with_title(page, title)
    page = _NAVIGATION.sub(lambda _: f"{_BEGIN}{_navigation(neighbours)}{_END}", page)
    page = _MOMENT.sub(lambda found: f"{found[1]}{_moment((moments or {}).get(found[2]))}{found[3]}", page)
    with staged_file(path, durable=False) as staging:
        staging.write_text(page, encoding="utf-8")


def with_title(page: str, title: str) -> str:
    """A page with another title."""
    return _TITLE.sub(lambda _: f"<title>{escape(title)}</title>", page, count=1)


def preview_address(video_id: str, preview_s: float) -> str:
    """Where a report finds a moment of a preview video, which lies in the folder beside the reports."""
    return f"../preview/{video_id}.mp4#t={preview_s:g}"


def without_moments(page: bytes) -> bytes:
    """A report for where no preview video lies beside it: without links to its moments."""
    return _ANY_MOMENT.sub(rb"\1\2", page)


def _moment(address: str | None) -> str:
    return f' · <a href="{escape(address)}">▶ in the preview video</a>' if address else ""


def _navigation(neighbours: Neighbours) -> str:
    links = ['<a href="index.html">Overview</a>']
    if neighbours.before:
        links.insert(0, _link(neighbours.before, "← "))
    if neighbours.after:
        links.append(_link(neighbours.after, after=" →"))
    lines = [" · ".join(links)]
    videos = [_link(neighbours.video_before, "← ")] if neighbours.video_before else []
    videos += [_link(neighbours.video_after, after=" →")] if neighbours.video_after else []
    if videos:
        lines.append("Other videos: " + " · ".join(videos))
    return f'<nav class="reports">{"<br>".join(lines)}</nav>'


def _link(page: Target, before: str = "", after: str = "") -> str:
    name, title = page
    return f'<a href="{escape(quote(name))}">{before}{escape(title)}{after}</a>'
