"""The command ``videoprep anonymize``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, check_can_be_written, out, plain, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.core.text import plural


class HowToHide(StrEnum):
    """Ways to hide a region."""

    BLUR = "blur"
    PIXELATE = "pixelate"
    BOX = "box"


class Heads(StrEnum):
    """Whose heads are hidden in all frames."""

    SEEN = "seen"
    ALL = "all"


def anonymize(
    package: Annotated[Path, typer.Argument(help="A final_package.zip; it stays as it is.")],
    output: Annotated[Path, typer.Argument(help="The package to write.")],
    how: Annotated[HowToHide, typer.Option(help="How faces, persons and regions are hidden.")] = HowToHide.BLUR,
    heads: Annotated[
        Heads, typer.Option(help="Whose heads are hidden: of persons whose face was found once, or of all.")
    ] = Heads.SEEN,
    visible: Annotated[
        str | None,
        typer.Option(
            metavar="IDS",
            help='Hide all other persons as a whole: ids between commas, such as 3,7; "" hides everybody.',
            show_default="persons are not hidden as a whole",
        ),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(help="YAML file: polygons by video that are hidden (docs/privacy.md).", show_default="none"),
    ] = None,
) -> None:
    """Write a copy of a package in which faces are hidden; boxes stay as they are. A hidden face is not anonymity."""
    from videoprep_nb.exports.anonymize_package import Hidden, anonymize_package
    from videoprep_nb.privacy.follow import FollowOptions
    from videoprep_nb.privacy.polygons import HiddenRegions, read_regions

    try:
        check_can_be_written(output)
        hidden = Hidden(
            how=how.value,
            faces=FollowOptions(heads=heads.value),
            visible_ids=None if visible is None else _ids(visible),
            regions=read_regions(_text(regions)) if regions else HiddenRegions({}),
        )
        count = anonymize_package(package, output, hidden)
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(plain(f"{output}: something is hidden in {plural(count, 'frame')}"))


def _ids(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ParameterError("visible", f"got {text!r}, expected ids between commas, such as 3,7")
    return [int(part) for part in parts]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text ({error}).") from None
