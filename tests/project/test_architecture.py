"""docs/architecture.md says what the code does."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from videoprep_nb.jobs.states import TRANSITIONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows_between(begin: str, end: str) -> list[list[str]]:
    """The cells of a table of the page, without its head."""
    table = PAGE.split(f"{begin}\n")[1].split(f"{end}\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def documented_layers() -> list[set[str]]:
    rows = rows_between('<!-- layers: the contract "The house" in pyproject.toml -->', "<!-- end of layers -->")
    return [set(re.findall(r"`(\w+)`", rooms)) for _, rooms, _ in rows]


def contract_layers() -> list[set[str]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    house = next(found for found in tools["importlinter"]["contracts"] if found["name"] == "The house")
    return [{room.strip() for room in re.split(r"[:|]", layer)} for layer in house["layers"]]


def transitions() -> Iterator[list[str]]:
    for kind, steps in TRANSITIONS.items():
        for state, following in steps.items():
            yield [
                "task" if kind == "task" else kind,
                f"*{state}*",
                ", ".join(f"*{name}*" for name in sorted(following)),
            ]


def test_layers_are_those_of_the_contract():
    assert documented_layers() == contract_layers()


def test_every_room_has_a_layer():
    rooms = {path.parent.name for path in (ROOT / "videoprep_nb").glob("*/__init__.py")}
    assert set().union(*documented_layers()) == rooms


def test_states_are_those_of_the_code():
    assert rows_between("<!-- table: states -->", "<!-- end of table -->") == list(transitions())
