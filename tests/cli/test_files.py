"""``videoprep probe`` with choices."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import videoprep
from tests.support.synthetic import encode_numbers
from videoprep_nb.media.ffmpeg import ffmpeg_executable

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0")


@pytest.fixture
def dual(tmp_path: Path) -> Path:
    front = encode_numbers(tmp_path / "front.mp4", range(10), *H264)
    rear = encode_numbers(tmp_path / "rear.mp4", range(20), *H264, size=(320, 192))
    path = tmp_path / "dual.mkv"
    streams = ("-i", str(front), "-i", str(rear), "-map", "0", "-map", "1", "-c", "copy")
    subprocess.run([ffmpeg_executable(), "-v", "error", *streams, str(path)], check=True)
    return path


def test_probe_reads_the_stream_that_is_chosen(dual: Path) -> None:
    result = videoprep("probe", "--json", "--video-stream", "2", dual)
    (found,) = json.loads(result.stdout)
    assert (found["video_stream"], found["width"], found["packet_count"]) == (2, 320, 20)


def test_probe_refuses_a_stream_that_is_not_there(dual: Path) -> None:
    result = videoprep("probe", "--video-stream", "3", dual)
    assert result.exit_code == 1
    assert result.stderr.strip().endswith("it has no video stream 3, only 2; change video_stream.")


def test_probe_keeps_pauses_as_long_as_is_asked(tmp_path: Path) -> None:
    pause = ("-vf", "setpts='if(gte(N,10),PTS+100/TB,PTS)'", "-fps_mode", "vfr", *H264)
    path = encode_numbers(tmp_path / "pause.mkv", range(20), *pause)
    cut, kept = (
        json.loads(videoprep("probe", "--json", "--max-pause-s", seconds, path).stdout)[0] for seconds in ("60", "200")
    )
    assert [len(found["cuts"]) for found in (cut, kept)] == [1, 0]
    assert cut["duration_s"] < 1 < 100 < kept["duration_s"]
