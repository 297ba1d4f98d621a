"""Stage 4 on the first seconds of a real video, and on detections whose persons are known."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.records import ClipRecord, ClipTable, PeopleRecord, TrackRow
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.stages.track_persons.stage import track_persons
from videoprep_nb.tracking.detections import Detections

WIDTH, HEIGHT, RATE = 640, 360, 10


def run(folder: Path, **values: Any) -> TrackResult:
    params = {
        "clips_dir": str(folder / "clips"),
        "output_dir": str(folder / "tracks"),
        "detections_dir": str(folder / "detections"),
        "device": "cpu",
    }
    return track_persons(TrackPersonsParams.checked(params | values), lambda done, total, unit: None)


def read_rows(folder: Path) -> dict[str, list[TrackRow]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((folder / "tracks" / "1").iterdir())}


def make_clips(folder: Path, source: list[str], spans: list[tuple[int, int]]) -> None:
    """Clips of a source, given to ffmpeg as input arguments, and their table, without our own media code."""
    (folder / "clips" / "1").mkdir(parents=True)
    records = []
    for index, (start_frame, frame_count) in enumerate(spans):
        record = ClipRecord(
            clip_id=f"1_clip_{index:03d}",
            start_frame=start_frame,
            frame_count=frame_count,
            rate=Fraction(RATE),
            width=WIDTH,
            height=HEIGHT,
            stream_copied=False,
        )
        fit = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,pad={WIDTH}:{HEIGHT}:-1:-1,setsar=1"
        select = f"trim=start_frame={start_frame}:end_frame={start_frame + frame_count},setpts=N/{RATE}/TB"
        coding = ["-r", str(RATE), "-g", str(RATE), "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-crf", "18", "-an"]
        target = str(folder / "clips" / "1" / record.file_name)
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-vf", f"{fit},{select}", *coding, target],
            check=True,
        )
        records.append(record)
    end = max(start + count for start, count in spans)
    ClipTable(video_id="1", source_frame_count=end, clips=records).write(folder / "clips" / "1" / "clips.json")


@pytest.fixture(scope="module")
def real_clips(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pets")
    make_clips(folder, ["-i", str(shared_data / "videos" / "pets09_s2l1.avi")], [(0, 20), (20, 20), (40, 13)])
    return folder


@pytest.fixture
def pets(real_clips: Path, tmp_path: Path) -> Path:
    shutil.copytree(real_clips / "clips", tmp_path / "clips")
    return tmp_path


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Grey clips, with a detections file: two persons walk all 50 frames, a third is there for 3 frames."""
    lines = []
    for frame in range(50):
        boxes = [(20 + 5 * frame, 50, 0.9), (500 - 5 * frame, 200, 0.8)]
        boxes += [(600, 20, 0.7)] if 10 <= frame < 13 else []
        lines += [f"{frame + 1},-1,{x + 1},{y + 1},40,100,{score},-1,-1,-1" for x, y, score in boxes]
    (tmp_path / "det.txt").write_text("\n".join(lines))
    return tmp_path


def grey(folder: Path, spans: list[tuple[int, int]]) -> None:
    make_clips(folder, ["-f", "lavfi", "-i", f"color=gray:s={WIDTH}x{HEIGHT}:r={RATE}:d=10"], spans)


def run_walk(folder: Path, **values: Any) -> TrackResult:
    return run(folder, detector="precomputed", detections_file=str(folder / "det.txt"), **values)


def test_real_persons(pets: Path) -> None:
    result = run(pets)
    assert (result.frame_count, result.sampled_count, len(result.clips), result.cached_clip_count) == (53, 53, 3, 0)
    rows = read_rows(pets)
    assert list(rows) == ["1_clip_000", "1_clip_001", "1_clip_002"]
    assert sum(map(len, rows.values())) == result.box_count
    by_clip = [{row["track_id"] for row in clip} for clip in rows.values()]
    assert sorted(set.union(*by_clip)) == list(range(1, result.track_count + 1))
    assert by_clip[0] & by_clip[1] & by_clip[2], "somebody is there all the time and keeps the id"
    assert PeopleRecord.read(pets / "tracks" / "1.json").person_count == result.track_count
    assert 3 <= result.box_count / result.frame_count <= 8  # the public ground truth has 4 to 7 persons here
    for clip_id, clip in rows.items():
        assert [row["frame"] for row in clip if row["frame_index"] in (0, 10)] == [
            f"{clip_id}_frame_{row['frame_index'] // 10:04d}.jpg" for row in clip if row["frame_index"] in (0, 10)
        ]
        assert all(row["frame"] is None for row in clip if row["frame_index"] % 10)
        assert [row["frame_index"] for row in clip] == sorted(row["frame_index"] for row in clip)
        for row in clip:
            x1, y1, x2, y2 = row["bbox"]
            assert 0 <= x1 < x2 <= WIDTH
            assert 0 <= y1 < y2 <= HEIGHT
            assert 0 < row["score"] <= 1
            assert row["video_id"] == clip_id
            assert row["time_s"] == row["frame_index"] / RATE
    assert list(rows["1_clip_000"][0]) == list(TrackRow.__annotations__)


