"""Proposals drawn on JPEGs, wherever the JPEGs come from."""

from collections.abc import Callable

from IPython.display import HTML, Image

from videoprep_nb.exports.dense_proposals import DenseProposals
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.images import Mark, Tile

_MAX_FRAMES = 6
_COLUMNS = 2
_CELL_WIDTH = 594

FrameReader = Callable[[str, str], RgbImage]
"""Called with a clip id and a frame name."""


def proposals_on_frames(proposals: DenseProposals, read: FrameReader, title: str) -> Image | HTML:
    """Draw the proposals of some frames, spread evenly over those with people.

    Args:
        proposals: The proposals.
        read: Fetches a frame.
        title: A line on top.

    Returns:
        The frames; a sentence if there are none.
    """
    frames = [(clip, name) for clip, names in proposals.items() for name in names]
    with_people = [(clip, name) for clip, name in frames if proposals[clip][name]]
    shown = images.sampled(with_people, _MAX_FRAMES) or images.sampled(frames, _COLUMNS)
    if not shown:
        return tables.remarks([], "There are no frames.")
    tiles = [_tile(proposals, clip, name, read(clip, name)) for clip, name in shown]
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, title), title)


def _tile(proposals: DenseProposals, clip: str, name: str, frame: RgbImage) -> Tile:
    boxes = proposals[clip][name]
    marks = [Mark(box[:4], int(box[5]), note=f"{box[4]:.2f}") for box in boxes]
    marked = images.draw_marks(images.shrink(frame, _CELL_WIDTH), marks, frame.shape[1])
    return Tile(marked, f"{name} · {f'people: {len(boxes)}' if boxes else 'no people'}")
