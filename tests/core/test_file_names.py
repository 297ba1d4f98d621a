"""How names of files are shown, and how paths are written down as text."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.odd_names import ODD_NAMES, assert_harmless
from videoprep_nb.core.file_names import (
    MAX_NAME_LENGTH,
    display_name,
    distinct_names,
    path_from_text,
    path_to_text,
    visible,
    visible_lines,
)
from videoprep_nb.core.params import Params

MARK = "\N{REPLACEMENT CHARACTER}"
paths = st.binary(min_size=1, max_size=60).map(lambda name: Path(os.fsdecode(b"/v/" + name.replace(b"\0", b"\x01"))))


@pytest.mark.parametrize(("name", "shown"), ODD_NAMES.items())
def test_names_are_shown(name: bytes, shown: str):
    assert display_name(os.fsdecode(name)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("a\ud800b", f"a{MARK}b", id="surrogate out of JSON"),
        pytest.param("caf\udcc3\udca9", "café", id="bytes that are UTF-8 after all"),
        pytest.param("\ufffe\ufdd0\U0001ffff", 3 * MARK, id="noncharacters"),
        pytest.param("\N{WOMAN}\u200d\N{ROCKET}", "\N{WOMAN}\u200d\N{ROCKET}", id="joined emoji"),
        pytest.param("\ue000\u0378", "\ue000\u0378", id="private and newer letters"),
        pytest.param("a\u3000b\u00a0c", "a b c", id="spaces"),
        pytest.param("a\r\n\tb", f"a{3 * MARK}b", id="white space that moves"),
        pytest.param("a\ufeff\u2066b\u200e", f"a{2 * MARK}b{MARK}", id="marks of direction"),
    ],
)
def test_visible(text: str, shown: str):
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("", "unnamed"), ("   ", "unnamed"), ("\u3000\u2003", "unnamed"), ("..", ".."), (" a ", "a")]
)
def test_names_of_next_to_nothing(name: str, shown: str):
    assert display_name(name) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_shown_is_harmless_everywhere(text: str):
    shown = visible(text)
    assert_harmless(shown)
    assert "\n" not in shown
    assert visible(shown) == shown
    assert 1 <= len(display_name(text)) <= MAX_NAME_LENGTH
    assert json.loads(json.dumps(shown, ensure_ascii=False).encode()) == shown
    element = ElementTree.Element("a", name=shown)
    assert ElementTree.fromstring(ElementTree.tostring(element)).get("name") == shown


def test_lines_stay_apart():
    assert visible_lines("a\x1b\nb\udce9") == f"a{MARK}\nb{MARK}"


@given(paths)
def test_paths_come_back_from_text(path: Path):
    text = path_to_text(path)
    assert_harmless(text)
    assert path_from_text(text) == str(path)
    assert (text == str(path)) == (visible(str(path)) == str(path))


@pytest.mark.parametrize("text", ["a.mp4", "file:/a", "file://host/a", "/a%20b", "label: file:///a"])
def test_other_texts_are_paths_as_they_are(text: str):
    assert path_from_text(text) == text


@pytest.mark.parametrize("text", ["file:///a%00b", "file:///%00"])
def test_urls_of_no_file(text: str):
    with pytest.raises(ValueError, match="URL"):
        path_from_text(text)


def test_equal_names_are_numbered():
    folders = [Path("a/\udce9.xml"), Path("b/\udce8.xml"), Path("b/\udce9.xml"), Path("c.xml")]
    assert distinct_names(folders) == [f"a/{MARK}.xml", f"b/{MARK}.xml", f"b/{MARK}.xml (2)", "c.xml"]


class FileParams(Params):
    """Parameters with files."""

    file: str = ""
    files: list[str] = []  # noqa: RUF012 - pydantic copies it
    count: int = 1


@given(st.lists(paths))
def test_parameters_hold_paths_and_write_them_as_text(files: list[Path]):
    written = [path_to_text(path) for path in files]
    params = FileParams.checked({"file": (written or [""])[0], "files": written})
    assert params.files == [str(path) for path in files]
    assert FileParams.model_validate_json(params.model_dump_json()) == params
    assert json.loads(params.model_dump_json())["count"] == 1
