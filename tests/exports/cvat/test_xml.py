"""CVAT's XML formats, read by datumaro, and by CVAT's rules."""

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from datumaro.components.dataset import Dataset

from tests.support.cvat_results import CLIP, LABELS, moving_result, package_of
from tests.support.cvat_rules import Box, Shape, iou, visible_boxes
from tests.support.proposal_files import HEIGHT, WIDTH, good_proposals
from tests.support.results import write_result
from videoprep_nb.exports.cvat.exporter import CvatOptions
from videoprep_nb.exports.formats.cvat_images import CvatImages
from videoprep_nb.exports.formats.cvat_video import CvatVideo
from videoprep_nb.exports.labels import NOT_LABELLED, LabelOptions
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.result import Result

PEOPLE = {1: range(6), 2: [0, 1, 4], 3: [2, 5], 12: [5]}
FRAME_COUNT = 6

Boxes = dict[tuple[int, int], Box]


def written(exporter: CvatVideo | CvatImages, result: Result, folder: Path) -> Path:
    folder.mkdir()
    exporter.write(result, folder)
    return folder


def expected_boxes(frames: dict[str, list]) -> Boxes:
    """(rank, track id) → box."""
    return {(rank, box[5]): tuple(box[:4]) for rank, boxes in enumerate(frames.values()) for box in boxes}


def boxes_by_datumaro(path: Path) -> tuple[Boxes, list[str]]:
    """(frame, track id) → box, without outside ones; and the names of the frames."""
    dataset = Dataset.import_from(str(path), "cvat")
    boxes: Boxes = {}
    for item in dataset:
        for box in item.annotations:
            assert box.attributes["action"] == box.attributes["looks & talks"] == NOT_LABELLED
            if not box.attributes.get("outside"):
                boxes[item.attributes["frame"], int(box.attributes["track_id"])] = tuple(box.points)
    return boxes, [item.id for item in dataset]


