"""README and documents keep in step with the code and with each other."""

import re
from pathlib import Path

import pytest

from videoprep_nb.stages.params_table import markdown_table

README = Path(__file__).resolve().parents[2] / "README.md"


def test_parameter_table_is_that_of_the_models():
    text = README.read_text(encoding="utf-8")
    begin = "<!-- parameters: python -m videoprep_nb.stages.params_table -->\n"
    assert text.split(begin)[1].split("<!-- end of parameters -->")[0] == markdown_table()


@pytest.mark.parametrize(
    "page", [*README.parent.glob("*.md"), *README.parent.glob("docs/*.md")], ids=lambda page: page.name
)
def test_linked_files_and_sections_exist(page: Path):
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not _exists(target, page)]
    assert not missing


def _exists(target: str, page: Path) -> bool:
    name, _, section = target.partition("#")
    linked = page.parent / name if name else page
    return linked.exists() and (not section or section in _sections(linked))


def _sections(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