def test_public_detections_agree(pets: Path, shared_data: Path) -> None:
    """Most boxes of the public detections are found again: they are scaled and moved as the image was."""
    run(pets)
    public = np.loadtxt(shared_data / "mot15" / "PETS09-S2L1" / "det" / "det.txt", delimiter=",")
    scale, left = HEIGHT / 576, (WIDTH - 768 * HEIGHT / 576) / 2
    first = public[(public[:, 0] == 1) & (public[:, 6] > 0.9)]
    boxes_xyxy = np.hstack([first[:, 2:4], first[:, 2:4] + first[:, 4:6]]) * scale + [left, 0, left, 0]
    mine = [row["bbox"] for row in read_rows(pets)["1_clip_000"] if row["frame_index"] == 0]
    for box in boxes_xyxy:
        assert min(np.abs(np.array(mine) - box).max(axis=1)) < 12


def test_detections_are_used_again(pets: Path) -> None:
    run(pets)
    files = sorted((pets / "detections" / "1").glob("*.npz"))
    assert [file.name for file in files] == ["1_clip_000.npz", "1_clip_001.npz", "1_clip_002.npz"]
    written_ns = [file.stat().st_mtime_ns for file in files]
    before = read_rows(pets)
    again = run(pets, confidence=0.6, tracker_options=["match_iou:0.4"], max_gap_s=0.2)
    assert again.cached_clip_count == 3
    assert [file.stat().st_mtime_ns for file in files] == written_ns
    assert read_rows(pets) != before
    run(pets)
    assert read_rows(pets) == before
    assert run(pets, image_size=320).cached_clip_count == 0


def test_a_changed_or_broken_clip_is_detected_again(pets: Path) -> None:
    run(pets)
    (pets / "detections" / "1" / "1_clip_001.npz").write_bytes(b"cut off")
    shutil.copyfile(pets / "clips" / "1" / "1_clip_000.mp4", pets / "clips" / "1" / "1_clip_002.mp4")
    assert run(pets).cached_clip_count == 1
    with np.load(pets / "detections" / "1" / "1_clip_001.npz", allow_pickle=False) as arrays:
        assert arrays["sampled"].tolist() == list(range(20))


@pytest.mark.slow
def test_a_camera_that_shakes(shared_data: Path, tmp_path: Path) -> None:
    shaken = tmp_path / "shaken.mp4"
    crop = "crop=600:440:x='84+40*sin(n*2.1)+30*sin(n*0.8)':y='68+30*sin(n*1.7)+25*sin(n*2.9)'"
    video = str(shared_data / "videos" / "pets09_s2l1.avi")
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-t", "8", "-i", video, "-vf", crop, "-crf", "12", shaken],
        check=True,
    )
    make_clips(tmp_path, ["-i", str(shaken)], [(0, 40), (40, 40)])
    off = run(tmp_path, estimate_camera_motion="off")
    assert not (tmp_path / "detections" / "1" / "camera").exists()
    auto, rows_of_auto = run(tmp_path), read_rows(tmp_path)
    assert auto.params.estimate_camera_motion == "auto"
    on = run(tmp_path, estimate_camera_motion="sparse_flow")
    assert on.cached_clip_count == 2
    assert on.track_count <= 10
    assert on.box_count - on.interpolated_count > 2 * (off.box_count - off.interpolated_count)
    rows = read_rows(tmp_path)
    assert rows_of_auto == rows
    boxes_xyxy = np.array([row["bbox"] for clip_rows in rows.values() for row in clip_rows])
    assert (boxes_xyxy >= 0).all()
    assert (boxes_xyxy <= [WIDTH, HEIGHT] * 2).all()
    files = sorted((tmp_path / "detections" / "1" / "camera").iterdir())
    assert [file.name for file in files] == ["1_clip_000.npz", "1_clip_001.npz"]
    before = [file.stat().st_mtime_ns for file in files]
    assert run(tmp_path, estimate_camera_motion="sparse_flow", tracker="bytetrack").track_count <= 12
    assert [file.stat().st_mtime_ns for file in files] == before


@pytest.mark.slow
def test_a_camera_that_stands_still_is_not_followed(pets: Path) -> None:
    run(pets, estimate_camera_motion="off")
    rows = read_rows(pets)
    run(pets)
    assert read_rows(pets) == rows


