"""Files from and to an S3-speaking server, over lines that are cut, and what is refused."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cutting_proxy import cutting_proxy
from tests.support.s3_server import SECRET, S3Server, s3_server
from videoprep_nb.core import object_storage
from videoprep_nb.core.errors import InputError, StorageError
from videoprep_nb.core.object_address import ObjectAddress, is_address
from videoprep_nb.core.object_storage import describe, fetch, list_below, upload_folder

LARGE_BYTES = 40_000_000


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server(tmp_path / "s3") as running:
        running.use(monkeypatch)
        yield running


@pytest.fixture
def large(server: S3Server) -> bytes:
    content = os.urandom(LARGE_BYTES)
    (server.bucket / "large.mp4").write_bytes(content)
    return content


def ignore(done: int, total: int) -> None:
    return None


def upload_ids(server: S3Server, method: str) -> set[str]:
    return {
        asked.split("uploadId=")[1] for asked in server.requests if asked.startswith(method) and "uploadId" in asked
    }


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://bucket/cam1.mp4", "bucket", "cam1.mp4"),
        ("s3://my.bucket-1/a b/ü%20?#&.mp4", "my.bucket-1", "a b/ü%20?#&.mp4"),
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/results/", "bucket", "results"),
    ],
)
def test_address_is_read_as_the_aws_command_line_reads_it(text: str, bucket: str, key: str):
    assert ObjectAddress.parse(text) == ObjectAddress(bucket, key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gs://bucket/a.mp4", "only S3 is supported"),
        ("memory://a.mp4", "only S3 is supported"),
        ("S3://bucket/a.mp4", "only S3 is supported"),
        ("file:///etc/passwd", "only S3 is supported"),
        ("s3://key:top-secret@bucket/a.mp4", "AWS_ACCESS_KEY_ID"),
        ("s3://127.0.0.1:9000/a.mp4", "AWS_ENDPOINT_URL"),
        ("s3:///a.mp4", "bucket"),
        ("s3://../a.mp4", "bucket"),
        ("s3://bucket/../other/a.mp4", "single slashes"),
        ("s3://bucket/a//b", "single slashes"),
        ("s3://bucket/a/./b", "single slashes"),
        ("s3://bucket/a\nb", "single slashes"),
        ("s3://bucket/" + 2000 * "x", "1024"),
    ],
)
def test_other_addresses_are_refused_without_repeating_secrets(text: str, words: str):
    assert is_address(text)
    with pytest.raises(InputError, match=words) as refused:
        ObjectAddress.parse(text)
    assert "secret" not in str(refused.value)


def test_object_arrives_over_lines_that_are_cut(server: S3Server, large: bytes, tmp_path, monkeypatch):
    seen: list[tuple[int, int]] = []
    # the first request asks for the size; a range goes on where the line before was cut
    with cutting_proxy(server.port, [3_000_000, 200, 9_000_000, 0, 100, 0, 7_000_000, 300_000]) as port:
        server.use(monkeypatch, port)
        fetch(ObjectAddress("bucket", "large.mp4"), tmp_path / "got.mp4", lambda *numbers: seen.append(numbers))
    assert (tmp_path / "got.mp4").read_bytes() == large
    assert seen[-1] == (LARGE_BYTES, LARGE_BYTES)
    assert seen == sorted(seen), "nothing is fetched twice"
    assert len([asked for asked in server.requests if asked.startswith("GET")]) > 3


def test_files_arrive_over_lines_that_are_cut_whole_and_the_package_last(server: S3Server, tmp_path, monkeypatch):
    folder = tmp_path / "results"
    (folder / "reports").mkdir(parents=True)
    for number in range(20):
        (folder / "reports" / f"{number} ü.html").write_bytes(os.urandom(50_000))
    (folder / "final_package.zip").write_bytes(os.urandom(LARGE_BYTES))
    (folder / "empty.json").touch()
    seen: list[int] = []
    with cutting_proxy(server.port, [20_000, 300_000, 100, 0, 1_000_000, 0, 0, 100, 0, 20_000_000, 100_000]) as port:
        server.use(monkeypatch, port)
        upload_folder(
            folder, ObjectAddress("bucket", "job 1"), ["final_package.zip"], lambda done, _: seen.append(done)
        )
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {key: (server.bucket / key).read_bytes() for key in server.object_keys()} == {
        f"job 1/{name}": content for name, content in files.items()
    }
    first_of_package = next(place for place, asked in enumerate(server.requests) if "final_package" in asked)
    assert not any("reports" in asked for asked in server.requests[first_of_package:])
    assert server.unfinished == []
    assert seen[-1] == sum(map(len, files.values()))


def fetch_large(folder: Path) -> None:
    fetch(ObjectAddress("bucket", "large.mp4"), folder / "got/a.mp4", ignore)


def upload_large(folder: Path) -> None:
    upload_folder(folder / "results", ObjectAddress("bucket", "job"), [], ignore)


@pytest.mark.parametrize("transfer", [fetch_large, upload_large])
def test_dead_line_is_given_up_after_some_tries_and_leaves_nothing(
    transfer: Callable[[Path], None], server: S3Server, large: bytes, tmp_path, monkeypatch
):
    monkeypatch.setattr(object_storage, "_PAUSES_S", (0.01, 0.01))
    (tmp_path / "results").mkdir()
    (tmp_path / "results/final_package.zip").write_bytes(large)
    # the line dies after the first megabytes, for good
    with cutting_proxy(server.port, [5_000_000, *(500 * [0])]) as port:
        server.use(monkeypatch, port)
        with pytest.raises(StorageError, match=r"no connection to http://127.0.0.1"):
            transfer(tmp_path)
    assert not list((tmp_path / "got").glob("*"))
    assert server.object_keys() == ["large.mp4"]


def test_upload_that_is_refused_midway_is_aborted(server: S3Server, large: bytes, tmp_path, monkeypatch):
    monkeypatch.setattr(object_storage, "_PAUSES_S", (0.01,))
    (tmp_path / "results").mkdir()
    (tmp_path / "results/final_package.zip").write_bytes(large)
    lines = (6_000_000, *(200 * [3_000_000]))  # no part of 16 MiB passes, short requests do
    with cutting_proxy(server.port, lines) as port:
        server.use(monkeypatch, port)
        with pytest.raises(StorageError):
            upload_folder(tmp_path / "results", ObjectAddress("bucket", "job"), [], ignore)
    # the folder of an upload may outlive this where the server still writes a part of it
    assert upload_ids(server, "DELETE") == upload_ids(server, "PUT")
    assert server.object_keys() == ["large.mp4"]


def test_object_that_changes_meanwhile_is_noticed(server: S3Server, large: bytes, tmp_path, monkeypatch):
    monkeypatch.setattr(object_storage, "_RANGE_BYTES", 8_000_000)
    changed = threading.Event()

    def change(done: int, total: int) -> None:
        if done > 10_000_000 and not changed.is_set():
            changed.set()
            (server.bucket / "new").write_bytes(os.urandom(LARGE_BYTES))  # of the same size
            (server.bucket / "new").replace(server.bucket / "large.mp4")

    with pytest.raises(InputError, match="has changed"):
        fetch(ObjectAddress("bucket", "large.mp4"), tmp_path / "got.mp4", change)
    assert list(tmp_path.glob("*got.mp4")) == []


@pytest.mark.parametrize(
    ("address", "environment", "kind", "words"),
    [
        ("s3://bucket/absent.mp4", {}, InputError, "there is no such object"),
        ("s3://buckett/large.mp4", {}, InputError, "there is no bucket buckett at http://127.0.0.1"),
        ("s3://bucket/large.mp4", {"AWS_ACCESS_KEY_ID": "wrong"}, StorageError, "refuses access"),
        ("s3://bucket/large.mp4", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, StorageError, "no connection"),
        ("s3://bucket/large.mp4", {"AWS_ENDPOINT_URL": "nonsense"}, InputError, "AWS_ENDPOINT_URL"),
        ("s3://bucket", {}, InputError, "is a bucket"),
    ],
)
def test_what_cannot_be_reached_gives_one_sentence(address, environment, kind, words, server, large, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(kind, match=words) as refused:
        describe(ObjectAddress.parse(address))
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert SECRET not in sentence
    assert "Credential" not in sentence


def test_what_lies_below_is_listed(server: S3Server):
    for key in ("cams/a.mp4", "cams/monday/b.mp4", "cams2/c.mp4"):
        (server.bucket / key).parent.mkdir(parents=True, exist_ok=True)
        (server.bucket / key).write_bytes(b"xy")
    found = list_below(ObjectAddress("bucket", "cams"))
    assert found.folders == ["monday"]
    assert [(str(each.address), each.size_bytes) for each in found.objects] == [("s3://bucket/cams/a.mp4", 2)]
    assert list_below(ObjectAddress("bucket")).folders == ["cams", "cams2"]
