"""What CVAT does not check on import, and what aborts an import: refused before anything is written."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from videoprep_nb.core.errors import PackageError
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.labels import Label


def check_task(task: CvatTask, labels: Sequence[Label]) -> None:
    """Check that CVAT will show a task as it is meant.

    Args:
        task: A task with its tracks.
        labels: What the project offers.

    Raises:
        PackageError: The first problem: no frames, an order that CVAT would change, a label or value that the project
            does not list, an empty track, a frame beyond the task, a box outside the frame.
    """
    for problem in _problems(task, labels):
        raise PackageError(f"CVAT cannot take {task.clip_id}: {problem}.")


def _problems(task: CvatTask, labels: Sequence[Label]) -> Iterator[str]:
    if not task.frame_count:
        yield "it has no frames"
    if list(task.frame_names) != sorted(task.frame_names):  # CVAT sorts the images of a task by name
        yield "got frames whose names are not in the order of time, expected at most 10,000 frames in a clip"
    listed = {label.label: label.attributes for label in labels}
    for track in task.tracks:
        for problem in _track_problems(track, task, listed.get(track.label)):
            yield f"track {track.track_id}: {problem}"


def _track_problems(track: CvatTrack, task: CvatTask, listed: dict[str, list[str]] | None) -> Iterator[str]:
    if listed is None:
        yield f"got the label {track.label!r}, which the project does not list"
        return
    for name, value in track.attributes.items():
        if name not in listed:
            yield f"got the attribute {name!r}, which {track.label} does not have"
        elif value not in listed[name]:
            yield f"got {value!r} as {name}, expected one of: {', '.join(listed[name])}"
    frames = [shape.frame for shape in track.shapes]
    if not any(not shape.outside for shape in track.shapes):
        yield "it has no boxes"
    if any(later <= earlier for earlier, later in pairwise(frames)):
        yield "its keyframes are not in the order of frames, or a frame occurs twice"
    for shape in track.shapes:
        yield from (f"frame {shape.frame}: {problem}" for problem in _shape_problems(shape, task))


def _shape_problems(shape: CvatShape, task: CvatTask) -> Iterator[str]:
    if not 0 <= shape.frame < task.frame_count:
        yield f"expected a frame from 0 to {task.frame_count - 1}"
    x1, y1, x2, y2 = shape.points
    if not (0 <= x1 <= x2 <= task.width and 0 <= y1 <= y2 <= task.height):  # also false for NaN
        yield f"got the box {list(shape.points)}, expected one within {task.width}×{task.height} pixels"
