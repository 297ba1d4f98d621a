"""The colours of the source are those that every reader of our own videos sees."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from tests.support.colour_bars import BARS, shown_bars, write_bars
from videoprep_nb.media.ffmpeg import ffmpeg_executable
from videoprep_nb.media.frames import read_frames_at
from videoprep_nb.media.probe import probe
from videoprep_nb.media.random_frames import RandomFrames
from videoprep_nb.media.raw.tone_map import to_bt709
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.extract_frames.params import ExtractFramesParams
from videoprep_nb.stages.extract_frames.stage import extract_frames
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize

X264 = ("-c:v", "libx264", "-crf", "4", "-preset", "ultrafast")
X265 = ("-c:v", "libx265", "-crf", "4", "-x265-params", "log-level=error")
SD, HD = (640, 360), (1280, 720)


def coded(matrix: str, pixel_format: str, value_range: str = "tv") -> str:
    """The filters that code RGB."""
    return f"scale=out_color_matrix={matrix}:out_range={value_range},format={pixel_format}"


SOURCES = {
    "bt709.mkv": (SD, coded("bt709", "yuv420p"), X264),
    "bt601.mkv": (SD, coded("smpte170m", "yuv420p"), X264),
    "bt601_hd.mkv": (HD, coded("smpte170m", "yuv420p"), X264),
    "smpte240m.mkv": (SD, coded("smpte240m", "yuv420p"), X264),
    "full_range.mkv": (SD, coded("bt709", "yuv420p", "pc"), X264),
    "10_bit_422.mkv": (SD, coded("bt709", "yuv422p10le"), X264),
    "10_bit_444_full_range.mkv": (SD, coded("bt709", "yuv444p10le", "pc"), X264),
    "12_bit.mkv": (SD, coded("bt709", "yuv420p12le"), X265),
    "rgb.mkv": (SD, "format=rgb24", ("-c:v", "libx264rgb", "-crf", "4")),
    "rgb_10_bit.mkv": (SD, "format=gbrp10le", ("-c:v", "ffv1")),
    "rgb_alpha_hd.mkv": (HD, "format=bgra", ("-c:v", "ffv1")),
    "mjpeg_hd.mkv": (HD, "format=yuvj422p", ("-c:v", "mjpeg", "-q:v", "2")),
    "untagged.avi": (SD, coded("smpte170m", "yuv420p"), ("-c:v", "mpeg4", "-q:v", "2")),
    "untagged_hd.avi": (HD, coded("bt709", "yuv420p"), ("-c:v", "mpeg4", "-q:v", "2")),
}


def quiet(done: int, total: int, unit: str) -> None:
    """Progress that nobody watches."""


def standardise(source: Path, folder: Path) -> Path:
    resize(ResizeParams(input_file=str(source), output_dir=str(folder), fit="stretch"), quiet)
    return folder / "1.mp4"


def frame_by_opencv(path: Path) -> np.ndarray:
    found, frame = cv2.VideoCapture(str(path)).read()
    assert found
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    "frames": lambda path: next(read_frames_at(path, [1]))[1],
    "random_frames": lambda path: RandomFrames(path).at(1),
    "scaled_frames": lambda path: next(read_scaled_frames(path, [1], (640, 360))),
    "opencv": frame_by_opencv,
}


@pytest.mark.parametrize("name", SOURCES)
def test_readers_show_the_colours_of_the_source(name: str, tmp_path: Path) -> None:
    size, filters, arguments = SOURCES[name]
    standard = standardise(write_bars(tmp_path / name, size, filters, *arguments), tmp_path)
    errors = {reader: np.abs(shown_bars(read(standard)) - BARS).max() for reader, read in READERS.items()}
    assert max(errors.values()) <= 5, errors


def test_grey_stays_grey(tmp_path: Path) -> None:
    source = write_bars(tmp_path / "gray.mkv", SD, "format=gray10le", "-c:v", "ffv1")
    shown = shown_bars(READERS["frames"](standardise(source, tmp_path)))
    assert shown == pytest.approx(np.repeat(BARS @ np.array([[0.299], [0.587], [0.114]]), 3, axis=1), abs=2)


@pytest.mark.parametrize("start_s", [0.0, 0.04], ids=["copied", "encoded again"])
def test_clips_and_jpegs_keep_the_colours(start_s: float, tmp_path: Path) -> None:
    source = write_bars(tmp_path / "in.mkv", HD, coded("bt709", "yuv420p"), *X264, frame_count=30)
    standardise(source, tmp_path / "resized")
    clips, frames = tmp_path / "clips" / "1", tmp_path / "frames" / "1"
    clip(
        ClipParams(input_file=str(tmp_path / "resized" / "1.mp4"), output_dir=str(clips.parent), start_s=start_s), quiet
    )
    extract_frames(ExtractFramesParams(clips_dir=str(clips.parent), output_dir=str(frames.parent)), quiet)
    with av.open(str(clips / "1_clip_000.mp4")) as container:
        assert next(container.decode(video=0)).colorspace == 1
    with Image.open(next(frames.rglob("*.jpg"))) as image:
        assert shown_bars(np.asarray(image)) == pytest.approx(BARS, abs=5)


def test_shared_untagged_hd(shared_data: Path, tmp_path: Path) -> None:
    standard = standardise(shared_data / "media_faults" / "hd_bt709_untagged.avi", tmp_path)
    assert shown_bars(READERS["frames"](standard)) == pytest.approx(BARS, abs=5)


def wide(transfer: str, white: int = 203, primaries: str = "2020") -> str:
    """The filters that code RGB with other primaries; in high dynamic range white has so many cd/m²."""
    rgb = "setparams=range=pc:color_primaries=bt709:color_trc=bt709:colorspace=gbr,format=gbrp"
    return f"{rgb},zscale=t={transfer}:npl={white}:p={primaries}:m=2020_ncl:r=limited,format=yuv420p10le"


def tags(transfer: str, primaries: str = "bt2020") -> tuple[str, ...]:
    return ("-color_primaries", primaries, "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv")


WIDE = {
    "high dynamic range (PQ); tone-mapped to standard range": ("smpte2084", "smpte2084"),
    "high dynamic range (HLG); tone-mapped to standard range": ("arib-std-b67", "arib-std-b67"),
    "wide gamut (BT.2020); converted to BT.709": ("2020_10", "bt2020-10"),
}


@pytest.mark.parametrize("finding", WIDE)
def test_wide_gamut_becomes_bt709(finding: str, tmp_path: Path) -> None:
    transfer, tag = WIDE[finding]
    source = write_bars(tmp_path / "in.mp4", SD, wide(transfer), *X265, *tags(tag))
    params = ResizeParams(input_file=str(source), output_dir=str(tmp_path), fit="stretch")
    result = resize(params, quiet)
    assert result.findings == [finding]
    errors = {
        reader: np.abs(shown_bars(read(tmp_path / "1.mp4")) - BARS).max().item() for reader, read in READERS.items()
    }
    assert max(errors.values()) <= 10, errors
    with Image.open(tmp_path / "1_stills" / "0.jpg") as image:
        assert shown_bars(np.asarray(image.convert("RGB"))) == pytest.approx(BARS, abs=10)


@pytest.mark.parametrize(
    ("primaries", "transfer", "finding"),
    [
        ("smpte432", "smpte2084", "high dynamic range (PQ); tone-mapped to standard range"),
        ("bt709", "arib-std-b67", "high dynamic range (HLG); tone-mapped to standard range"),
        ("smpte432", "bt709", "wide gamut (P3); converted to BT.709"),
    ],
    ids=["P3-PQ", "BT.709-HLG", "P3"],
)
def test_primaries_of_other_screens(primaries: str, transfer: str, finding: str, tmp_path: Path) -> None:
    filters = wide({"bt709": "709"}.get(transfer, transfer), primaries={"bt709": "709"}.get(primaries, primaries))
    source = write_bars(tmp_path / "in.mp4", SD, filters, *X265, *tags(transfer, primaries))
    assert probe(source).findings == [finding]
    assert shown_bars(READERS["frames"](standardise(source, tmp_path))) == pytest.approx(BARS, abs=10)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67", "bt2020-10"])
def test_thumbnail_has_the_colours_of_the_standard_video(transfer: str, tmp_path: Path) -> None:
    filters = wide({"bt2020-10": "2020_10"}.get(transfer, transfer))
    source = write_bars(tmp_path / "in.mp4", SD, filters, *X265, *tags(transfer))
    probe(source, thumbnail_file=tmp_path / "thumbnail.jpg")
    with Image.open(tmp_path / "thumbnail.jpg") as image:
        assert shown_bars(np.asarray(image.convert("RGB"))) == pytest.approx(BARS, abs=10)


def test_highlights_are_those_of_the_tone_map_of_ffmpeg(tmp_path: Path) -> None:
    """Bars up to eight times as bright as white, against ffmpeg's mobius curve."""
    source = write_bars(tmp_path / "in.mp4", SD, wide("smpte2084", white=1600), *X265, *tags("smpte2084"))
    linear = "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709"
    reference = tmp_path / "reference.png"
    filters = f"{linear},tonemap=mobius:param=0.8:peak=50:desat=0,zscale=t=bt709:m=gbr:r=full,format=gbrp"
    argv = [ffmpeg_executable(), "-v", "error", "-i", source, "-vf", filters, "-frames:v", "1", reference]
    subprocess.run(argv, check=True)
    shown = shown_bars(READERS["frames"](standardise(source, tmp_path)))
    with Image.open(reference) as image:
        errors = np.abs(shown - shown_bars(np.asarray(image)))
    assert errors.mean() < 3
    assert errors.max() <= 16, "a table of 65 steps is least exact in the dark channel of saturated colours"


