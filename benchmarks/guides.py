"""Tables in the guides that are made by a command."""

from pathlib import Path

from videoprep_nb.core.layout import staged_file

END = "<!-- end of table -->"


def replace_table(guide: Path, command: str, table: str) -> None:
    """Put a table into a guide, between ``<!-- table: command -->`` and ``<!-- end of table -->``."""
    begin = f"<!-- table: {command} -->\n"
    before, _, rest = guide.read_text(encoding="utf-8").partition(begin)
    with staged_file(guide) as staging:
        staging.write_text(before + begin + table + END + rest.partition(END)[2], encoding="utf-8")
