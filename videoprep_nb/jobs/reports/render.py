"""Reports as web pages: an executed notebook, and the page that leads through the notebooks of a job.

The pages work offline and in a sandbox without scripts: images and styles are inside, nothing is loaded and nothing
runs (nbconvert's own templates link to a content delivery network).
"""

import base64
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import LeftOutClip, PlaceRecord
from videoprep_nb.core.timecode import format_clock, format_duration
from videoprep_nb.core.turns import in_turns
from videoprep_nb.jobs.models import State
from videoprep_nb.jobs.reports.links import preview_address, with_title
from videoprep_nb.viz.page import PAGE_TEMPLATES

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

FAILURE_TAG = "videoprep-failure"
"""Tag of a raw cell that holds the sentence about a failure which no cell shows, such as a dead kernel."""

_TEMPLATES = Path(__file__).parent / "report_template"
_IMAGE_TYPES = ("image/jpeg", "image/png")
_THUMBNAIL_SIZE_PX = (480, 300)
_MAX_THUMBNAILS = 100
_MAX_PLACES = 20
_ABOUT_BEGIN, _ABOUT_END = "<!-- about -->", "<!-- end of about -->"
_ABOUT = re.compile(f"{_ABOUT_BEGIN}.*?{_ABOUT_END}|<h1>.*?</h1>", re.DOTALL)  # older pages have the heading alone


@dataclass(frozen=True)
class ReportEntry:
    """The report of one stage.

    Args:
        title: Title of the stage.
        video_id: The video, None for a stage that runs once per job.
        state: ``done``, ``failed`` or ``cancelled``.
        message: What went wrong, in one sentence; empty when nothing did.
        elapsed_s: Wall time in seconds.
        html_name: The page beside ``index.html``; empty when there is none.
        thumbnail: A small JPEG of it, see ``first_image``; None when there is none.
        shows_places: Whether it shows where in the tracks to look.
        is_of_part: Whether it is of a part of a long video.
    """

    title: str
    video_id: str | None
    state: str
    message: str
    elapsed_s: float
    html_name: str
    thumbnail: bytes | None
    shows_places: bool = False
    is_of_part: bool = False


@dataclass(frozen=True)
class VideoEntry:
    """One video of a job.

    Args:
        video_id: Its number.
        original_name: File name as submitted.
        state: ``done``, ``failed`` or ``cancelled``.
        message: What went wrong, in one sentence; empty when nothing did.
        decoded_frame_count: Frames decoded from the raw file.
        clip_count: Clips cut from it.
        frame_count: JPEGs extracted.
        person_count: Different persons, as far as the tracker can tell; None where nobody has looked for them.
        places: Where in its tracks to look first, the worst in front.
        findings: Notes on the file.
        left_out: Clips that are not in the package, with the reasons.
        has_preview: Whether its preview video lies beside the reports.
    """

    video_id: str
    original_name: str
    state: str
    message: str
    decoded_frame_count: int
    clip_count: int
    frame_count: int
    person_count: int | None
    places: Sequence[PlaceRecord]
    findings: Sequence[str]
    left_out: Sequence[LeftOutClip] = ()
    has_preview: bool = False

    def moment_of(self, place: PlaceRecord) -> str:
        """Where the moment of a place is in the preview video; empty where that does not show it."""
        if place.preview_s is None or not self.has_preview:
            return ""
        return preview_address(self.video_id, place.preview_s)


@dataclass(frozen=True)
class JobSummary:
    """What the page of a job shows.

    Args:
        title: Its number and name for people, ``Job 32 · Station, north``.
        submitted: When and by whom, in words.
        state: ``done``, ``completed with errors``, ``failed`` or ``cancelled``.
        message: One sentence for the user; empty when all went well.
        elapsed_s: Wall time in seconds.
        package_name: File name of the package; empty when there is none. It is no link, which would be dead for whoever
            has the reports alone.
        videos: The videos, in order.
        reports: The reports, in the order they were written.
        settings: What differs from the defaults: name and value.
        versions: Versions of what made the result: name and version.
        note: What people noted about it, in several lines.
    """

    title: str
    submitted: str
    state: str
    message: str
    elapsed_s: float
    package_name: str
    videos: Sequence[VideoEntry]
    reports: Sequence[ReportEntry]
    settings: Sequence[tuple[str, str]] = ()
    versions: Sequence[tuple[str, str]] = ()
    note: str = ""

    @property
    def refused(self) -> list[VideoEntry]:
        """The videos that could not be processed."""
        return [video for video in self.videos if video.state == State.FAILED]

    @property
    def places(self) -> list[tuple[VideoEntry, PlaceRecord]]:
        """Where to look first over all videos: the worst of each video, then the second of each, and so on."""
        return in_turns([(video, place) for place in video.places] for video in self.videos)[:_MAX_PLACES]


