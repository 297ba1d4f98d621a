"""Deliberately broken packages, each with the finding it must give."""

import io
import os
import pickle
import random
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.proposal_files import Proposals, frame, good_entries, good_proposals, jpeg, zip_of
from videoprep_nb.exports.validation.validate import validate_package

PICKLE = "dense_proposals.pkl"
CLIP = "1_clip_000"
CLIP_ZIP = f"frames/{CLIP}.zip"
FIRST, SECOND = frame(CLIP, 0), frame(CLIP, 1)


def codes_of(content: bytes, folder: Path) -> set[str]:
    path = folder / "package.zip"
    path.write_bytes(content)
    return {finding.code for finding in validate_package(path)}


def test_a_good_package_has_no_findings(tmp_path: Path) -> None:
    assert codes_of(zip_of(good_entries()), tmp_path) == set()


def with_box(*box: Any) -> Proposals:
    proposals = good_proposals()
    proposals[CLIP][FIRST][0] = list(box)
    return proposals


def edited(edit: Callable[[Proposals], Any]) -> Proposals:
    proposals = good_proposals()
    edit(proposals)
    return proposals


def reordered(mapping: dict[Any, Any]) -> None:
    items = list(mapping.items())
    mapping.clear()
    mapping.update(reversed(items))


def shared_list() -> Proposals:
    """Small on disk, and 40 million boxes for whoever walks through it."""
    boxes = [[float(n), 0.0, n + 1.0, 1.0, 0.5, n] for n in range(2000)]
    frames = {frame(CLIP, n): boxes for n in range(20_000)}
    return edited(lambda proposals: proposals.update({CLIP: frames}))


BROKEN_PROPOSALS: dict[str, tuple[Proposals | list[Any], str]] = {
    "no-dict": ([1, 2], "wrong-type"),
    "clip-name": (edited(lambda p: p.update({"../evil": {}})), "clip-name"),
    "clip-key-is-int": (edited(lambda p: p.update({7: {}})), "clip-name"),
    "clip-name-endless": (edited(lambda p: p.update({f"1_clip_{'9' * 5000}": {}})), "clip-name"),
    "clip-is-list": (edited(lambda p: p.update({"3_clip_000": []})), "wrong-type"),
    "clips-out-of-order": (edited(reordered), "key-order"),
    "frames-out-of-order": (edited(lambda p: reordered(p[CLIP])), "key-order"),
    "frame-name": (edited(lambda p: p[CLIP].update({"x.jpg": []})), "frame-name"),
    "frame-of-other-clip": (edited(lambda p: p[CLIP].update({frame("2_clip_000", 2): []})), "frame-name"),
    "numbering-from-1": (edited(lambda p: p[CLIP].pop(FIRST)), "frame-numbering"),
    "numbering-with-gap": (edited(lambda p: p[CLIP].update({frame(CLIP, 3): []})), "frame-numbering"),
    "frame-is-none": (edited(lambda p: p[CLIP].update({SECOND: None})), "wrong-type"),
    "box-is-tuple": (edited(lambda p: p[CLIP][SECOND].append((1.0, 1.0, 2.0, 2.0, 0.5, 1))), "wrong-type"),
    "box-of-five": (with_box(1.0, 1.0, 2.0, 2.0, 0.5), "wrong-type"),
    "text-in-box": (with_box("1", 1.0, 2.0, 2.0, 0.5, 1), "wrong-type"),
    "bool-in-box": (with_box(True, 1.0, 2.0, 2.0, 0.5, 1), "wrong-type"),
    "nan-in-box": (with_box(float("nan"), 1.0, 2.0, 2.0, 0.5, 1), "wrong-type"),
    "infinite-score": (with_box(0.0, 1.0, 2.0, 2.0, float("inf"), 1), "wrong-type"),
    "huge-int-in-box": (with_box(1 << 2000, 1.0, 2.0, 2.0, 0.5, 1), "wrong-type"),
    "float-id": (with_box(0.0, 1.0, 2.0, 2.0, 0.5, 1.0), "wrong-type"),
    "bool-id": (with_box(0.0, 1.0, 2.0, 2.0, 0.5, True), "wrong-type"),
    "x-reversed": (with_box(5.0, 1.0, 2.0, 2.0, 0.5, 1), "box-empty"),
    "no-height": (with_box(1.0, 2.0, 2.0, 2.0, 0.5, 1), "box-empty"),
    "left-of-frame": (with_box(-0.1, 1.0, 2.0, 2.0, 0.5, 1), "box-out-of-range"),
    "right-of-frame": (with_box(1.0, 1.0, 64.1, 2.0, 0.5, 1), "box-out-of-range"),
    "below-frame": (with_box(1.0, 1.0, 2.0, 36.1, 0.5, 1), "box-out-of-range"),
    "score-0": (with_box(0.0, 1.0, 2.0, 2.0, 0.0, 1), "score-out-of-range"),
    "score-above-1": (with_box(0.0, 1.0, 2.0, 2.0, 1.01, 1), "score-out-of-range"),
    "id-twice-in-frame": (with_box(0.0, 1.0, 2.0, 2.0, 0.5, 2), "id-twice-in-frame"),
    "id-of-two-videos": (with_box(0.0, 1.0, 2.0, 2.0, 0.5, 3), "id-shared"),
    "numpy-float": (with_box(np.float64(0), 1.0, 2.0, 2.0, 0.5, 1), "pickle-global"),
    "numpy-int": (with_box(0.0, 1.0, 2.0, 2.0, 0.5, np.int64(1)), "pickle-global"),
    "bytes": (with_box(b"0", 1.0, 2.0, 2.0, 0.5, 1), "pickle-opcode"),
    "clip-without-zip": (edited(lambda p: p.update({"3_clip_000": {}})), "missing-entry"),
    "zip-without-clip": (edited(lambda p: p.pop("2_clip_000")), "extra-entry"),
    "frame-without-key": (edited(lambda p: p[CLIP].pop(SECOND)), "frame-without-key"),
    "key-without-frame": (edited(lambda p: p[CLIP].update({frame(CLIP, 2): []})), "key-without-frame"),
    "one-list-many-times": (shared_list(), "pickle-repetition"),
}


