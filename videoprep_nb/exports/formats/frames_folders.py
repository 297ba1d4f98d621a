"""Frames in folders."""

import io
import zipfile
from pathlib import Path

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.result import Result
from videoprep_nb.exports.zip_files import store


class FramesFoldersExporter(Exporter):
    """The frames in one ZIP with a folder per clip, which task creators open that cannot read ZIPs in a ZIP."""

    name = "frames-folders"
    title = "Frames in folders"
    file_name = "frames.zip"

    def write(self, result: Result, target: Path) -> None:
        """Write ``<clip>/<frame>.jpg`` for every frame; nothing is deflated."""
        with zipfile.ZipFile(target, "w") as archive:
            for clip_id in result.proposals:
                for name, jpeg in result.package.read_frames(clip_id):
                    store(archive, f"{clip_id}/{name}", io.BytesIO(jpeg))
