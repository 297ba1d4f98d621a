"""Detectors and trackers as Markdown tables: ``python -m videoprep_nb.tracking.registry_tables`` prints them."""

import sys

from videoprep_nb.core.registry_table import markdown_table
from videoprep_nb.tracking.detectors import DETECTORS
from videoprep_nb.tracking.trackers import TRACKERS


def detector_table() -> str:
    """The table for docs/detectors.md."""
    return markdown_table(DETECTORS, {"needs weights": lambda detector: "yes" if detector.needs_weights else "no"})


def tracker_table() -> str:
    """The table for docs/trackers.md."""
    return markdown_table(TRACKERS)


if __name__ == "__main__":
    sys.stdout.write(f"{detector_table()}\n{tracker_table()}")
