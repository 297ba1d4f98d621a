"""Two and three annotators on the same clips: what they agree on, what is kept, and what the report says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.annotations.test_round_trip import NO, SIT, WALK, YES, read_rows
from tests.support.cvat_exports import Key, Task, Track, images_xml, video_xml
from tests.support.html_pages import Page
from tests.support.results import write_result
from videoprep_nb.annotations.agreement import cohens_kappa
from videoprep_nb.annotations.import_annotations import import_annotations
from videoprep_nb.annotations.imported import Annotations
from videoprep_nb.annotations.params import ImportAnnotationsParams

CLIP = "1_clip_000"
BOX = (0.0, 0.0, 10.0, 36.0)
FAR = (40.0, 0.0, 60.0, 30.0)
Person = tuple[int | None, tuple[float, float, float, float], Mapping[str, str]]


def on_first_frame(*people: Person, annotator: str = "") -> Task:
    """The first clip as an annotator leaves it, with people on its first frame only."""
    tracks = [Track(track_id, [Key(0, box, said), Key(1, box, said, outside=True)]) for track_id, box, said in people]
    frames = [f"{CLIP}_frame_{rank:04d}.jpg" for rank in range(2)]
    return Task(CLIP, 2, tracks, annotator=annotator, frames=frames)


def bring_back(folder: Path, tasks: Sequence[Task]) -> tuple[Annotations, list[tuple[int, int]]]:
    """Import one export per annotator; also returns action and person of every label."""
    write_result(folder / "job", clips=False)
    files = []
    for number, task in enumerate(tasks):
        files.append(folder / f"annotator_{number}.xml")
        files[-1].write_bytes((video_xml, images_xml)[number % 2]([task]))
    params = ImportAnnotationsParams(
        exports=[str(file) for file in files], source=str(folder / "job"), output_dir=str(folder / "out")
    )
    annotations = import_annotations(params)
    return annotations, [(action, person) for *_, action, person in read_rows(folder / "out")]


@pytest.mark.parametrize(
    ("said", "expected", "disagreements"),
    [
        pytest.param(["walk", "walk"], [WALK], 0, id="agree"),
        pytest.param(["walk", "sit"], [WALK], 1, id="first named decides"),
        pytest.param(["walk", "sit", "sit"], [SIT], 1, id="majority"),
        pytest.param(["", "sit"], [SIT], 0, id="left alone is no vote"),
        pytest.param(["", ""], [], 0, id="nobody said anything"),
    ],
)
def test_attributes_are_voted_on(tmp_path: Path, said: list[str], expected: list[int], disagreements: int) -> None:
    tasks = [on_first_frame((1, BOX, {"action": value} if value else {})) for value in said]
    annotations, labels = bring_back(tmp_path, tasks)
    assert labels == [(action, 1) for action in expected]
    assert len(annotations.merged.disagreements) == disagreements


@pytest.mark.parametrize(
    ("there", "stays"),
    [
        ([True, False], True),
        ([False, True], False),
        ([False, True, True], True),
        ([True, False, False], False),
    ],
)
def test_people_are_voted_on(tmp_path: Path, there: list[bool], stays: bool) -> None:
    tasks = [on_first_frame(*([(1, BOX, {"action": "walk"})] if each else [])) for each in there]
    annotations, labels = bring_back(tmp_path, tasks)
    assert labels == ([(WALK, 1)] if stays else [])
    assert [each.about for each in annotations.merged.disagreements] == ["person"]


def test_boxes_without_an_id_are_matched_by_overlap(tmp_path: Path) -> None:
    near = (1.0, 0.0, 10.0, 36.0)
    first = on_first_frame((1, BOX, {"action": "walk"}), (None, FAR, {"talking": "yes"}))
    second = on_first_frame((None, near, {"action": "walk"}), (None, FAR, {"talking": "yes"}))
    annotations, labels = bring_back(tmp_path, [first, second])
    assert labels == [(WALK, 1), (YES, 4)]  # the package has ids up to 3
    (pair,) = annotations.agreement
    assert (pair.matched, pair.only_first, pair.only_second) == (2, 0, 0)
    assert pair.mean_iou == pytest.approx((0.9 + 1) / 2)
    assert len(annotations.new_ids) == 1


def test_two_tasks_of_one_project_are_two_annotators(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    tasks = [
        on_first_frame((1, BOX, {"action": "walk", "talking": "no"}), annotator="ann"),
        on_first_frame((1, BOX, {"action": "sit"}), annotator="bob"),
    ]
    (tmp_path / "project.xml").write_bytes(video_xml(tasks, project=True))
    params = ImportAnnotationsParams(
        exports=[str(tmp_path / "project.xml")], source=str(tmp_path / "job"), output_dir=str(tmp_path / "out")
    )
    annotations = import_annotations(params)
    assert [clip.source for clip in annotations.clips] == ["project.xml (ann)", "project.xml (bob)"]
    assert [action for *_, action, _ in read_rows(tmp_path / "out")] == [WALK, NO]
    (found,) = annotations.merged.disagreements
    assert (found.said, found.kept, found.by_order) == (
        {"project.xml (ann)": "walk", "project.xml (bob)": "sit"},
        "walk",
        True,
    )


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        # the example of Cohen (1960): 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no
        ([("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15, 0.4),
        ([("y", "y"), ("n", "n")], 1.0),
        ([("y", "n"), ("n", "y")], -1.0),
        ([("y", "y")] * 5, None),
        ([], None),
    ],
)
def test_cohens_kappa(pairs: list[tuple[str, str]], kappa: float | None) -> None:
    assert cohens_kappa(pairs) == (kappa if kappa is None else pytest.approx(kappa))


def test_report_says_all_that_happened_and_loads_nothing(tmp_path: Path) -> None:
    outside: Person = None, (0.0, 50.0, 20.0, 70.0), {}
    cut: Person = 2, (60.0, 0.0, 90.0, 30.0), {}
    first = on_first_frame((1, BOX, {"action": "walk"}), outside, annotator="<script>ann")
    second = on_first_frame((1, BOX, {"action": "sit"}), outside, cut)
    bring_back(tmp_path, [first, second, second])
    page = Page(tmp_path / "out" / "report.html")
    assert page.loads_from_outside == []
    assert "script" not in page.tags
    for text in (
        "Nobody annotated 2 clips of the package: 1_clip_001, 2_clip_000.",
        "No box has walk, yes, no.",
        "1 box left out: outside the frame, or without area.",
        "1 box cut at the edge of the frame.",
        "annotator_0.xml, task 1, track 11_clip_000_frame_0000.jpg14",  # where, first frame, boxes, new id
        "annotator_0.xml (<script>ann): walk; annotator_1.xml: sit; annotator_2.xml: sit",
    ):
        assert text in page.text
