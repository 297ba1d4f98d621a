"""Several formats of one result at once, for notebooks and scripts."""

from dataclasses import dataclass
from pathlib import Path

from videoprep_nb.exports.params import ExportParams
from videoprep_nb.exports.registry import create_exporters
from videoprep_nb.exports.result import Result, open_result
from videoprep_nb.exports.write_export import check_needs, write_export


@dataclass(frozen=True)
class WrittenFormat:
    """A format that was written.

    Args:
        name: The format.
        path: Its file; a format of several files is a ZIP.
    """

    name: str
    path: Path


@dataclass(frozen=True)
class ExportedResult:
    """A result, and what it was written as.

    Args:
        result: The result.
        written: The formats, in the order of their names.
    """

    result: Result
    written: list[WrittenFormat]


def export_formats(params: ExportParams) -> ExportedResult:
    """Write a result in several formats; those of an earlier run are replaced.

    Args:
        params: The result, the formats, and where they go.

    Returns:
        What was written.

    Raises:
        ParameterError: A format or option is unknown, or a value is wrong.
        InputError: There is no result, or it cannot be read.
        PackageError: A format failed, or needs what was not kept with the result; nothing is written then.
        DiskFullError: The disk was full.

    Example:
        >>> exported = export_formats(ExportParams(source="final_package.zip", formats=["coco"], output_dir="exports"))
        >>> [(written.name, written.path.name) for written in exported.written]
        [('coco', 'coco.json')]
    """
    exporters = create_exporters(params.formats, params.export_options, params.labels, field="formats")
    result = open_result(params.source)
    for exporter in exporters:
        check_needs(exporter, result)
    written = []
    for exporter in exporters:
        target = Path(params.output_dir) / exporter.download_name
        write_export(exporter, result, target)
        written.append(WrittenFormat(exporter.name, target))
    return ExportedResult(result, written)