@pytest.mark.parametrize("sampling", [{"sampled_fps": 2.5}, {"frame_stride": 4}], ids=str)
def test_every_box_between_two_samples_is_filled(pets: Path, sampling: dict[str, float]) -> None:
    result = run(pets, **sampling, max_gap_s=0, min_length_s=0)
    assert result.sampled_count == 14  # 0, 4, …, 52
    frames_of: dict[int, list[int]] = {}
    for index, clip in enumerate(read_rows(pets).values()):
        for row in clip:
            frames_of.setdefault(row["track_id"], []).append(20 * index + row["frame_index"])
            assert row["interpolated"] == bool(frames_of[row["track_id"]][-1] % 4)
    steps = {step for frames in frames_of.values() for step in np.diff(frames).tolist()}
    assert 1 in steps
    assert not steps & {2, 3, 4}  # 8 is a person who was missed in a sampled frame
    assert max(map(len, frames_of.values())) > 20


def test_ids_last_across_clips_and_stubs_go(walk: Path) -> None:
    grey(walk, [(0, 15), (15, 15), (30, 20)])
    result = run_walk(walk)
    assert (result.detection_count, result.track_count, result.box_count, result.notes) == (103, 2, 100, [])
    for clip in read_rows(walk).values():
        assert {row["track_id"] for row in clip} == {1, 2}
        assert {row["score"] for row in clip} == {0.9, 0.8}
    assert run_walk(walk, min_length_s=0.3).track_count == 3


def test_clips_that_overlap_share_their_rows(walk: Path) -> None:
    grey(walk, [(0, 30), (20, 30)])
    result = run_walk(walk)
    assert (result.frame_count, result.sampled_count, result.detection_count) == (50, 50, 103)
    first, second = read_rows(walk).values()
    shared = [(row["frame_index"] - 20, row["track_id"], row["bbox"]) for row in first if row["frame_index"] >= 20]
    assert shared == [(row["frame_index"], row["track_id"], row["bbox"]) for row in second if row["frame_index"] < 10]
    assert len(shared) == 20
    assert [row["frame_index"] for row in second] == sorted([*range(30)] * 2)


def test_a_window_into_the_video(walk: Path) -> None:
    grey(walk, [(10, 20), (30, 20)])
    run_walk(walk)
    first = read_rows(walk)["1_clip_000"][0]
    assert first["frame_index"] == 0
    assert first["bbox"] == pytest.approx([70, 50, 110, 150], abs=0.01)  # frame 10 of the video


def test_a_clip_without_persons_has_an_empty_list(walk: Path) -> None:
    grey(walk, [(0, 15), (15, 15), (50, 20)])
    run_walk(walk)
    assert [len(clip) for clip in read_rows(walk).values()] == [30, 30, 0]


def test_a_video_without_persons(walk: Path) -> None:
    (walk / "det.txt").write_text("")
    grey(walk, [(0, 10)])
    result = run_walk(walk)
    assert read_rows(walk) == {"1_clip_000": []}
    assert (result.track_count, result.box_count, len(result.notes)) == (0, 0, 1)


def test_detections_are_kept_from_the_floor_on(walk: Path) -> None:
    (walk / "det.txt").write_text("1,-1,11,11,40,100,0.06\n1,-1,111,11,40,100,0.04\n1,-1,211,11,40,100,0.9")
    grey(walk, [(0, 10)])
    assert run_walk(walk).detection_count == 1
    cached = Detections.read(walk / "detections" / "1" / "1_clip_000.npz")
    assert cached.scores.tolist() == pytest.approx([0.06, 0.9])


def test_progress_counts_frames(walk: Path) -> None:
    grey(walk, [(0, 40), (40, 10)])
    reports: list[tuple[int, int, str]] = []
    params = TrackPersonsParams(
        clips_dir=str(walk / "clips"),
        output_dir=str(walk / "tracks"),
        detections_dir=str(walk / "detections"),
        detector="precomputed",
        detections_file=str(walk / "det.txt"),
    )
    track_persons(params, lambda *report: reports.append(report))
    assert reports == [(done, 50, "frames") for done in range(51)]
    reports.clear()
    track_persons(params, lambda *report: reports.append(report))
    assert reports == [(50, 50, "frames")]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        pytest.param({"tracker": "sortt"}, ParameterError, id="tracker"),
        pytest.param({"tracker_options": ["age:1"]}, ParameterError, id="option"),
        pytest.param({"detections_file": "missing.txt"}, InputError, id="detections"),
        pytest.param({"clips_dir": "missing"}, InputError, id="clips"),
    ],
)
def test_what_cannot_work_fails_before_anything_is_written(
    walk: Path, values: dict[str, Any], error: type[Exception]
) -> None:
    grey(walk, [(0, 10)])
    with pytest.raises(error):
        run(walk, **({"detector": "precomputed", "detections_file": str(walk / "det.txt")} | values))
    assert not (walk / "tracks").exists()
    assert not (walk / "detections").exists()
