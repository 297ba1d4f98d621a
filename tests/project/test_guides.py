"""The tables of the guides are those of the registries."""

from pathlib import Path

import pytest

from videoprep_nb.tracking.registry_tables import detector_table, tracker_table

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("guide", "table"),
    [
        pytest.param("detectors.md", detector_table(), id="detectors"),
        pytest.param("trackers.md", tracker_table(), id="trackers"),
    ],
)
def test_the_table_is_that_of_the_registry(guide: str, table: str) -> None:
    text = (DOCS / guide).read_text(encoding="utf-8")
    begin = "<!-- table: python -m videoprep_nb.tracking.registry_tables -->\n"
    assert text.split(begin)[1].split("<!-- end of table -->")[0] == table
