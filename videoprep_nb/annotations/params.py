"""Parameters of the way back."""

from typing import Literal

from pydantic import Field, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.params import Params, as_validation_error
from videoprep_nb.core.registry import near_matches

FORMATS = ("ava", "coco", "cvat")


class ImportAnnotationsParams(Params):
    """What annotators exported, to training data."""

    exports: list[str] = Field(
        ["work/annotations.zip"], description="exports of CVAT, XML or ZIP; the first one decides where votes are even"
    )
    source: str = Field("work", description="folder of the job that was annotated, or its final_package.zip")
    output_dir: str = Field("work/training", description="folder to write")
    formats: list[str] = Field(["ava"], min_length=1, description="formats to write: ava, coco or cvat")
    labels_file: str = Field("", description="labels.yaml that numbers the actions; empty: as the exports name them")
    ava_preset: Literal["mmaction2", "slowfast"] = Field(
        "mmaction2", description="whose rules AVA's files follow: mmaction2 or slowfast"
    )
    source_pixels: bool = Field(False, description="give boxes in the frames of the source files")

    @model_validator(mode="after")
    def _check_formats(self) -> "ImportAnnotationsParams":
        for name in self.formats:
            if name not in FORMATS:
                raise as_validation_error(ParameterError("formats", f"{name}: {near_matches(name, FORMATS)}"), self)
        if self.source_pixels and "cvat" in self.formats:
            reason = "CVAT shows the frames of the package; leave this out, or the format cvat"
            raise as_validation_error(ParameterError("source_pixels", reason), self)
        return self
