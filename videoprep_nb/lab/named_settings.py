"""Settings kept under names, in one small YAML file for all videos of a work folder."""

import re
from pathlib import Path

import yaml

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.yaml_text import load_yaml
from videoprep_nb.lab.settings import LabSettings

NAMED_SETTINGS_NAME = "named_settings.yaml"

_NAME = re.compile(r"[\w .,=+-]{1,60}")


class NamedSettings:
    """The settings of a work folder by name; the file is read at first and written with each change.

    Args:
        folder: The folder, beside the detections that are kept.

    Raises:
        InputError: The file is there and is not understood.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAMED_SETTINGS_NAME
        self._settings = _read(self.file) if self.file.exists() else {}

    def __getitem__(self, name: str) -> LabSettings:
        return self._settings[name]

    @property
    def names(self) -> list[str]:
        """The names, the oldest first."""
        return list(self._settings)

    def save(self, name: str, settings: LabSettings) -> None:
        """Keep settings under a name; those of the same name are replaced.

        Raises:
            ParameterError: The name is empty, too long, or has other characters than letters, digits and ``_ .,=+-``.
        """
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise ParameterError("name", f"got {name[:80]!r}, expected 1 to 60 letters, digits, blanks or _ . , = + -")
        self._write(self._settings | {name: settings})

    def delete(self, name: str) -> None:
        """Forget the settings of a name."""
        self._write({other: settings for other, settings in self._settings.items() if other != name})

    def _write(self, settings: dict[str, LabSettings]) -> None:
        values = {name: one.model_dump(mode="json", exclude_defaults=True) for name, one in settings.items()}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with staged_file(self.file) as staging:
            staging.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
        self._settings = settings


def _read(file: Path) -> dict[str, LabSettings]:
    try:
        values = load_yaml(file.read_text(encoding="utf-8"), yaml.SafeLoader) or {}
        if not isinstance(values, dict) or not all(isinstance(one, dict) for one in values.values()):
            raise ValueError("expected names, each with its settings")
        return {str(name): LabSettings.checked(one) for name, one in values.items()}
    except (OSError, ValueError, ParameterError) as error:
        raise InputError(f"{file} is not understood ({error}); correct it or move it away.") from None
