"""The preview video and the thumbnails that a job leaves for its page."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from videoprep_nb.core.records import ClipRecord, preview_moment
from videoprep_nb.media.sample import write_sample
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize
from videoprep_nb.stages.track_persons import view
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.stages.track_persons.stage import track_persons
from videoprep_nb.viz.preview import Preview

DURATION_S, CLIP_DURATION_S = 3, 2


def _quiet(done: int, total: int, unit: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def clips_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder / "sample.mp4", DURATION_S)
    resized = {"input_file": str(folder / "sample.mp4"), "output_dir": str(folder)}
    resize(ResizeParams.checked(resized), _quiet)
    cut = {"input_file": str(folder / "1.mp4"), "output_dir": str(folder / "clips")}
    clip(ClipParams.checked(cut | {"clip_duration_s": CLIP_DURATION_S}), _quiet)
    return folder / "clips"


def _track(clips_dir: Path, folder: Path, **values) -> TrackResult:
    folders = {name: str(folder / name) for name in ("output_dir", "detections_dir", "preview_dir")}
    params = TrackPersonsParams.checked({"clips_dir": str(clips_dir), "device": "cpu"} | folders | values)
    return track_persons(params, _quiet)


def test_preview_plays_in_a_browser_and_images_show_the_tracks(clips_dir: Path, tmp_path: Path):
    result = _track(clips_dir, tmp_path)
    live = np.asarray(Image.open(tmp_path / "preview_dir" / "1.jpg"))
    assert live.shape[1] == 640
    with av.open(str(tmp_path / "preview_dir" / "1.mp4")) as video:
        [stream] = video.streams
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) <= 10
        assert float(len(frames) / stream.average_rate) == pytest.approx(DURATION_S, abs=0.15)
    assert frames[0].shape == (360, 640, 3)
    content = (tmp_path / "preview_dir" / "1.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "it must play while it loads"
    images = sorted(path.name for path in (tmp_path / "preview_dir").glob("1_*.jpg"))
    assert images == [f"1_{number}.jpg" for number in range(1, 7)]
    assert "6 thumbnails" in view.preview(result).data


def test_part_of_a_video_has_a_live_frame_only(clips_dir: Path, tmp_path: Path):
    result = _track(clips_dir, tmp_path, clip_count=1)
    assert [path.name for path in (tmp_path / "preview_dir").iterdir()] == ["1.jpg"]
    assert "part of a video" in view.preview(result).data


@pytest.mark.exhaustive
def test_nothing_is_written_unasked(clips_dir: Path, tmp_path: Path):
    result = _track(clips_dir, tmp_path, preview_dir="")
    assert not (tmp_path / "preview_dir").exists()
    assert "None was requested" in view.preview(result).data


def test_places_have_their_moment_in_the_preview_video():
    clips = [clip_record(index, start) for index, start in ((1, 45), (3, 135))]
    preview = Preview(Path("1.mp4"), [], clips, step=3)
    times_s = [preview_moment(preview.spans, frame / 30) for frame in (44, 45, 60, 90, 135, 150, 180)]
    assert times_s == [None, 0.0, 0.5, None, 1.5, 2.0, None]


def clip_record(index: int, start_frame: int) -> ClipRecord:
    """A clip of 45 frames at 30 frames per second."""
    return ClipRecord(
        clip_id=f"1_clip_{index:03d}",
        start_frame=start_frame,
        frame_count=45,
        rate=Fraction(30),
        width=160,
        height=90,
        stream_copied=True,
    )
