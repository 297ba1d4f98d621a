"""Sources of odd names, through every format: what it writes is read back by other readers."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.odd_names import ODD_NAMES, assert_harmless, odd_path
from tests.support.results import good_manifest, write_result
from videoprep_nb.exports.manifest import Manifest
from videoprep_nb.exports.registry import EXPORTERS

SHOWN = list(ODD_NAMES.values())
SHOWING = {"cvat-backup": SHOWN[:1], "manifest": SHOWN[:2]}
"""Formats that hold names of sources, with those that they hold of a result of two videos."""


def named_manifest() -> Manifest:
    """A manifest as a program may write it that does not care about names."""
    written = good_manifest().model_dump(mode="json")
    for video, name in zip(written["videos"], ODD_NAMES, strict=False):
        video["original_name"] = name.decode("utf-8", "replace")
    return Manifest.model_validate(written)


def text_files(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Every text in a file, also in ZIPs in ZIPs, by its name."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.namelist():
                yield from text_files(entry, archive.read(entry))
    elif Path(name).suffix in (".json", ".xml", ".csv", ".txt", ".yaml", ".pbtxt", ".ini"):
        yield name, content.decode("utf-8")


def read_back(name: str, text: str) -> str:
    """The content of a text, read by a reader of its format."""
    match Path(name).suffix:
        case ".json":
            return json.dumps(json.loads(text), ensure_ascii=False)
        case ".xml":
            return ElementTree.tostring(ElementTree.fromstring(text), "unicode")
        case ".csv":
            return "\n".join("\n".join(row) for row in csv.reader(io.StringIO(text)))
    return text


@pytest.mark.parametrize("name", EXPORTERS)
def test_names_are_read_back(name: str, tmp_path: Path) -> None:
    exporter = EXPORTERS[name]()
    folder = odd_path(tmp_path, b"job\xe9")
    target = odd_path(tmp_path, b"out\xe9") / exporter.file_name
    (target if exporter.writes_folder else target.parent).mkdir(parents=True)
    exporter.write(write_result(folder, manifest=named_manifest()), target)
    files = [path for path in target.parent.rglob("*") if path.is_file()]
    texts = [read_back(*text) for path in files for text in text_files(path.name, path.read_bytes())]
    for text in texts:
        assert_harmless(text)
        assert os.fsencode("job").decode() + "\N{REPLACEMENT CHARACTER}" not in text
    for shown in SHOWING.get(name, []):
        assert any(json.dumps(shown, ensure_ascii=False)[1:-1] in text for text in texts), texts
