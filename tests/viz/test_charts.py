"""The ticks of a time axis, as they are drawn."""

import pytest

from videoprep_nb.viz import charts


@pytest.mark.parametrize(
    ("start_s", "end_s", "labels"),
    [
        pytest.param(0, 1.0, [f"0:00.{tenth}" for tenth in range(10)] + ["0:01.0"], id="tenths"),
        pytest.param(12.4, 20, [f"0:{second}" for second in range(13, 21)], id="seconds"),
        pytest.param(0, 57, ["0:00", "0:10", "0:20", "0:30", "0:40", "0:50"], id="tens"),
        pytest.param(0, 795, ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00", "12:00"], id="minutes"),
        pytest.param(0, 9000, ["0:00", "15:00", "30:00", "45:00", "1:00:00"], id="quarters"),
    ],
)
def test_ticks_stand_at_full_units(start_s: float, end_s: float, labels: list[str]) -> None:
    chart, axes = charts.figure(2, "time")
    charts.time_axis(axes, start_s, end_s)
    chart.canvas.draw()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    shown = [label.get_text() for time_s, label in ticks if start_s <= time_s <= end_s + 1e-9]
    assert shown[: len(labels)] == labels
    assert len(shown) <= 11
