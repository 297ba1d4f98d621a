"""Parameters of the way back."""

from typing import Literal

from pydantic import Field

from videoprep_nb.core.params import Params


class ImportAnnotationsParams(Params):
    """What annotators exported, to training data."""

    exports: list[str] = Field(
        ["work/annotations.zip"], description="exports of CVAT, XML or ZIP; the first one decides where votes are even"
    )
    package: str = Field("work/final_package.zip", description="package that was annotated, or folder of its job")
    output_dir: str = Field("work/training", description="folder to write")
    formats: list[Literal["ava"]] = Field(["ava"], min_length=1, description="formats to write: ava")
    labels_file: str = Field("", description="labels.yaml that numbers the actions; empty: as the exports name them")
    ava_preset: Literal["mmaction2", "slowfast"] = Field(
        "mmaction2", description="whose rules AVA's files follow: mmaction2 or slowfast"
    )
    source_pixels: bool = Field(False, description="give boxes in the frames of the source files")
