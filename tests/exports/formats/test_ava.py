"""AVA, read by the rules of mmaction2 and of PySlowFast."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.ava_readers import WHOLE_FRAME, read_action_list, read_as_mmaction2, read_as_pyslowfast
from tests.support.walking_scene import CLIPS, HEIGHT, RATE, SECONDS, WIDTH, write_walking_scene
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.layout import video_id_of_clip
from videoprep_nb.exports.ava import AvaRow, normalised, write_rows
from videoprep_nb.exports.formats.ava import AvaExporter, AvaOptions
from videoprep_nb.exports.needs import Need
from videoprep_nb.exports.registry import create_exporters
from videoprep_nb.exports.result import Result

LABELS = "{label: person, attributes: {action: [walk, sit], talks: [yes]}}"
SIZE = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return write_walking_scene(tmp_path / "job")


def export(result: Result, folder: Path, **options: object) -> Path:
    folder.mkdir()
    AvaExporter(AvaOptions(labels=LABELS, **options)).write(result, folder)
    return folder


def people_by_second(result: Result) -> dict[tuple[str, int], list[list[float]]]:
    """Video and second of the standard video → x1 y1 x2 y2 score id of the people there."""
    people = {}
    for clip, frames in result.proposals.items():
        first = SECONDS * int(clip[-3:])
        for rank, boxes in enumerate(frames.values()):
            people[video_id_of_clip(clip), first + rank] = boxes
    return people


def label_everybody(result: Result, path: Path, zero: int = 0, first: int = 0) -> None:
    """What annotators would say: everybody walks, and everybody talks."""
    rows = [
        AvaRow(video, second + zero, normalised([box[:4]], WIDTH, HEIGHT)[0], action, int(box[5]))
        for (video, second), boxes in people_by_second(result).items()
        for box in boxes
        for action in (1, 3)
        if second >= first
    ]
    write_rows(path, rows)


def test_mmaction2_loads_every_keyframe_and_box(result: Result, tmp_path: Path) -> None:
    folder = export(result, tmp_path / "ava")
    assert (folder / "annotations.csv").read_bytes() == b""
    label_everybody(result, folder / "annotations.csv")
    samples = read_as_mmaction2(*(folder / f for f in ("annotations.csv", "proposals.pkl", "excluded_timestamps.csv")))
    expected = {key: boxes for key, boxes in people_by_second(result).items() if boxes}
    assert set(samples) == {f"{video},{second:04d}" for video, second in expected}
    for (video, second), boxes in expected.items():
        sample = samples[f"{video},{second:04d}"]
        corners = np.array([box[:4] for box in boxes])
        assert np.abs(np.array(sample.boxes) * SIZE - corners).max() < 0.01
        assert np.abs(sample.proposals[:, :4] * SIZE - corners).max() < 1e-9
        assert sample.entities == [box[5] for box in boxes]
        assert sample.labels == [{1, 3}] * len(boxes)
    assert read_action_list(folder / "action_list.pbtxt") == {1: "walk", 2: "sit", 3: "yes"}


def test_scores_are_kept_on_request(result: Result, tmp_path: Path) -> None:
    folder = export(result, tmp_path / "ava", keep_scores=True)
    label_everybody(result, folder / "annotations.csv")
    files = [folder / f for f in ("annotations.csv", "proposals.pkl", "excluded_timestamps.csv")]
    boxes = {f"{video},{second:04d}": boxes for (video, second), boxes in people_by_second(result).items() if boxes}
    for key, sample in read_as_mmaction2(files[0], files[1], files[2], person_det_score_thr=0).items():
        assert sample.proposals[:, 4].tolist() == [box[4] for box in boxes[key]]
        assert sample.proposals.tolist() != WHOLE_FRAME


def test_pyslowfast_loads_every_keyframe_and_box_after_the_first_two_seconds(result: Result, tmp_path: Path) -> None:
    folder = export(result, tmp_path / "ava", preset="slowfast")
    label_everybody(result, folder / "annotations.csv", zero=900, first=2)
    paths, samples = read_as_pyslowfast(
        folder / "frame_list.csv", [folder / "annotations.csv"], [folder / "predicted_boxes.csv"]
    )
    expected = {key: boxes for key, boxes in people_by_second(result).items() if boxes and key[1] >= 2}
    assert set(samples) == {(video, second + 900) for video, second in expected}
    for (video, second), boxes in expected.items():
        sample = samples[video, second + 900]
        assert np.abs(np.array(sample.boxes) * SIZE - [box[:4] for box in boxes]).max() < 0.01
        assert sample.labels == [{1, 3, -1}] * len(boxes)  # the true box and the predicted one are the same text
    lengths = {"1": 30 * 2 * SECONDS, "2": 30 * SECONDS}
    assert {video: len(of_video) for video, of_video in paths.items()} == lengths
    assert paths["2"][0] == "2/2_000001.jpg"


def labels_with(count: int) -> str:
    return f"{{label: person, attributes: {{action: [{', '.join(f'a{number}' for number in range(count))}]}}}}"


def test_more_actions_than_pyslowfast_knows_are_refused() -> None:
    with pytest.raises(ParameterError, match="got 81 actions, expected at most 80 for slowfast"):
        create_exporters(["ava"], ["ava.preset:slowfast"], labels_with(81))


@pytest.mark.parametrize(("preset", "count"), [("slowfast", 80), ("mmaction2", 81)])
def test_as_many_actions_as_a_preset_takes(preset: str, count: int, result: Result, tmp_path: Path) -> None:
    [exporter] = create_exporters(["ava"], [f"ava.preset:{preset}"], labels_with(count))
    (tmp_path / "ava").mkdir()
    exporter.write(result, tmp_path / "ava")
    assert len(read_action_list(tmp_path / "ava" / "action_list.pbtxt")) == count


def test_list_of_keyframes_says_what_was_left_out(result: Result, tmp_path: Path) -> None:
    lines = (export(result, tmp_path / "ava", preset="slowfast") / "keyframes.csv").read_text().splitlines()
    assert lines[0] == "frame,video,second,people,left out because"
    assert len(lines) == 1 + SECONDS * len(CLIPS)
    assert lines[1].startswith('1_clip_000_frame_0000.jpg,,,2,"in the first 2 seconds')
    assert lines[3] == "1_clip_000_frame_0002.jpg,1,0902,2,"


@pytest.mark.parametrize(
    ("preset", "names", "tail_s"), [("mmaction2", "img_{:05d}.jpg", 2), ("slowfast", "{video}_{:06d}.jpg", 0)]
)
def test_training_frames_show_the_clips_30_times_a_second(
    preset: str, names: str, tail_s: int, result: Result, tmp_path: Path
) -> None:
    frames = export(result, tmp_path / "ava", preset=preset, frames=True) / "frames"
    for video, clip_count in {"1": 2, "2": 1}.items():
        length = RATE * SECONDS * clip_count
        paths = sorted((frames / video).iterdir())
        expected = [names.format(number, video=video) for number in range(1, 3 * (length + RATE * tail_s) + 1)]
        assert [path.name for path in paths] == expected
        shades = [np.asarray(Image.open(path)).mean() for path in paths]
        shown = [min(round(number / 3), length - 1) for number in range(len(paths))]
        assert np.abs(np.array(shades) - [4 * (index % (RATE * SECONDS)) for index in shown]).max() < 3


def test_frames_need_the_clips() -> None:
    assert AvaExporter(AvaOptions(frames=True)).needs == {Need.PACKAGE, Need.CLIPS}
    assert AvaExporter().needs == {Need.PACKAGE}
