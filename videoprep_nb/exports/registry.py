"""The export formats: ours, and those that plugins bring."""

from collections.abc import Iterable, Set

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.registry import class_registry, near_matches
from videoprep_nb.exports.base import Exporter, Need

EXPORTERS = class_registry(
    "export format",
    "videoprep.exports",
    "videoprep_nb.exports.formats",
    Exporter,  # type: ignore[type-abstract]
)
"""All formats by name."""


def package_exporters(
    names: Iterable[str], provides: Set[Need] = frozenset(Need), field: str = "exports"
) -> list[Exporter]:
    """The formats to add to a package, each once, in the order of their names.

    Args:
        names: What somebody typed.
        provides: What there is to read.
        field: The parameter that holds the names, for messages.

    Raises:
        ParameterError: A format is unknown, cannot be added to a package, or needs what there is not.
    """
    return [_package_exporter(name, provides, field) for name in sorted(set(names))]


def _package_exporter(name: str, provides: Set[Need], field: str) -> Exporter:
    exporter = EXPORTERS.find(name, field)
    if exporter.entry is None:
        possible = [other.name for other in EXPORTERS.values() if other.entry is not None]
        raise ParameterError(field, f"{name} adds nothing to a package; {near_matches(name, possible)}")
    if missing := exporter.needs - provides:
        needs = ", ".join(sorted(need.value for need in missing))
        raise ParameterError(field, f"{name} needs {needs}, which are not there when the package is written")
    return exporter()


def package_entries(names: Iterable[str] | None = None) -> list[str]:
    """The entries that formats may add to a package; one that ends in a slash stands for everything in the folder.

    Args:
        names: The formats; None for all that are installed.

    Raises:
        ParameterError: A format is unknown, or cannot be added to a package.

    Example:
        >>> sorted(EXPORTERS), package_entries([])
        (['dense_proposals', 'package'], [])
    """
    exporters = EXPORTERS.values() if names is None else package_exporters(names)
    return sorted({exporter.entry for exporter in exporters if exporter.entry is not None})
