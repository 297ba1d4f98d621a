"""The README keeps in step with the code."""

from pathlib import Path

from videoprep_nb.stages.params_table import markdown_table

README = Path(__file__).resolve().parents[2] / "README.md"


def test_parameter_table_is_that_of_the_models():
    text = README.read_text(encoding="utf-8")
    begin = "<!-- parameters: python -m videoprep_nb.stages.params_table -->\n"
    assert text.split(begin)[1].split("<!-- end of parameters -->")[0] == markdown_table()


def test_linked_files_exist():
    text = README.read_text(encoding="utf-8")
    targets = [part.split(")")[0] for part in text.split("](")[1:]]
    missing = [target for target in targets if "://" not in target and not (README.parent / target).exists()]
    assert not missing