@pytest.mark.parametrize("name", BROKEN_PROPOSALS)
def test_broken_proposals(name: str, tmp_path: Path) -> None:
    proposals, code = BROKEN_PROPOSALS[name]
    assert code in codes_of(zip_of({**good_entries(), PICKLE: pickle.dumps(proposals, 4)}), tmp_path)


class Hostile:
    """Unpickling it runs a command that makes a file."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (f"touch '{self.victim}'",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_hostile_pickle_is_named_and_never_run(protocol: int, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    content = pickle.dumps(Hostile(victim), protocol)
    assert codes_of(zip_of({**good_entries(), PICKLE: content}), tmp_path) >= {"pickle-global"}
    assert not victim.exists()
    pickle.loads(content)
    assert victim.exists(), "the pickle was harmless, so the test shows nothing"


BROKEN_PICKLES = {
    "protocol-2": (pickle.dumps(good_proposals(), 2), "pickle-protocol"),
    "protocol-5": (pickle.dumps(good_proposals(), 5), "pickle-protocol"),
    "text": (b"hello", "pickle-unreadable"),
    "empty": (b"", "pickle-unreadable"),
    "cut-off": (pickle.dumps(good_proposals(), 4)[:-40], "pickle-unreadable"),
    "list-as-key": (b"\x80\x04}](K\x01s.", "pickle-unreadable"),
    "memo-of-gigabytes": (b"\x80\x04}r\xff\xff\xff\x7f.", "pickle-opcode"),
    "extension": (b"\x80\x04\x82\x01.", "pickle-global"),
}


@pytest.mark.parametrize("name", BROKEN_PICKLES)
def test_broken_pickles(name: str, tmp_path: Path) -> None:
    content, code = BROKEN_PICKLES[name]
    assert code in codes_of(zip_of({**good_entries(), PICKLE: content}), tmp_path)


def clip_zip(**changes: bytes) -> bytes:
    names = {"first": FIRST, "second": SECOND}
    return zip_of({names[key]: changes.get(key, jpeg()) for key in names})


def damaged(content: bytes) -> bytes:
    """A ZIP whose first file is changed and does not fit its checksum any more."""
    start = content.index(b"\xff\xd8") + 200
    return content[:start] + bytes([content[start] ^ 1]) + content[start + 1 :]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted(content: bytes) -> bytes:
    """The same package with the flag "encrypted" on its last entry."""
    at = content.rindex(b"PK\x01\x02") + 8
    return content[:at] + bytes([content[at] | 1]) + content[at + 1 :]


def png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (64, 36)).save(file, "PNG")
    return file.getvalue()


def with_entry(name: str | zipfile.ZipInfo, content: bytes = b"") -> bytes:
    return zip_of([*good_entries().items(), (name, content)])


def with_clip_zip(content: bytes) -> bytes:
    return zip_of({**good_entries(), CLIP_ZIP: content})


def without(name: str) -> bytes:
    return zip_of({entry: content for entry, content in good_entries().items() if entry != name})


BROKEN_ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty-file": (lambda: b"", "not-a-zip"),
    "no-zip": (lambda: b"PK is not enough", "not-a-zip"),
    "cut-off": (lambda: zip_of(good_entries())[:-30], "missing-entry"),  # its last inner ZIP now ends it
    "cut-off-early": (lambda: zip_of(good_entries())[:300], "not-a-zip"),
    "no-pickle": (lambda: without(PICKLE), "missing-entry"),
    "no-clip": (lambda: without(CLIP_ZIP), "missing-entry"),
    "extra": (lambda: with_entry("readme.txt"), "extra-entry"),
    "nested": (lambda: with_entry("a/b/c.txt"), "extra-entry"),
    "folder": (lambda: with_entry("frames/"), "not-a-file"),
    "link": (lambda: with_entry(link("frames/9_clip_000.zip"), b"/etc/passwd"), "not-a-file"),
    "dots": (lambda: with_entry("../frames/x.zip"), "unsafe-name"),
    "absolute": (lambda: with_entry("/etc/passwd"), "unsafe-name"),
    "drive": (lambda: with_entry("C:\\evil"), "unsafe-name"),
    "twice": (lambda: with_entry(PICKLE), "duplicate-entry"),
    "encrypted": (lambda: encrypted(zip_of(good_entries())), "encrypted-entry"),
    "lzma": (lambda: zip_of(good_entries(), zipfile.ZIP_LZMA), "compressed-entry"),
    "deflated-clip": (lambda: zip_of(good_entries(), zipfile.ZIP_DEFLATED), "compressed-entry"),
    "deflated-jpeg": (
        lambda: with_clip_zip(zip_of({FIRST: jpeg(), SECOND: jpeg()}, zipfile.ZIP_DEFLATED)),
        "compressed-entry",
    ),
    "bomb-clip": (
        lambda: zip_of({**good_entries(), CLIP_ZIP: bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
        "zip-bomb",
    ),
    "bomb-jpeg": (
        lambda: with_clip_zip(zip_of({FIRST: jpeg() + bytes(50_000_000)}, zipfile.ZIP_DEFLATED)),
        "zip-bomb",
    ),
    "clip-is-no-zip": (lambda: with_clip_zip(b"not a zip"), "unreadable-entry"),
    "jpeg-in-folder": (lambda: with_clip_zip(zip_of({f"a/{FIRST}": jpeg(), SECOND: jpeg()})), "key-without-frame"),
    "extra-in-clip": (
        lambda: with_clip_zip(zip_of({FIRST: jpeg(), SECOND: jpeg(), "thumbs.db": b""})),
        "frame-without-key",
    ),
    "jpeg-is-png": (lambda: with_clip_zip(clip_zip(first=png())), "unreadable-jpeg"),
    "jpeg-is-empty": (lambda: with_clip_zip(clip_zip(first=b"")), "unreadable-jpeg"),
    "jpeg-is-cut-off": (lambda: with_clip_zip(clip_zip(first=jpeg()[:-100])), "unreadable-jpeg"),
    "jpeg-is-damaged": (lambda: with_clip_zip(damaged(clip_zip())), "unreadable-entry"),
    "other-size": (lambda: with_clip_zip(clip_zip(second=jpeg(80, 36))), "frame-size"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", BROKEN_ZIPS)
def test_broken_zips(name: str, tmp_path: Path) -> None:
    make, code = BROKEN_ZIPS[name]
    assert code in codes_of(make(), tmp_path)


def test_what_is_no_file_is_a_finding(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [finding.code for finding in validate_package(tmp_path / "pipe")] == ["not-a-zip"]
    assert [finding.code for finding in validate_package(tmp_path / "none.zip")] == ["not-a-zip"]
    assert [finding.code for finding in validate_package(tmp_path)] == ["not-a-zip"]


def test_many_findings_are_counted_and_not_listed(tmp_path: Path) -> None:
    proposals = edited(lambda p: p[CLIP].update({SECOND: [[9.0, 1.0, 2.0, 2.0, 0.5, n + 10] for n in range(1000)]}))
    path = tmp_path / "package.zip"
    path.write_bytes(zip_of({**good_entries(), PICKLE: pickle.dumps(proposals, 4)}))
    findings = validate_package(path)
    assert len(findings) == 21
    assert findings[-1].message.startswith("and 980 more")


def test_random_damage_gives_findings_and_never_an_exception(tmp_path: Path) -> None:
    good = zip_of(good_entries())
    chance = random.Random(7)
    for _ in range(300):
        content = bytearray(good)
        for _ in range(chance.randint(1, 20)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        codes_of(bytes(content), tmp_path)


ULTRALYTICS_FIRST = """
import sys
from pathlib import Path

