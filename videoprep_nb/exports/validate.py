"""The check of a package together with the export formats that are installed."""

from collections.abc import Iterable
from pathlib import Path

from videoprep_nb.exports.registry import package_entries
from videoprep_nb.exports.validation.findings import Finding
from videoprep_nb.exports.validation.validate import validate_package


def validate(path: str | Path, exports: Iterable[str] | None = None) -> list[Finding]:
    """Check a package entirely: entries, pickle, every box and every frame.

    Args:
        path: The package.
        exports: Formats whose entries it may hold; an empty list allows the default entries only, None those of all
            formats that are installed.

    Returns:
        Everything that is wrong, at most 20 findings of a kind and a count of the others; empty for a good package.

    Raises:
        ParameterError: A format is unknown, or cannot be added to a package.

    Example:
        >>> validate("final_package.zip")
        []
        >>> for finding in validate("no_such_file.zip"):
        ...     print(finding.code)
        not-a-zip
    """
    return validate_package(Path(path), extra_entries=package_entries(exports))
