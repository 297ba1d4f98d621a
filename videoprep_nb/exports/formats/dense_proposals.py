"""Dense proposals as a file of their own."""

from pathlib import Path

from videoprep_nb.core.layout import PROPOSALS_NAME
from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.dense_proposals import write_proposals
from videoprep_nb.exports.result import Result


class DenseProposalsExporter(Exporter):
    """The boxes of the people on every extracted frame, as a pickle of plain data."""

    name = "dense_proposals"
    title = "Dense proposals"
    file_name = PROPOSALS_NAME

    def write(self, result: Result, target: Path) -> None:
        """Write the pickle."""
        write_proposals(target, result.proposals)