import PIL.Image
import ultralytics

from videoprep_nb.exports.validation.validate import validate_package

print(PIL.Image.open.__module__)
print(*(finding.code for finding in validate_package(Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("first", [png(), b"", jpeg()[:-100]], ids=["png", "empty", "cut-off"])
def test_a_broken_jpeg_is_a_finding_after_ultralytics_was_imported(first: bytes, tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(with_clip_zip(clip_zip(first=first)))
    process = subprocess.run(
        [sys.executable, "-c", ULTRALYTICS_FIRST, path],
        env={**os.environ, "YOLO_AUTOINSTALL": "false"},  # a failure of this test must not install anything
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    opener, codes = process.stdout.strip().splitlines()[-2:]
    assert opener.startswith("ultralytics")
    assert codes == "unreadable-jpeg"


@pytest.mark.parametrize("allowed", [("annotations/a.txt",), ("annotations/",)], ids=["file", "folder"])
def test_extra_entries_that_are_allowed(allowed: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(with_entry("annotations/a.txt", b"text"))
    assert validate_package(path, extra_entries=allowed) == []
    path.write_bytes(zip_of([*good_entries().items(), ("annotations/a.txt", b""), ("annotations.txt", b"")]))
    findings = validate_package(path, extra_entries=allowed)
    assert [finding.code for finding in findings] == ["extra-entry"]
    assert "annotations.txt" in findings[0].message


def test_extra_entries_are_no_way_around_the_checks(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    for content, code in {
        zip_of({**good_entries(), "annotations/a.txt": bytes(50_000_000)}, zipfile.ZIP_DEFLATED): "zip-bomb",
        encrypted(with_entry("annotations/a.txt", b"text")): "encrypted-entry",
        with_entry("annotations/a.txt", b"text").replace(b"textPK", b"tExtPK"): "unreadable-entry",
        with_entry("annotations/../../a.txt", b"text"): "unsafe-name",
    }.items():
        path.write_bytes(content)
        assert code in {finding.code for finding in validate_package(path, extra_entries=("annotations/",))}
