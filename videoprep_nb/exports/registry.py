"""The export formats: ours, and those that plugins bring."""

from collections.abc import Iterable

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.options import read_options
from videoprep_nb.core.registry import class_registry, near_matches
from videoprep_nb.core.text import quoted
from videoprep_nb.exports.base import Exporter

EXPORTERS = class_registry(
    "export format",
    "videoprep.exports",
    "videoprep_nb.exports.formats",
    Exporter,  # type: ignore[type-abstract]
)
"""All formats by name."""


def create_exporters(
    names: Iterable[str], options: Iterable[str] = (), labels: str = "", field: str = "exports"
) -> list[Exporter]:
    """Formats with their options, each once, in the order of their names.

    Args:
        names: What somebody typed.
        options: Options, each written ``format.option:value``; those of formats that are not named are an error.
        labels: Labels and attributes as YAML, for all formats that offer them; empty: their default.
        field: The parameter that holds the names, for messages.

    Raises:
        ParameterError: A format or an option is unknown, or the value of an option is wrong.

    Example:
        >>> [exporter.name for exporter in create_exporters(["package", "dense_proposals"])]
        ['dense_proposals', 'package']
    """
    chosen = sorted(set(names))
    given = _options_by_format(options, chosen)
    return [_create(EXPORTERS.find(name, field), given.get(name, []), labels) for name in chosen]


def _create(exporter: type[Exporter], options: list[str], labels: str) -> Exporter:
    offered = exporter.options_type.model_fields
    given = {"labels": labels} if labels and "labels" in offered else {}
    return exporter(read_options(exporter.options_type, options, exporter.name, "export_options", given))


def _options_by_format(options: Iterable[str], names: Iterable[str]) -> dict[str, list[str]]:
    by_format: dict[str, list[str]] = {}
    for text in options:
        name, dot, option = text.partition(".")
        if not dot or name not in names:
            raise ParameterError(
                "export_options",
                f"got {quoted(text)}, expected format.option:value with one of the formats that are written",
            )
        by_format.setdefault(name, []).append(option)
    return by_format


def check_fit_into_package(exporters: Iterable[Exporter], field: str = "add_to_package") -> None:
    """Check that formats can be added to a package side by side.

    Raises:
        ParameterError: One has no place in a package, or two have the same.
    """
    taken: dict[str, str] = {}
    for exporter in exporters:
        if exporter.entry is None:
            possible = [other.name for other in EXPORTERS.values() if other.entry is not None]
            raise ParameterError(
                field, f"{exporter.name} adds nothing to a package; {near_matches(exporter.name, possible)}"
            )
        other = taken.setdefault(exporter.entry, exporter.name)
        if other != exporter.name:
            raise ParameterError(field, f"{other} and {exporter.name} both write {exporter.entry}; choose one of them")


def format_titles(in_package: bool = False) -> dict[str, str]:
    """The names of the formats with their titles for people.

    Args:
        in_package: Only those that a package takes in.

    Example:
        >>> format_titles(in_package=True)["manifest"]
        'Manifest'
    """
    return {name: found.title for name, found in EXPORTERS.items() if found.entry is not None or not in_package}


def package_entries(names: Iterable[str] | None = None) -> list[str]:
    """The entries that formats may add to a package; one that ends in a slash stands for everything in the folder.

    Args:
        names: The formats; None for all that are installed.

    Raises:
        ParameterError: A format is unknown.

    Example:
        >>> package_entries([]), package_entries(["manifest"])
        ([], ['manifest.json'])
    """
    exporters = EXPORTERS.values() if names is None else [EXPORTERS.find(name, "add_to_package") for name in names]
    return sorted({exporter.entry for exporter in exporters if exporter.entry is not None})
