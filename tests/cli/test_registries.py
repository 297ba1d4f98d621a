"""``videoprep trackers`` and ``videoprep detectors``."""

import re
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.trackers import TRACKERS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "trackers.md"


def test_all_trackers_are_listed() -> None:
    lines = videoprep("trackers").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(TRACKERS)
    assert [line.split()[0] for line in lines if "(default)" in line] == [TrackingParams().tracker]


@pytest.mark.parametrize("name", TRACKERS)
def test_options_are_explained(name: str) -> None:
    lines = videoprep("trackers", name).stdout.splitlines()[1:]
    fields = TRACKERS[name].options_type.model_fields
    assert [line.split()[0] for line in lines] == list(fields)
    for line, field in zip(lines, fields.values(), strict=True):
        assert field.description
        assert field.description in line


def test_the_guide_measures_every_tracker() -> None:
    measured = re.findall(r"^\| \**`(\w+)`", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(measured) == set(TRACKERS)


def test_a_wrong_tracker() -> None:
    result = videoprep("trackers", "tracktrak")
    assert result.exit_code == 2
    assert "tracktrack" in result.stderr