def test_more_light_is_never_darker() -> None:
    signal = np.linspace(0, 1, 500)[:, None].repeat(3, axis=1)
    for hdr in ("PQ", "HLG"):
        grey = to_bt709(signal, hdr, "BT.2020")
        assert (np.diff(grey[:, 0]) > -1e-9).all()
        assert grey[0] == pytest.approx([0, 0, 0])
        assert 0.98 < grey[-1, 0] <= 1
        assert np.ptp(grey, axis=1).max() < 1e-4


def test_shared_hlg(shared_data: Path, tmp_path: Path) -> None:
    standard = standardise(shared_data / "media_faults" / "hdr_hlg.mov", tmp_path)
    assert shown_bars(READERS["frames"](standard)) == pytest.approx(BARS, abs=5)


PARTS = {
    "matrix": (coded("smpte170m", "yuv420p"), coded("bt709", "yuv420p")),
    "range": (coded("bt709", "yuv420p10le"), coded("bt709", "yuv420p10le", "pc")),
    "dynamic range": (coded("bt709", "yuv420p10le"), wide("arib-std-b67")),
}


@pytest.mark.parametrize("name", PARTS)
def test_part_of_other_colours_is_converted(name: str, tmp_path: Path) -> None:
    source = tmp_path / "joined.ts"
    with source.open("wb") as file:
        for index, filters in enumerate(PARTS[name]):
            more = tags("arib-std-b67") if "zscale" in filters else ()
            part = write_bars(tmp_path / f"{index}.ts", SD, filters, *X264, *more, frame_count=20)
            file.write(part.read_bytes())
    standard = standardise(source, tmp_path)
    shown = dict(read_frames_at(standard, [10, 30]))
    for index, frame in shown.items():
        assert shown_bars(frame) == pytest.approx(BARS, abs=6), index
