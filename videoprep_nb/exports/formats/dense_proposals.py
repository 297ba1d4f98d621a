"""Dense proposals as a file of their own."""

from pathlib import Path

from videoprep_nb.core.layout import PROPOSALS_NAME
from videoprep_nb.exports.base import Exporter, ExportSource
from videoprep_nb.exports.dense_proposals import write_proposals


class DenseProposalsExporter(Exporter):
    """The boxes of the people on every extracted frame, as a pickle of plain data."""

    name = "dense_proposals"
    title = "Dense proposals"
    file_name = PROPOSALS_NAME

    def write(self, source: ExportSource, target: Path) -> None:
        """Write the pickle."""
        write_proposals(target, source.proposals)
