"""The manifest as an export format."""

from pathlib import Path

from videoprep_nb.core.layout import MANIFEST_NAME
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.result import Result


class ManifestExporter(Exporter):
    """Clip, time, source and hash of every frame, as JSON."""

    name = "manifest"
    title = "Manifest"
    file_name = MANIFEST_NAME
    entry = MANIFEST_NAME

    def write(self, result: Result, target: Path) -> None:
        """Write the manifest."""
        result.manifest.write(target)
