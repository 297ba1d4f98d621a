"""The boxes of a track on frames between its keyframes, as CVAT shows them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from videoprep_nb.annotations.cvat_xml import CvatShape


def visible_shapes(
    shapes: Sequence[CvatShape], frames: Collection[int], end_frame: int, *, is_dense: bool
) -> Iterator[CvatShape]:
    """The boxes of a track on some frames; outside boxes are left out.

    An export of CVAT lists every box of a track. It is taken as it is: a frame that is missing was deleted. In a file
    with keyframes only, a box moves in a straight line from keyframe to keyframe, keeps the attributes of the keyframe
    before it, stays where it is before an outside box, and after the last keyframe until the end.

    Args:
        shapes: The boxes of the track, in the order of frames.
        frames: The frames that are asked for.
        end_frame: The frame after the last one.
        is_dense: True for a file that lists every box.
    """
    if is_dense or len(shapes) == 1:  # a single box is a shape that was drawn on one frame
        yield from (shape for shape in shapes if not shape.outside and shape.frame in frames)
        return
    after_the_last = replace(shapes[-1], frame=end_frame, outside=True) if shapes else None
    for start, end in pairwise([*shapes, *([after_the_last] if after_the_last else [])]):
        if not start.outside:
            yield from (_between(start, end, frame) for frame in range(start.frame, end.frame) if frame in frames)


def _between(start: CvatShape, end: CvatShape, frame: int) -> CvatShape:
    if end.outside or frame == start.frame:
        return replace(start, frame=frame)
    share = (frame - start.frame) / (end.frame - start.frame)
    x1, y1, x2, y2 = (a + (b - a) * share for a, b in zip(start.box_xyxy, end.box_xyxy, strict=True))
    return replace(start, frame=frame, box_xyxy=(x1, y1, x2, y2))
