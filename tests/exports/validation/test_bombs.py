"""Small packages that are made to exhaust or crash whoever reads them: each is a finding, in little time and memory."""

import io
import json
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.proposal_files import frame, good_entries, jpeg, zip_of

PICKLE = "dense_proposals.pkl"
CLIP = "1_clip_000"
CLIP_ZIP = f"frames/{CLIP}.zip"
MAX_BYTES = 10**9
MAX_PROCESSOR_S = 10

CHECK = """
import json, resource, sys
from videoprep_nb import validate

def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

before_s, _ = used()
codes = [finding.code for finding in validate(sys.argv[1])]
after_s, largest_bytes = used()
print(json.dumps([codes, after_s - before_s, largest_bytes]))
"""


def of_pickle(content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A package with a pickle, deflated as far as a real one may be, since bombs come in small files."""
    return zip_of({**good_entries(), PICKLE: content}, compression)


def one_of_many_names() -> bytes:
    """Clips that all refer to one dict of frames."""
    frames: dict[str, list[float]] = {frame(CLIP, number): [] for number in range(20_000)}
    return pickle.dumps({f"1_clip_{number:03d}": frames for number in range(20_000)}, 4)


def overlapping() -> bytes:
    """A zip whose thousand entries are all the same bytes."""
    content = zip_of({**good_entries(), "bomb": b"\0" * 10**6}, zipfile.ZIP_STORED)
    end = content.index(b"PK\x05\x06")
    start = content.rindex(b"PK\x01\x02", 0, end)
    entry, count = content[start:end], 1000
    directory = content[content.index(b"PK\x01\x02") : start]
    directory += b"".join(entry.replace(b"bomb", f"{number:04d}".encode()) for number in range(count))
    kept = content[: content.index(b"PK\x01\x02")]
    total = directory.count(b"PK\x01\x02").to_bytes(2, "little")
    sizes = len(directory).to_bytes(4, "little") + len(kept).to_bytes(4, "little")
    return kept + directory + b"PK\x05\x06" + bytes(4) + total * 2 + sizes + bytes(2)


def frames_zip(first: bytes) -> bytes:
    return zip_of({**good_entries(), CLIP_ZIP: zip_of({frame(CLIP, 0): first, frame(CLIP, 1): jpeg()})})


def huge_jpeg() -> bytes:
    """A header that promises four billion pixels."""
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = b"\xff\xdc\xff\xdc"
    return bytes(content)


def jpeg_of_many_scans() -> bytes:
    """A megabyte that paints the largest image that is read, again and again."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8000, 8000)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last_scan * (10**6 // len(last_scan)) + b"\xff\xd9"


def deflated_frames() -> bytes:
    with_zeros = zip_of({frame(CLIP, 0): b"\0" * 6 * 10**7, frame(CLIP, 1): jpeg()}, zipfile.ZIP_DEFLATED)
    return zip_of({**good_entries(), CLIP_ZIP: with_zeros})


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "key of nested tuples": (lambda: of_pickle(b"\x80\x04}N" + b"\x85" * 300_000 + b"Ns.", 0), "pickle-opcode"),
    "nested tuples": (lambda: of_pickle(b"\x80\x04N" + b"\x85" * 300_000 + b".", 0), "pickle-opcode"),
    "nested lists": (lambda: of_pickle(b"\x80\x04" + b"]" * 300_000 + b"a" * 299_999 + b".", 0), "wrong-type"),
    "nested dicts": (lambda: of_pickle(b"\x80\x04" + b"}N" * 100_000 + b"Ns" + b"s" * 99_999 + b".", 0), "clip-name"),
    "20 MB of lists": (lambda: of_pickle(b"\x80\x04(" + b"]" * 20_000_000 + b"l.", 0), "pickle-growth"),
    "20 MB of numbers": (lambda: of_pickle(b"\x80\x04](" + b"K\x01" * 10_000_000 + b"e.", 0), "wrong-type"),
    "one dict, many names": (lambda: of_pickle(one_of_many_names()), "pickle-repetition"),
    "integer of 100 MB": (lambda: of_pickle(b"\x80\x04\x8b\x00\xe1\xf5\x05" + bytes(10), 0), "pickle-opcode"),
    "text of 4 GB, promised": (lambda: of_pickle(b"\x80\x04X\xff\xff\xff\xff."), "pickle-unreadable"),
    "frame of 2 TB, promised": (lambda: of_pickle(b"\x80\x04\x95" + b"\0\0\0\0\0\2\0\0}."), "pickle-unreadable"),
    "array of any shape": (
        lambda: of_pickle(b"\x80\x04cnumpy.core.multiarray\n_reconstruct\n(K\x01t R."), "pickle-global"
    ),
    "overlapping entries": (overlapping, "not-a-zip"),
    "zeros, deflated": (lambda: of_pickle(b"\x80\x04X\0\0\0\x10" + b"\0" * (1 << 28)), "too-large"),
    "zeros as a frame": (deflated_frames, "zip-bomb"),
    "huge JPEG": (lambda: frames_zip(huge_jpeg()), "unreadable-jpeg"),
}  # fmt: skip


def checked(content: bytes, folder: Path) -> tuple[set[str], float, int]:
    """Codes of the findings, seconds of processor and the largest process of the check of a package."""
    path = folder / "package.zip"
    path.write_bytes(content)
    run = subprocess.run([sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, check=True)
    codes, processor_s, largest_bytes = json.loads(run.stdout)
    return set(codes), processor_s, largest_bytes


TYPICAL = (
    "key of nested tuples", "20 MB of lists", "one dict, many names", "array of any shape", "overlapping entries",
    "zeros as a frame", "huge JPEG",
)  # fmt: skip
"""One of each kind; the others run only in the exhaustive tests."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in TYPICAL else pytest.mark.exhaustive) for name in BOMBS]
)
def test_bomb_is_a_finding_in_little_time_and_memory(name: str, tmp_path: Path) -> None:
    make, code = BOMBS[name]
    codes, processor_s, largest_bytes = checked(make(), tmp_path)
    assert code in codes
    assert processor_s < MAX_PROCESSOR_S
    assert largest_bytes < MAX_BYTES


@pytest.mark.exhaustive
def test_what_cannot_be_found_beforehand_ends_by_its_limits(tmp_path: Path) -> None:
    codes, processor_s, largest_bytes = checked(frames_zip(jpeg_of_many_scans()), tmp_path)
    assert codes == {"too-much-time"}
    assert processor_s < 2 * MAX_PROCESSOR_S
    assert largest_bytes < MAX_BYTES


def test_a_good_package_passes_in_its_process(tmp_path: Path) -> None:
    assert checked(zip_of(good_entries()), tmp_path)[0] == set()
