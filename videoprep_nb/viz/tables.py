"""Tables and sentences as HTML. Every text is escaped: file names come from strangers."""

from collections.abc import Iterable, Sequence
from html import escape

from IPython.display import HTML

MAX_ROWS = 60


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], left_out: int = 0) -> HTML:
    """A table with a line of headings; of a long one the beginning and a count of the rest.

    Args:
        headings: The headings of the columns.
        rows: The rows.
        left_out: Rows that the caller left out already.
    """
    left_out += max(0, len(rows) - MAX_ROWS)
    lines = ["".join(f"<th>{escape(heading)}</th>" for heading in headings)]
    lines += ["".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows[:MAX_ROWS]]
    if left_out:
        lines.append(f'<td colspan="{len(headings)}">… and {left_out:,} more</td>')
    return html("<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>")


def facts(pairs: Iterable[tuple[str, object]]) -> HTML:
    """A table of two columns: what, and its value."""
    rows = (f'<tr><th scope="row">{escape(what)}</th><td>{escape(str(value))}</td></tr>' for what, value in pairs)
    return html("<table>" + "".join(rows) + "</table>")


def remarks(sentences: Sequence[str], otherwise: str) -> HTML:
    """A list of sentences, or one sentence when there is nothing to remark on."""
    if not sentences:
        return html(f"<p>{escape(otherwise)}</p>")
    shown = [*sentences[:MAX_ROWS]]
    if len(sentences) > MAX_ROWS:
        shown.append(f"… and {len(sentences) - MAX_ROWS:,} more")
    return html("<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in shown) + "</ul>")


def preformatted(lines: Iterable[str]) -> HTML:
    """Lines of text in columns, such as a tree of files."""
    return html("<pre>" + escape("\n".join(lines)) + "</pre>")


def html(markup: str) -> HTML:
    """Markup in which every text is escaped already."""
    return HTML(markup)  # type: ignore[no-untyped-call]


def size(size_bytes: int) -> str:
    """A file size: ``512 B``, ``12.3 kB``, ``4.5 MB``, ``1.20 GB``."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:.1f} kB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.2f} GB"
