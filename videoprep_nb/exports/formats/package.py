"""The package as an export format."""

import shutil
from pathlib import Path

from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.result import Result


class PackageExporter(Exporter):
    """The frames of every clip and the dense proposals in one ZIP."""

    name = "package"
    title = "Package"
    file_name = PACKAGE_NAME

    def write(self, result: Result, target: Path) -> None:
        """Copy the package."""
        shutil.copyfile(result.package.path, target)
