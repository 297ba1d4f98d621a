"""The table of stages."""

from videoprep_nb.core.params import Params
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.generate_proposals.params import GenerateProposalsParams
from videoprep_nb.stages.package.params import PackageParams
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.track_persons.params import TrackPersonsParams

STAGES: dict[str, type[Params]] = {
    "resize": ResizeParams,
    "clip": ClipParams,
    "extract_frames": ExtractFramesParams,
    "track_persons": TrackPersonsParams,
    "generate_proposals": GenerateProposalsParams,
    "package": PackageParams,
}
"""The stages in the order of their notebooks."""

VIDEO_STAGES = ("resize", "clip", "extract_frames", "track_persons")
"""Run once per video; the others run once per job."""


def notebook_name(stage: str) -> str:
    """File name of a stage's notebook: ``01_resize.ipynb``."""
    return f"{list(STAGES).index(stage) + 1:02d}_{stage}.ipynb"
