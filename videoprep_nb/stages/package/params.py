"""Parameters of stage 6, package."""

from pydantic import Field

from videoprep_nb.core.params import Params


class PackageParams(Params):
    """Stage 6: frames and proposals to the package."""

    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    proposals_file: str = Field("work/dense_proposals.pkl", description="pickle written by 05_generate_proposals")
    output_file: str = Field("work/final_package.zip", description="the package to write")
    exports: list[str] = Field([], description="formats to add to the package")
