"""Resizing: the frame lands where the record says, and counts that differ are reported."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic import decoded_frames, number_frame, numbers_in, write_counter_video, write_video
from videoprep_nb.core.errors import InputError, ParameterError, ProbeError
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.geometry import place
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.media.standard import read_standard
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

ZOO_FRAMES = {
    "av1.mkv": 125,
    "cinepak_dropped_frames.avi": 444,
    "data_streams.mp4": 309,
    "hevc_10bit.mp4": 30,
    "mpeg1_sar_64_45.mpg": 37,
    "one_pixel.mp4": 5,
    "phone.3gp": 74,
    "rotated_90_portrait.MOV": 62,
    "short_1_2s.mp4": 36,
    "vfr quote's name.mov": 147,
    "vp8_one_second.webm": 24,
    "vp9_no_duration.webm": 74,
}


def standardise(source: Path, folder: Path, **options: object) -> ResizeResult:
    params = ResizeParams(input_file=str(source), output_dir=str(folder), **options)
    return resize(params, lambda done, total, unit: None)


def encode(target: Path, source: str, *arguments: str) -> None:
    """Have ffmpeg make a video from one of its test sources."""
    argv = [ffmpeg_executable(), "-v", "error", "-f", "lavfi", "-i", source, *arguments, str(target)]
    subprocess.run(argv, check=True, capture_output=True)


def turned_back(frame: np.ndarray, rotation_deg: int) -> np.ndarray:
    """What has to be stored so that a player that turns it clockwise shows the frame."""
    return np.rot90(frame, rotation_deg // 90)


@pytest.mark.parametrize("name", ZOO_FRAMES)
def test_zoo_file_is_standardised(name: str, shared_data: Path, tmp_path: Path) -> None:
    result = standardise(shared_data / "zoo" / name, tmp_path)
    written = read_standard(tmp_path / "1.mp4")
    assert len(decoded_frames(tmp_path / "1.mp4")) == written.frame_count == result.frame_count == ZOO_FRAMES[name]
    assert (written.width, written.height, written.rate) == (1280, 720, result.rate)
    assert result.decoded_frame_count == result.source.packet_count
    assert ResizeResult.read(tmp_path / "1.json") == result


@pytest.mark.parametrize("name", ["broken.mp4", "empty.flv", "zero_bytes.webm"])
def test_broken_zoo_file_leaves_nothing(name: str, shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises((ProbeError, InputError)):
        standardise(shared_data / "zoo" / name, tmp_path / "out")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("sample_aspect", ["1", "64/45"])
@pytest.mark.parametrize(("width", "height"), [(480, 320), (250, 330)])
@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
def test_rectangle_is_found_where_the_transform_says(
    rotation_deg: int, sample_aspect: str, width: int, height: int, fit: str, tmp_path: Path
) -> None:
    shown_size = (width, height) if rotation_deg % 180 == 0 else (height, width)
    rectangle = np.array(
        [[0.45 * shown_size[0], 0.4 * shown_size[1], 0.6 * shown_size[0], 0.55 * shown_size[1]]]
    ).round()
    left, upper, right, lower = rectangle[0].astype(int)
    shown = np.zeros((shown_size[1], shown_size[0], 3), np.uint8)
    shown[upper:lower, left:right] = 255
    stored = turned_back(shown, rotation_deg)
    aspect = Fraction(sample_aspect)
    source = write_video(
        tmp_path / "in.mp4", [stored] * 2, Fraction(25), sample_aspect=aspect, rotation_deg=rotation_deg
    )

    result = standardise(source, tmp_path, fit=fit, width=640, height=360)

    rows, columns = np.nonzero(decoded_frames(tmp_path / "1.mp4")[0].mean(axis=2) > 127)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert result.transform.to_standard(rectangle)[0] == pytest.approx(found, abs=2.5)
    assert result.transform.to_source(np.array([found], float))[0] == pytest.approx(rectangle[0], abs=2)
    if fit != "stretch":  # the shape on the screen stays
        shown_aspect = aspect if rotation_deg % 180 == 0 else 1 / aspect
        shape = (right - left) * float(shown_aspect) / (lower - upper)
        assert (found[2] - found[0]) / (found[3] - found[1]) == pytest.approx(shape, rel=0.06)


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize(
    ("size", "upscale"),
    [((320, 180), True), ((320, 180), False), ((200, 500), True), ((200, 500), False), ((1000, 101), False)],
    ids=["up", "up-not", "tall-up", "tall-not", "wide-not"],
)
def test_frame_fills_the_area_of_the_record(fit: str, size: tuple[int, int], upscale: bool, tmp_path: Path) -> None:
    width, height = size
    white = np.full((height // 2 * 2, width, 3), 255, np.uint8)
    source = write_video(tmp_path / "in.mp4", [white] * 2, Fraction(25))

    result = standardise(source, tmp_path, fit=fit, upscale=upscale, width=640, height=360)

    frame = decoded_frames(tmp_path / "1.mp4")[0].mean(axis=2)
    expected = np.zeros((360, 640))
    left, upper, right, lower = result.content_xyxy
    expected[upper:lower, left:right] = 255
    assert np.abs(frame - expected).mean() < 2
    if not upscale:
        assert max(result.transform.scale_x, result.transform.scale_y) <= 1.02


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (1, 4000), (5000, 3), (321, 181)])
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_place_is_even_and_inside(size: tuple[int, int], fit: str) -> None:
    placement = place(size, Fraction(64, 45), (1280, 720), fit, upscale=True)
    left, upper, right, lower = placement.content_xyxy
    assert 0 <= left < right <= 1280
    assert 0 <= upper < lower <= 720
    assert all(number % 2 == 0 for number in placement.content_xyxy)


def test_absurd_crop_is_refused() -> None:
    with pytest.raises(ParameterError, match="letterbox"):
        place((1, 4000), Fraction(1), (1280, 720), "crop", upscale=True)


@pytest.mark.parametrize(("codec", "tolerance"), [("libx264", 12), ("rawvideo", 12)])
def test_colours_stay(codec: str, tolerance: int, tmp_path: Path) -> None:
    colours = [(200, 30, 30), (30, 180, 40), (30, 40, 200), (128, 128, 128)]
    frame = np.repeat(np.repeat(np.array([colours], np.uint8), 90, axis=1), 202, axis=0)
    source = write_video(tmp_path / "in.mkv", [frame] * 2, Fraction(25), codec=codec)
    standardise(source, tmp_path, fit="stretch", width=640, height=360)
    shown = decoded_frames(tmp_path / "1.mp4")[0]
    for index, colour in enumerate(colours):
        assert shown[180, 80 + 160 * index] == pytest.approx(colour, abs=tolerance)


def test_damaged_part_costs_only_itself(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mkv", 200, Fraction(25))
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    source.write_bytes(data)
    result = standardise(source, tmp_path, width=320, height=180)
    numbers = numbers_in(tmp_path / "1.mp4")
    assert numbers[:80] == list(range(80))
    assert result.frame_count == len(numbers)
    assert result.findings


def test_cut_off_tail_keeps_the_good_frames(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "videos" / "pets09_s2l1.avi").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 8])
    result = standardise(cut, tmp_path)
    assert 50 < result.frame_count < 200
    assert any("header reports 795 frames" in finding for finding in result.findings)


def test_odd_size_is_processed_and_reported(tmp_path: Path) -> None:
    source = write_video(
        tmp_path / "odd.mkv", [number_frame(i, 321, 181) for i in range(30)], Fraction(25), codec="ffv1"
    )
    result = standardise(source, tmp_path)
    assert result.frame_count == 30
    assert "odd resolution, 321×181; scaled to even numbers" in result.findings


@pytest.mark.parametrize(
    "name", ['it\'s "quoted".mp4', "-i.mp4", "%d %03d.mp4", "line\nbreak.mp4", "ünï:çødé 視頻.mp4"]
)
def test_awkward_names_are_taken_literally(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / name.removesuffix(".mp4")
    folder.mkdir()
    monkeypatch.chdir(folder)
    write_counter_video(tmp_path / "plain.mp4", 10, Fraction(25)).rename(folder / name)
    result = standardise(Path(name), folder / "out", width=320, height=180)
    assert numbers_in(folder / "out" / "1.mp4") == list(range(10))
    assert result.original_name == name.replace("\n", "\N{REPLACEMENT CHARACTER}")
    assert sorted(path.name for path in folder.rglob("*")) == sorted(
        [name, "out", "1.mp4", "1.json", "1_stamps.npy", "1_source_times.npy", "1_stills", "0.jpg"]
    )


def test_joined_recordings_of_different_size_are_one_video(tmp_path: Path) -> None:
    parts = [
        write_video(tmp_path / f"{first}.ts", (number_frame(first + i, width, height) for i in range(50)), Fraction(25))
        for first, width, height in ((0, 320, 180), (50, 640, 360), (100, 320, 180))
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = standardise(joined, tmp_path, width=320, height=180)
    assert result.decoded_frame_count == 150
    assert numbers_in(tmp_path / "1.mp4") == list(range(150))


def test_video_that_changes_its_aspect_ratio_is_reported(tmp_path: Path) -> None:
    joined = tmp_path / "joined.ts"
    parts = [
        write_video(tmp_path / f"{width}.ts", (number_frame(i, width, 240) for i in range(25)), Fraction(25))
        for width in (320, 240, 320)
    ]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    reported = [finding for finding in standardise(joined, tmp_path).findings if "240×240" in finding]
    assert len(reported) == 1


@pytest.mark.parametrize("rate", [10, 24, 25, 60])
@pytest.mark.parametrize(("container", "codec"), [("h264", "libx264"), ("hevc", "libx265")])
def test_stream_without_container_has_the_rate_of_its_frames(
    rate: int, container: str, codec: str, tmp_path: Path
) -> None:
    raw = tmp_path / f"raw.{container}"
    encode(raw, f"testsrc2=s=160x120:r={rate}:d=2", "-c:v", codec, "-f", container)
    result = standardise(raw, tmp_path)
    assert (result.rate, result.decoded_frame_count, result.frame_count) == (rate, 2 * rate, 2 * rate)
    assert result.findings == []


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("mkv", "libx264"), ("ogv", "libtheora")])
def test_pause_of_the_recording_costs_no_frame(suffix: str, codec: str, tmp_path: Path) -> None:
    """With B-frames, times of showing jump some packets before times of decoding."""
    raw = tmp_path / f"raw.{suffix}"
    pause = ["-vf", "setpts='if(gte(N,50),PTS+20/TB,PTS)'", "-fps_mode", "vfr"]
    encode(raw, "testsrc2=s=160x120:r=25:d=4", *pause, "-c:v", codec)
    result = standardise(raw, tmp_path)
    assert (result.decoded_frame_count, result.frame_count) == (100, 600)
    frames = [frame.tobytes() for frame in decoded_frames(tmp_path / "1.mp4")]
    assert len({hash(frame) for frame in frames[:50] + frames[-50:]}) == 100
    assert not any("dropped" in finding for finding in result.findings)


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("ogv", "libtheora")])
def test_second_recording_in_a_stream_follows_the_first(suffix: str, codec: str, tmp_path: Path) -> None:
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    encode(one, "testsrc2=s=160x120:r=25:d=4", "-c:v", codec)
    two.write_bytes(2 * one.read_bytes())
    result = standardise(two, tmp_path)
    assert result.decoded_frame_count == 200
    assert 200 <= result.frame_count <= 204


def test_stream_of_one_image_has_one_frame(tmp_path: Path) -> None:
    encode(tmp_path / "one.ts", "testsrc2=s=160x120:r=25", "-frames:v", "1", "-c:v", "libx264")
    result = standardise(tmp_path / "one.ts", tmp_path)
    assert (result.rate, result.frame_count) == (25, 1)
