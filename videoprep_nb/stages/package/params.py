"""Parameters of stage 6, package."""

from pydantic import Field

from videoprep_nb.core.params import MULTILINE, PLAIN, Params


class PackageParams(Params):
    """Stage 6: frames and proposals to the package."""

    resized_dir: str = Field("work/resized", description="folder written by 01_resize")
    clips_dir: str = Field("work/clips", description="folder written by 02_clip")
    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    proposals_file: str = Field("work/dense_proposals.pkl", description="pickle written by 05_generate_proposals")
    dense_tracks_file: str = Field("work/dense_tracks.npz", description="tracks written by 05_generate_proposals")
    selection_file: str = Field("", description="selection.json written by 05b_select; empty: all clips are kept")
    output_file: str = Field(
        "work/final_package.zip", description="the package to write; manifest and exports beside it"
    )
    exports: list[str] = Field(
        [], description="formats to write beside the package; empty: none", json_schema_extra=PLAIN
    )
    add_to_package: list[str] = Field([], description="formats to put into the package as well; empty: none")
    labels: str = Field(
        "",
        description="labels and attributes for annotation tools, as YAML; empty: the label person alone",
        examples=["label: person\nattributes:\n  action: [stand, walk, sit]"],
        json_schema_extra=MULTILINE,
    )
    export_options: list[str] = Field([], description="options of formats, each format.option:value; empty: defaults")
    job_params: dict[str, object] = Field({}, description="parameters of all stages, for the manifest")
