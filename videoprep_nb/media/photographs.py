"""The photographs of persons that come with ultralytics: of them the sample is made, and INT8 is calibrated on them."""

import importlib.util
from pathlib import Path

from videoprep_nb.core.errors import InputError

PHOTOGRAPH_NAMES = ("bus.jpg", "zidane.jpg")


def photograph_path(name: str) -> Path:
    """Where a photograph lies; the package is not imported for that, which would load torch.

    Raises:
        InputError: It is not there.
    """
    package = importlib.util.find_spec("ultralytics")
    if package is None or package.origin is None:
        raise InputError(f"The photograph {name} comes with the package ultralytics; install it first.")
    path = Path(package.origin).parent / "assets" / name
    if not path.is_file():
        raise InputError(f"The photograph {path} is missing; install ultralytics again.")
    return path
