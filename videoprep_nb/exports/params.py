"""Parameters of the notebook that writes a finished result in further formats."""

from pydantic import Field

from videoprep_nb.core.params import Params


class ExportParams(Params):
    """A result, and the formats to write."""

    source: str = Field("work", description="folder of a job, or a final_package.zip")
    output_dir: str = Field("work/exports", description="folder for the formats")
    formats: list[str] = Field(["cvat-backup", "coco"], description="formats to write; videoprep formats lists them")
    labels: str = Field(
        "", description="labels and attributes for annotation tools, as YAML; empty: the label person alone"
    )
    export_options: list[str] = Field([], description="options of formats, each format.option:value; empty: defaults")
