"""One word for one thing: words that were replaced must not come back."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

REPLACED = {
    r"\bwanted\b": "expected, requested or needed",
    r"\b(is|are|was|were) told\b": "reported",
    r"\bhand(s|ed|ing)? in\b": "submit or upload",
    r"\bframes a second\b": "frames per second",
    r"\bhopeless\b": "blocked",
    r"\bwish(ed|es)?\b": "requested",
    r"\blook(s|ed|ing)? at\b": "inspect, sample or view",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bbelieved\b": "trusted",
    r"\bturned \d": "rotated",
    r"\bmade a mistake\b": "internal error",
    r"\bthrown away\b": "not published",
    r"\bcovered persons?\b|\bpersons? (who|that) (is|are) covered\b": "occluded",
    r"\bunits? of work\b": "task",
}

REPLACED_IN_CODE = {
    r"pictur": "frame, or image for a file",
    r"(?<![a-z])film(s|ed|ing)?(?![a-z]|_cpk)": "preview video, thumbnail strip, recording",
    r"(?<![a-z])(told|wanted(?! INTEGER| TO))(?![a-z])": "reported, expected, requested",
    r"(?<![a-z])look(s|ed|ing)?_?at(?![a-z])|class Look\b|media[./]look\b": "inspect, inspection",
}
"""Words that must stand neither in texts nor in names; a migration of the store names the column that it renames."""


def texts_of(file: Path) -> Iterator[str]:
    """What people can read: string literals with docstrings, cells of notebooks, whole documents and templates."""
    content = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        constants = (node for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Constant))
        yield from (node.value for node in constants if isinstance(node.value, str))
    elif file.suffix == ".ipynb":
        yield from ("".join(cell["source"]) for cell in json.loads(content)["cells"])
    else:
        yield content


def readable_files() -> list[Path]:
    package = [file for suffix in ("py", "html", "j2") for file in (ROOT / "videoprep_nb").rglob(f"*.{suffix}")]
    documents = [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ]
    return [*package, *documents, *(ROOT / "notebooks").glob("*.ipynb")]


@pytest.mark.parametrize("pattern", REPLACED)
def test_a_replaced_word_does_not_come_back(pattern: str):
    found = [
        f"{file.relative_to(ROOT)}: …{text[max(0, match.start() - 40) : match.end() + 20]!r}"
        for file in readable_files()
        for text in texts_of(file)
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]
    assert found == [], f"write {REPLACED[pattern]}"


@pytest.mark.parametrize("pattern", REPLACED_IN_CODE)
def test_a_replaced_name_does_not_come_back(pattern: str):
    sources = [file for folder in ("tests", "benchmarks", "examples") for file in (ROOT / folder).rglob("*.py")]
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in {*readable_files(), *sources} - {Path(__file__).resolve()}
        for number, line in enumerate([file.name, *file.read_text(encoding="utf-8").splitlines()])
        if re.search(pattern, line, re.IGNORECASE)
    ]
    assert found == [], f"write {REPLACED_IN_CODE[pattern]}"


@pytest.mark.parametrize("name", ["level_scores", "both_directions", "follow_camera", "second_look", "clips_per_unit"])
def test_an_old_name_stands_only_where_it_is_accepted(name: str):
    files = [file for file in readable_files() if file.suffix in (".ipynb", ".html", ".j2")]
    assert not [file for file in files for text in texts_of(file) if name in text]
