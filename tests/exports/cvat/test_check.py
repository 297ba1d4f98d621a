"""What CVAT would take although it is wrong, or refuse in the middle of an import."""

from dataclasses import replace

import pytest

from videoprep_nb.core.errors import PackageError
from videoprep_nb.exports.cvat.check import check_task
from videoprep_nb.exports.cvat.model import CvatShape, CvatTask, CvatTrack
from videoprep_nb.exports.labels import read_labels

LABELS = read_labels("{label: person, attributes: {action: [walk]}}")
SHAPE = CvatShape(0, (0.0, 0.0, 64.0, 36.0))
TRACK = CvatTrack("person", 7, {"action": "not labelled"}, [SHAPE, CvatShape(1, SHAPE.points, outside=True)])
TASK = CvatTask("1_clip_000", 2, 64, 36, ("a_0.jpg", "a_1.jpg"), [TRACK])


def test_a_good_task() -> None:
    check_task(TASK, LABELS)


@pytest.mark.parametrize(
    ("track", "message"),
    [
        (replace(TRACK, label="dog"), "track 7: got the label 'dog'"),
        (replace(TRACK, attributes={"action": "run"}), "got 'run' as action, expected one of: not labelled, walk"),
        (replace(TRACK, attributes={"mood": "x"}), "got the attribute 'mood', which person does not have"),
        (replace(TRACK, shapes=[]), "it has no boxes"),
        (replace(TRACK, shapes=[replace(SHAPE, outside=True)]), "it has no boxes"),
        (replace(TRACK, shapes=[SHAPE, SHAPE]), "a frame occurs twice"),
        (replace(TRACK, shapes=[replace(SHAPE, frame=2)]), "frame 2: expected a frame from 0 to 1"),
        (replace(TRACK, shapes=[replace(SHAPE, frame=-1)]), "expected a frame from 0 to 1"),
        (replace(TRACK, shapes=[CvatShape(0, (0.0, 0.0, 64.01, 36.0))]), "within 64×36 pixels"),
        (replace(TRACK, shapes=[CvatShape(0, (-0.01, 0.0, 64.0, 36.0))]), "within 64×36 pixels"),
        (replace(TRACK, shapes=[CvatShape(0, (9.0, 0.0, 8.0, 36.0))]), "within 64×36 pixels"),
        (replace(TRACK, shapes=[CvatShape(0, (0.0, float("nan"), 8.0, 36.0))]), "within 64×36 pixels"),
    ],
)
def test_a_wrong_track_is_refused_in_a_sentence(track: CvatTrack, message: str) -> None:
    with pytest.raises(PackageError, match=f"CVAT cannot take 1_clip_000: .*{message}"):
        check_task(replace(TASK, tracks=[TRACK, track]), LABELS)


def test_a_wrong_task_is_refused() -> None:
    with pytest.raises(PackageError, match="it has no frames"):
        check_task(replace(TASK, frame_count=0, frame_names=(), tracks=[]), LABELS)
    with pytest.raises(PackageError, match="not in the order of time"):
        check_task(replace(TASK, frame_names=("a_9999.jpg", "a_10000.jpg")), LABELS)
