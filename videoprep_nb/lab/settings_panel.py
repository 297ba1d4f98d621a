"""The controls for all settings of one side."""

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from videoprep_nb.lab.controls import control_for
from videoprep_nb.lab.one_at_a_time import in_turn
from videoprep_nb.lab.settings import LabSettings
from videoprep_nb.tracking.trackers import TRACKERS

_DIGITS = 6


class SettingsPanel:
    """Menus and sliders for a tracker, its options and the refinement of tracks.

    Args:
        settings: What they show at first.
        on_change: Called when one of them was moved.

    Attributes:
        view: The widget to show.
    """

    def __init__(self, settings: LabSettings, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._is_quiet = False
        self._controls = {
            name: control_for(name, field, getattr(settings, name), list(TRACKERS) if name == "tracker" else None)
            for name, field in LabSettings.model_fields.items()
            if name != "tracker_options"
        }
        self._options: dict[str, ipywidgets.Widget] = {}
        self._option_box = ipywidgets.VBox()
        for control in self._controls.values():
            control.observe(self._changed, "value")
        self._show_options(settings.tracker_options)
        tracker, *others = self._controls.values()
        self.view = ipywidgets.VBox(
            [tracker, self._option_box, _heading("for every tracker"), *others],
            layout={"width": "100%"},
        )

    @property
    def settings(self) -> LabSettings:
        """What the controls show.

        Raises:
            ParameterError: The values do not fit together.
        """
        values: dict[str, Any] = {name: _rounded(control.value) for name, control in self._controls.items()}
        fields = TRACKERS[values["tracker"]].options_type.model_fields
        changed = {name: _rounded(control.value) for name, control in self._options.items()}
        values["tracker_options"] = [
            f"{name}:{value}" for name, value in changed.items() if value != _rounded(fields[name].default)
        ]
        return LabSettings.checked(values)

    def show(self, settings: LabSettings) -> None:
        """Set all controls; the change is reported once."""
        self._is_quiet = True
        for name, control in self._controls.items():
            _set(control, getattr(settings, name))
        self._show_options(settings.tracker_options)
        self._is_quiet = False
        self._on_change()

    @in_turn
    def _changed(self, change: dict[str, Any]) -> None:
        if self._is_quiet:
            return
        if change["owner"] is self._controls["tracker"]:
            self._show_options([])
        self._on_change()

    def _show_options(self, assignments: list[str]) -> None:
        """Show the options of the tracker that is chosen."""
        options_type = TRACKERS[self._controls["tracker"].value].options_type
        pairs = dict(text.split(":", 1) for text in assignments)
        options = options_type.model_validate(pairs)
        self._options = {
            name: control_for(name, field, getattr(options, name)) for name, field in options_type.model_fields.items()
        }
        for control in self._options.values():
            control.observe(self._changed, "value")
        name = self._controls["tracker"].value
        self._option_box.children = (_heading(f"options of {name}"), *self._options.values())


def _heading(text: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<i>{html.escape(text)}</i>")


def _set(control: ipywidgets.Widget, value: Any) -> None:
    """Set a control, whose slider may end before the value."""
    if hasattr(control, "max") and value > control.max:
        control.max = value
    control.value = value


def _rounded(value: Any) -> Any:
    """A slider in a browser adds up its steps, which gives 0.09999999999999999 for 0.1."""
    return round(value, _DIGITS) if isinstance(value, float) else value
