"""``videoprep report``."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.support.command_line import videoprep
from tests.support.html_pages import Page


def test_report_of_a_notebook_that_papermill_has_run(tmp_path: Path):
    shown = new_output("stream", name="stdout", text="12 people")
    cells = [new_markdown_cell("# 4 · People"), new_code_cell("view.summary(result)", outputs=[shown])]
    nbformat.write(new_notebook(cells=cells), tmp_path / "OUT.ipynb")
    result = videoprep("report", tmp_path / "OUT.ipynb")
    assert result.exit_code == 0
    page = Page(tmp_path / "OUT.html")
    assert "12 people" in page.text
    assert page.loads_from_outside == []
    assert page.links == []  # there is no job to go back to


def test_report_says_what_is_no_notebook(tmp_path: Path):
    (tmp_path / "a.ipynb").write_text("no notebook")
    for name, words in (("a.ipynb", "is not a notebook"), ("b.ipynb", "does not exist")):
        result = videoprep("report", tmp_path / name)
        assert result.exit_code == 2
        assert words in result.stderr.replace("\n", " ")
        assert not (tmp_path / name).with_suffix(".html").exists()
