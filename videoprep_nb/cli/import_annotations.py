"""The command ``videoprep import-annotations``."""

from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop
from videoprep_nb.core.errors import ParameterError, VideoPrepError
from videoprep_nb.core.text import plural

_DEFAULTS = ImportAnnotationsParams()
_FORMATS = ", ".join(_DEFAULTS.formats)


def import_annotations(
    exports: Annotated[
        list[Path], typer.Argument(metavar="EXPORT", help="Exports of CVAT for images or video 1.1, XML or ZIP.")
    ],
    package: Annotated[Path, typer.Option(help="Package that was annotated, or the folder of its job.")],
    output: Annotated[Path, typer.Option(help="Folder to write: training data and report.html.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Format to write: ava, coco or cvat; repeatable.",
            show_default=_FORMATS,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="labels.yaml that numbers the actions.", show_default="as the exports name them"),
    ] = None,
    ava_preset: Annotated[
        str, typer.Option(help="Whose rules AVA's files follow: mmaction2 or slowfast.")
    ] = _DEFAULTS.ava_preset,
    source_pixels: Annotated[bool, typer.Option(help="Give boxes in the frames of the source files.")] = False,
) -> None:
    """Turn what annotators exported from CVAT into training data.

    Several exports of one clip are compared and merged; the first one decides where votes are even.
    """
    from videoprep_nb.annotations.import_annotations import import_annotations as import_them

    try:
        params = ImportAnnotationsParams.checked(
            {
                "exports": [str(export) for export in exports],
                "source": str(package),
                "output_dir": str(output),
                "formats": formats or _DEFAULTS.formats,
                "labels_file": str(labels or ""),
                "ava_preset": ava_preset,
                "source_pixels": source_pixels,
            }
        )
        annotations = import_them(params)
    except ParameterError as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    out.print(
        f"{plural(annotations.label_count, 'label')} on {plural(len(annotations.training.boxes), 'box')}, "
        f"{annotations.unlabelled_count:,} of them without any"
    )
    out.print(plain(output))
