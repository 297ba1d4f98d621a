"""Exports that are corrupt, foreign or half-edited: one sentence each, and nothing is written."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.annotations.test_round_trip import frame_tasks
from tests.support.command_line import videoprep
from tests.support.cvat_exports import NOT_LABELLED, Key, Task, Track, images_xml, video_xml
from tests.support.results import write_result
from videoprep_nb.annotations.cvat_xml import read_document
from videoprep_nb.annotations.export_files import XmlFile
from videoprep_nb.core.errors import InputError

GOOD = video_xml(frame_tasks(), project=True)
GOOD_IMAGES = images_xml(frame_tasks(), project=True)
FIRST_FRAME = "1_clip_000_frame_0000.jpg"


def changed(old: str, new: str, good: bytes = GOOD) -> bytes:
    assert old.encode() in good
    return good.replace(old.encode(), new.encode())


def one_track(*keys: Key, track_id: int | None = 1, name: str = "1_clip_000", size: int = 2) -> bytes:
    return video_xml([Task(name, size, [Track(track_id, list(keys))])], dense=False)


def archive(name: str, content: bytes = GOOD, change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    file = io.BytesIO()
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    change(info)
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(info, content)
    return file.getvalue()


def make_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def understated(content: bytes) -> bytes:
    """A ZIP whose directory says that an entry is 100 bytes long."""
    packed = bytearray(archive("annotations.xml", content))
    directory = packed.rindex(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    return bytes(packed)


BOX = (3.0, 3.0, 9.0, 9.0)
DTD = b'<!DOCTYPE a [<!ENTITY b "c">]><annotations><version>1.1</version>&b;</annotations>'
VOC = b"<annotation><filename>a.jpg</filename><object><name>person</name></object></annotation>"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "is not well-formed XML", id="empty"),
        pytest.param(GOOD[: len(GOOD) // 2], "is not well-formed XML", id="cut off"),
        pytest.param(b"\xff\xfe\x00no xml", "is not well-formed XML", id="no xml"),
        pytest.param(b"<?xml version='1.0' encoding='x-none'?><annotations/>", "is not well-formed", id="encoding"),
        pytest.param(DTD, "declares a document type or entities", id="entities"),
        pytest.param(VOC, "got <annotation>, expected <annotations>", id="Pascal VOC"),
        pytest.param(b"<annotations/>", "holds no images and no tracks", id="nothing in it"),
        pytest.param(changed("<version>1.1", "<version>2.0"), "version '2.0'", id="version"),
        pytest.param(changed(">walk</attribute>", ">jog</attribute>"), "unknown action 'jog'", id="renamed value"),
        pytest.param(changed('<attribute name="action">', '<attribute name="deed">'), "'deed'", id="renamed attribute"),
        pytest.param(changed('label="person"', 'label="bag"'), "unknown label 'bag', expected person", id="label"),
        pytest.param(changed("1_clip_001", "1_clip_009"), "the task '1_clip_009' is not named like a clip", id="clip"),
        pytest.param(
            changed(FIRST_FRAME, "other.jpg", GOOD_IMAGES), "the image 'other.jpg' is not a frame", id="unknown image"
        ),
        pytest.param(changed('width="64"', 'width="32"', GOOD_IMAGES), "has 32×36 pixels, expected 64×36", id="size"),
        pytest.param(changed('xtl="3.00"', 'xtl="three"'), "xtl='three', expected a number", id="no number"),
        pytest.param(changed('xtl="3.00"', 'xtl="nan"'), "xtl='nan', expected a number", id="nan"),
        pytest.param(changed('frame="0"', 'frame="-1"'), "frame='-1', expected a whole number", id="negative frame"),
        pytest.param(changed("<size>2</size>", "<size/>"), "does not say how many frames", id="no size"),
        pytest.param(changed("<size>1</size>", "<size>7</size>"), "has 7 frames, expected 1", id="wrong size"),
        pytest.param(
            changed(f"<default_value>{NOT_LABELLED}", "<default_value>walk"), "has action 'walk'", id="default"
        ),
        pytest.param(
            changed(f"{NOT_LABELLED}\nwalk\nsit", f"{NOT_LABELLED}\nwalk\nwalk"),
            "labels make no sense",
            id="values twice",
        ),
        pytest.param(one_track(Key(5, BOX)), "on frame 5, but 1_clip_000 has 2 frames", id="frame beyond the clip"),
        pytest.param(one_track(Key(0, BOX), Key(0, BOX)), "has two boxes on frame 0", id="two boxes"),
        pytest.param(
            video_xml([Task("1_clip_000", 2, [Track(1, [Key(0, BOX)]), Track(1, [Key(0, BOX)])])]),
            f"2 boxes on {FIRST_FRAME} have the track_id 1",
            id="id twice",
        ),
        pytest.param(
            one_track(Key(0, BOX), track_id=3), f"track_id 3 is on {FIRST_FRAME}, but belongs to video 2", id="moved id"
        ),
        pytest.param(
            changed("<name>1_clip_000</name>", "<name/>", one_track(Key(0, BOX))), "is the export of a job", id="job"
        ),
        pytest.param(b"PK\x03\x04 cut", "is damaged", id="broken zip"),
        pytest.param(archive("readme.txt"), "holds no XML file", id="zip without XML"),
        pytest.param(archive("../annotations.xml"), "leaves the folder", id="zip that leaves the folder"),
        pytest.param(archive("annotations.xml", b"/etc/passwd", make_link), "is a link", id="zip with a link"),
        pytest.param(archive("annotations.xml", b" " * 50_000_000), "grows from", id="zip bomb"),
        pytest.param(archive("images/0.jpg", b" " * 50_000_000), "grows from", id="zip bomb in an image"),
        pytest.param(understated(GOOD), "is", id="zip with more than it says"),
    ],
)
def test_one_sentence_and_nothing_is_written(tmp_path: Path, content: bytes, sentence: str) -> None:
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "export.xml").write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    result = videoprep(
        "import-annotations", tmp_path / "export.xml", "--package", tmp_path / "job", "--output", tmp_path / "out"
    )
    assert result.exit_code == 1, result.output
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_labels_are_compared_between_exports(tmp_path: Path) -> None:
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "a.xml").write_bytes(GOOD)
    (tmp_path / "b.xml").write_bytes(changed("walk", "stroll"))
    arguments = ["import-annotations", tmp_path / "a.xml", tmp_path / "b.xml", "--package", tmp_path / "job"]
    result = videoprep(*arguments, "--output", tmp_path / "out")
    assert (result.exit_code, "a.xml and b.xml have different labels" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["absent.xml"], 1, "absent.xml does not exist"),
        (["."], 1, "cannot be read"),
        (["export.xml", "--labels", "absent.yaml"], 1, "absent.yaml does not exist"),
        (["export.xml", "--labels", "export.xml"], 2, "labels: "),
        (["export.xml", "--format", "csv"], 2, "formats: csv: known are ava, coco, cvat"),
        (["export.xml", "--format", "cvat", "--source-pixels"], 2, "source_pixels: CVAT shows"),
        (["export.xml", "--ava-preset", "x"], 2, "ava_preset: got 'x', expected"),
        (["export.xml", "--labels", "many.yaml", "--ava-preset", "slowfast"], 2, "labels: got 84 actions, expected at"),
        (["export.xml", "--source-pixels"], 1, "cannot be mapped to source pixels"),
        (["export.xml", "--output", "job"], 1, "holds other files (final_package.zip)"),
        (["export.xml", "--output", "export.xml"], 1, "is not a folder"),
        (["export.xml", "--package", "export.xml"], 1, "export.xml is not a package"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_result(tmp_path / "job", clips=False)
    (tmp_path / "export.xml").write_bytes(GOOD)
    values = [f"v{number}" for number in range(80)]
    many = {"action": ["walk", "sit", *values], "talking": ["yes", "no"]}
    (tmp_path / "many.yaml").write_text(json.dumps({"label": "person", "attributes": many}))
    defaults = {"--package": "job", "--output": "out"}
    others = [text for pair in defaults.items() if pair[0] not in arguments for text in pair]
    result = videoprep("import-annotations", *arguments, *others)
    assert (result.exit_code, sentence in result.stderr) == (code, True), result.output
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "job" / "final_package.zip").exists()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(0, len(GOOD) - 1), count=st.integers(0, 40), new=st.binary(max_size=6))
def test_any_damage_is_read_or_reported(place: int, count: int, new: bytes) -> None:
    problem = problem_of(GOOD[:place] + new + GOOD[place + count :])
    assert problem is None or ("export.xml" in problem and "\n" not in problem)


def problem_of(content: bytes) -> str | None:
    try:
        read_document(XmlFile("export.xml", io.BytesIO(content)))
    except InputError as error:
        return str(error)
    return None