def keyframes_by_rules(path: Path) -> dict[int, list[Shape]]:
    """Track id → its keyframes, as CVAT imports them; what it needs is there."""
    tracks: dict[int, list[Shape]] = defaultdict(list)
    for track in ElementTree.parse(path).getroot().iter("track"):
        for box in track.iter("box"):
            assert box.attrib["keyframe"] == "1"
            values = {attribute.attrib["name"]: attribute.text for attribute in box}
            assert values == {"track_id": track.attrib["id"], "action": NOT_LABELLED, "looks & talks": NOT_LABELLED}
            points = tuple(float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
            tracks[int(track.attrib["id"])].append(
                Shape(int(box.attrib["frame"]), points, box.attrib["outside"] == "1")
            )
    return tracks


def seen_in_cvat(path: Path, frame_count: int) -> Boxes:
    return {
        (index, track_id): box
        for track_id, shapes in keyframes_by_rules(path).items()
        for index, box in visible_boxes(shapes, frame_count).items()
    }


@pytest.mark.parametrize(
    "exporter",
    [CvatVideo(CvatOptions(labels=LABELS)), CvatImages(LabelOptions(labels=LABELS))],
    ids=["video", "images"],
)
def test_datumaro_reads_frames_boxes_and_ids(exporter: CvatVideo | CvatImages, tmp_path: Path) -> None:
    folder = written(exporter, package_of(tmp_path / "job", PEOPLE, FRAME_COUNT), tmp_path / "xml")
    boxes, names = boxes_by_datumaro(folder / f"{CLIP}_annotations.xml")
    assert sorted(boxes) == sorted((rank, track_id) for track_id, ranks in PEOPLE.items() for rank in ranks)
    for (rank, track_id), box in boxes.items():
        assert box == pytest.approx((track_id + rank / 3, 2, track_id + 20.005, 30), abs=0.01)
    by_name = [f"{CLIP}_frame_{rank:04d}" for rank in range(FRAME_COUNT)]
    assert names == (
        by_name if isinstance(exporter, CvatImages) else [f"frame_{rank:06d}" for rank in range(FRAME_COUNT)]
    )


def test_every_clip_has_a_file(tmp_path: Path) -> None:
    result = write_result(tmp_path / "job", clips=False)
    video = written(CvatVideo(CvatOptions(labels=LABELS)), result, tmp_path / "video")
    images = written(CvatImages(LabelOptions(labels=LABELS)), result, tmp_path / "images")
    for folder in (video, images):
        assert sorted(path.name for path in folder.iterdir()) == [
            f"{clip}_annotations.xml" for clip in good_proposals()
        ]
    for clip_id, frames in good_proposals().items():
        name = f"{clip_id}_annotations.xml"
        assert seen_in_cvat(video / name, len(frames)) == expected_boxes(frames)
        assert boxes_by_datumaro(images / name) == (expected_boxes(frames), [Path(each).stem for each in frames])


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    result = package_of(tmp_path / "job", PEOPLE, FRAME_COUNT)
    (path,) = written(CvatVideo(CvatOptions(labels=LABELS)), result, tmp_path / "xml").iterdir()
    outside = {track: [s.frame for s in shapes if s.outside] for track, shapes in keyframes_by_rules(path).items()}
    assert outside == {1: [], 2: [2, 5], 3: [3], 12: []}
    assert sorted(seen_in_cvat(path, FRAME_COUNT)) == sorted(
        (rank, who) for who, ranks in PEOPLE.items() for rank in ranks
    )


@pytest.mark.parametrize("min_iou", [0.6, 0.9, 1])
def test_sparse_keyframes_of_whole_clips(min_iou: float, tmp_path: Path) -> None:
    result = moving_result(tmp_path / "job")
    exporter = CvatVideo(CvatOptions(labels=LABELS, media="clips", keyframe_iou=min_iou))
    assert exporter.needs == set(Need)
    folder = written(exporter, result, tmp_path / "xml")
    for clip in result.manifest.clips:
        path = folder / f"{clip.clip_id}_annotations.xml"
        tracks = result.dense_tracks(clip.clip_id)
        expected = dict(zip(zip(tracks.frame_index, tracks.track_id, strict=True), tracks.boxes_xyxy, strict=True))
        shown = seen_in_cvat(path, clip.frame_count)
        assert sorted(shown) == sorted(expected)
        assert all(iou(box.round(2), shown[key]) >= min_iou - 1e-9 for key, box in expected.items())
        if min_iou == 1:
            read, _ = boxes_by_datumaro(path)
            assert sorted(read) == sorted(expected)
            assert all(read[key] == pytest.approx(box, abs=0.01) for key, box in expected.items())


def test_the_task_is_described(tmp_path: Path) -> None:
    result = package_of(tmp_path / "job", PEOPLE, FRAME_COUNT)
    (path,) = written(CvatVideo(CvatOptions(labels=LABELS)), result, tmp_path / "xml").iterdir()
    task = ElementTree.parse(path).getroot().find("meta/task")
    assert [task.findtext(name) for name in ("name", "size", "mode")] == [CLIP, str(FRAME_COUNT), "interpolation"]
    assert [task.findtext(f"original_size/{side}") for side in ("width", "height")] == [str(WIDTH), str(HEIGHT)]
    attributes = {each.findtext("name"): each for each in task.iter("attribute")}
    assert attributes["track_id"].findtext("mutable") == "False"
    assert attributes["looks & talks"].findtext("values").splitlines() == [NOT_LABELLED, "yes", "no"]


def test_labels_with_characters_of_xml(tmp_path: Path) -> None:
    label = '<a href="x">\'&'
    result = package_of(tmp_path / "job", {1: [0]}, 1)
    options = CvatOptions(labels=f"- label: {label!r}\n".replace("\\'", "''"))
    (path,) = written(CvatVideo(options), result, tmp_path / "xml").iterdir()
    (track,) = ElementTree.parse(path).getroot().iter("track")
    assert track.attrib["label"] == label