def export_html(notebook_path: Path, html_path: Path, *, replace: bool = True) -> None:
    """Write an executed notebook as a web page.

    Args:
        notebook_path: The notebook; a failed one works too.
        html_path: The page to write; it appears complete.
        replace: Whether it takes the place of an older page; else that one stays.

    Raises:
        InputError: There is no such notebook.
        DiskFullError: The disk was full.
    """
    import nbformat

    try:
        notebook = nbformat.read(notebook_path, as_version=4)
    except FileNotFoundError:
        raise InputError(f"{notebook_path} does not exist; expected a notebook that was run.") from None
    except (nbformat.reader.NotJSONError, UnicodeDecodeError, AttributeError, KeyError):
        raise InputError(f"{notebook_path} is not a notebook; expected an .ipynb file.") from None
    page = render_html(notebook, notebook_path.stem)
    with staged_file(html_path, replace=replace) as staging:
        staging.write_text(page, encoding="utf-8")


def render_html(notebook: Any, default_title: str) -> str:
    """An executed notebook, as nbformat holds it, as a web page.

    Args:
        notebook: The notebook; the cells after one that failed are taken out of it.
        default_title: Title when it has no heading.
    """
    notebook.cells = _cells_that_ran(notebook)
    resources = {"report_title": _title(notebook) or default_title, "report_failure": _failure(notebook)}
    return str(_exporter().from_notebook_node(notebook, resources)[0])


@cache
def _exporter() -> "HTMLExporter":
    """Kept, because it compiles its templates when it is first used, which takes longer than most notebooks."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    return HTMLExporter(
        template_name=_TEMPLATES.name,
        extra_template_basedirs=[str(_TEMPLATES.parent)],
        extra_template_paths=[str(PAGE_TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config=Config(CSSHTMLHeaderPreprocessor={"style": "default"}),
    )


def first_image(notebook_path: Path) -> bytes | None:
    """A thumbnail (JPEG) of the first image in an executed notebook, None when it has none."""
    # read as JSON: nbformat, which takes a second to import, would validate what is only read here
    for cell in json.loads(notebook_path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for mime_type in _IMAGE_TYPES:
                if mime_type in data:
                    return _thumbnail(base64.b64decode("".join(data[mime_type])))
    return None


def write_index(path: Path, job: JobSummary) -> None:
    """Write the page that leads through the reports of a job.

    Args:
        path: The page, in the folder of the reports; it appears complete.
        job: What it shows.

    Raises:
        DiskFullError: The disk was full.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader([_TEMPLATES, PAGE_TEMPLATES]), autoescape=True)
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    environment.filters["duration"] = format_duration
    environment.filters["clock"] = format_clock
    environment.filters["without_subject"] = lambda text, subject: text.removeprefix(subject).lstrip()
    bounded = replace(job, reports=[_bounded(entry, i) for i, entry in enumerate(job.reports)])
    with staged_file(path) as staging:
        template = environment.get_template("job.html.j2")
        staging.write_text(template.render(job=bounded, about=_about(job.title, job.note)), encoding="utf-8")


def rename_index(path: Path, title: str, note: str) -> None:
    """Change title and note of a page that ``write_index`` has written.

    Args:
        path: The page.
        title: See ``JobSummary``.
        note: See ``JobSummary``.

    Raises:
        FileNotFoundError: There is no such page.
        DiskFullError: The disk was full.
    """
    page = path.read_text(encoding="utf-8")
    page = with_title(page, title)
    page = _ABOUT.sub(lambda _: _about(title, note), page, count=1)
    with staged_file(path) as staging:
        staging.write_text(page, encoding="utf-8")


def _about(title: str, note: str) -> str:
    """The part of the page that can be changed later, as HTML."""
    lines = f'\n<p class="note">{escape(note)}</p>' if note else ""
    return f"{_ABOUT_BEGIN}<h1>{escape(title)}</h1>{lines}{_ABOUT_END}"


def _bounded(entry: ReportEntry, index: int) -> ReportEntry:
    """Only the first reports of a very large job have thumbnails, so that a browser can still open the page."""
    return entry if index < _MAX_THUMBNAILS else replace(entry, thumbnail=None)


def _title(notebook: Any) -> str:
    """The first heading."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), "")


def _failure(notebook: Any) -> str:
    """The sentence about what went wrong, from the cell that holds it or else from the first error."""
    for cell in notebook.cells:
        if FAILURE_TAG in cell.metadata.get("tags", []):
            return str(cell.source)
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return next((str(output.evalue) for output in outputs if output.output_type == "error"), "")


def _cells_that_ran(notebook: Any) -> list[Any]:
    """The cells up to the one that failed; headings without content would only irritate."""
    cells: list[Any] = notebook.cells
    failed = (i for i, cell in enumerate(cells) if any(out.output_type == "error" for out in cell.get("outputs", [])))
    return cells[: next(failed, len(cells)) + 1]


def _thumbnail(encoded: bytes) -> bytes:
    """The upper part of an image, small, as JPEG."""
    from PIL import Image

    image = Image.open(io.BytesIO(encoded)).convert("RGB")
    width, height = _THUMBNAIL_SIZE_PX
    image = image.crop((0, 0, image.width, min(image.height, round(image.width * height / width))))
    image.thumbnail(_THUMBNAIL_SIZE_PX)
    small = io.BytesIO()
    image.save(small, "JPEG", quality=78)
    return small.getvalue()
