"""The package as an export format."""

from pathlib import Path

from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.exports.base import Exporter, ExportSource
from videoprep_nb.exports.write_package import write_package


class PackageExporter(Exporter):
    """The frames of every clip and the dense proposals in one ZIP."""

    name = "package"
    title = "Package"
    file_name = PACKAGE_NAME

    def write(self, source: ExportSource, target: Path) -> None:
        """Write the package, without further formats."""
        write_package(target, source)
