"""The base of CVAT's formats for tracks: what their tasks hold, and what that needs."""

from typing import Literal

from pydantic import Field

from videoprep_nb.exports.base import Exporter
from videoprep_nb.exports.labels import LabelOptions
from videoprep_nb.exports.needs import Need


class CvatOptions(LabelOptions):
    """Options of a format whose tasks hold the extracted frames or whole clips."""

    media: Literal["frames", "clips"] = Field(
        "frames", description="frames: tasks hold the extracted frames; clips: whole clips, with sparse keyframes"
    )
    keyframe_iou: float = Field(
        0.9,
        gt=0,
        le=1,
        description="for clips: least IoU of every interpolated box with ours; 1 makes every box a keyframe",
    )


class CvatExporter(Exporter):
    """A format of CVAT for tracks.

    Args:
        options: Its options; None for the defaults.
    """

    options_type = CvatOptions
    options: CvatOptions

    def __init__(self, options: CvatOptions | None = None) -> None:
        super().__init__(options)
        if self.options.media == "clips":
            self.needs = frozenset({Need.PACKAGE, Need.DENSE_TRACKS, Need.CLIPS})
