"""Whole jobs from and to an S3-speaking server, through the command line."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cutting_proxy import cutting_proxy
from tests.support.packages import read_proposals
from tests.support.s3_server import ACCESS_KEY_ID, SECRET, S3Server, s3_server
from videoprep_nb.media.sample import write_sample

TIMEOUT_S = 240
QUICK = ("--preset", "fast-draft", "--set", "track_persons.frame_stride=10")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    with s3_server(tmp_path / "s3") as running:
        yield running


def run(server: S3Server, folder: Path, *arguments: str | Path, port: int | None = None, **environment: str):
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "videoprep_nb.cli.main", "run", *map(str, arguments)],
        env=os.environ | server.environment(port) | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


def assert_package_is_whole(package: Path) -> None:
    assert zipfile.ZipFile(package).testzip() is None
    assert list(read_proposals(package)) == ["1_clip_000"]


@pytest.mark.slow
def test_video_and_results_lie_in_a_bucket(server: S3Server, tmp_path: Path):
    (server.bucket / "cams").mkdir()
    write_sample(server.bucket / "cams" / "cam 1.mp4", duration_s=1.0)
    size_bytes = (server.bucket / "cams" / "cam 1.mp4").stat().st_size
    arguments = ("s3://bucket/cams/cam 1.mp4", "--output", "s3://bucket/results/job1/", *QUICK)
    server.may_write = False
    with cutting_proxy(server.port, [100, 1000, size_bytes // 2, 100, size_bytes // 3]) as port:
        ended = run(server, tmp_path / "here", *arguments, port=port)
    kept = tmp_path / "here" / "videoprep-output/s3/bucket/results/job1"
    assert ended.returncode == 1
    assert "refuses access (AccessDenied)" in ended.stderr
    assert f"The results are kept in {kept}" in ended.stderr
    assert f"cam 1.mp4: {size_bytes / 1e6:,.1f} MB" in ended.stderr
    assert_package_is_whole(kept / "final_package.zip")
    assert sorted(kept.glob(".*")) == [], "what was fetched is deleted"
    assert server.object_keys() == ["cams/cam 1.mp4"]

    server.may_write = True
    with cutting_proxy(server.port, [100, 1000, 70_000, 100, *range(50_000, 250_000, 20_000)]) as port:
        resumed = run(server, tmp_path / "here", "--resume", "s3://bucket/results/job1", "--json", port=port)
    assert resumed.returncode == 0, resumed.stderr
    result = json.loads(resumed.stdout)
    assert [video["original_name"] for video in result["videos"]] == ["cam 1.mp4"]
    places = result["uploaded_to"], result["folder"], result["package"]
    assert places == ("s3://bucket/results/job1", ".", "final_package.zip")
    results = server.bucket / "results" / "job1"
    assert_package_is_whole(results / "final_package.zip")
    for name in ("job.json", "manifest.json", "result.json", "reports/index.html", "reports/06_package.ipynb"):
        assert (results / name).stat().st_size > 0
    assert json.loads((results / "result.json").read_text())["uploaded_to"] == "s3://bucket/results/job1"
    writes = [asked for asked in server.requests if asked.startswith(("PUT", "POST"))]
    assert "final_package.zip" in writes[-1]
    assert server.unfinished == []
    assert [path for path in (tmp_path / "here").rglob("*") if path.is_file()] == []
    printed = ended.stdout + ended.stderr + resumed.stdout + resumed.stderr
    assert not any(secret in printed for secret in (SECRET, ACCESS_KEY_ID))
    again = run(server, tmp_path / "here", *arguments)
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("video", "output", "code", "words"),
    [
        ("s3://bucket/absent.mp4", "out", 2, "there is no such object"),
        ("s3://bucket/absent.mp4", "s3://buckett/out", 2, "there is no bucket buckett"),
        ("gs://bucket/a.mp4", "out", 2, "only S3 is supported"),
        ("s3://bucket/absent.mp4", "gs://bucket/out", 2, "only S3 is supported"),
        ("s3://me:top-secret@bucket/a.mp4", "out", 2, "holds no credentials"),
    ],
)
def test_wrong_address_gives_one_sentence_and_leaves_nothing(video, output, code, words, server, tmp_path: Path):
    ended = run(server, tmp_path / "here", video, "--output", output)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (code, "", 1), ended.stderr
    assert words in ended.stderr
    assert "top-secret" not in ended.stderr
    assert [path for path in (tmp_path / "here").rglob("*") if path.is_file()] == []


def test_wrong_credentials_give_one_sentence(server: S3Server, tmp_path: Path):
    ended = run(server, tmp_path / "here", "s3://bucket/a.mp4", "--output", "out", AWS_ACCESS_KEY_ID="somebody")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "refuses access" in ended.stderr
