"""The export formats as a Markdown table: ``python -m videoprep_nb.exports.format_table`` prints it."""

import sys

from videoprep_nb.core.registry_table import markdown_table
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.registry import EXPORTERS


def format_table() -> str:
    """The table for docs/exports.md."""
    return markdown_table(EXPORTERS, {"writes": _file_name, "needs": _needs, "in a package": _entry})


def _file_name(exporter: type[Exporter]) -> str:
    return f"`{exporter.file_name}`"


def _needs(exporter: type[Exporter]) -> str:
    return ", ".join(sorted(need.value for need in exporter.needs))


def _entry(exporter: type[Exporter]) -> str:
    return f"`{exporter.entry}`" if exporter.entry else ""


if __name__ == "__main__":
    sys.stdout.write(format_table())
