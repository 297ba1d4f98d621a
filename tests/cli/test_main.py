"""What holds for every command: help, version, completion, warnings."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import videoprep_nb
from tests.support.command_line import videoprep
from videoprep_nb.cli.main import app

Command = TyperCommand | TyperGroup
ROOT = typer.main.get_command(app)
COMMAND_LINE = "import sys; sys.argv[0] = 'videoprep'; from videoprep_nb.cli.main import main; main()"


def commands(command: Command, *path: str) -> Iterator[tuple[tuple[str, ...], Command]]:
    """A command and all below it, with the words that lead to them."""
    yield path, command
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, *path, name)


COMMANDS = dict(commands(ROOT))


def rows_of(help_text: str) -> list[str]:
    """The rows of the tables in a help text, white space collapsed."""
    return [" ".join(line.strip("│ ").split()) for line in help_text.splitlines() if line.startswith("│")]


def row_about(param: TyperOption | TyperArgument, rows: list[str]) -> str:
    name = param.opts[0] if param.param_type_name == "option" else param.metavar or param.name
    (row,) = [row for row in rows if row.removeprefix("* ").split()[0].split(",")[0].removesuffix("...") == name]
    return row


def test_commands_are_known_to_these_tests():
    assert len(COMMANDS) >= 20
    assert {("run",), ("jobs", "show"), ("users", "add")} <= COMMANDS.keys()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_shows_defaults_and_loses_no_word(path: tuple[str, ...]):
    rows = rows_of(videoprep(*path, "--help").stdout)
    for param in COMMANDS[path].params:
        row = row_about(param, rows)
        acts_and_exits = param.callback is not None
        assert acts_and_exits or "[required]" in row or re.search(r"\[default: .+\]", row), row
        assert param.help, param
        assert " ".join(param.help.split()) in row


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_says_what_a_command_does(path: tuple[str, ...]):
    described = COMMANDS[path].help
    assert described
    shown = " ".join(videoprep(*path, "--help").stdout.split())
    assert all(" ".join(part.split()) in shown for part in described.split("\n\n"))


def test_run_is_listed_first():
    rows = rows_of(videoprep("--help").stdout)
    names = [row.split()[0] for row in rows if not row.startswith("-")]
    assert names[0] == "run"
    assert set(names) == {path[0] for path in COMMANDS if path}


def test_version():
    assert videoprep("--version").stdout == f"videoprep {videoprep_nb.__version__}\n"


def test_shell_completes_commands():
    words = {"_VIDEOPREP_COMPLETE": "complete_bash", "COMP_WORDS": "videoprep jobs c", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE], capture_output=True, text=True, env=os.environ | words, timeout=60
    )
    assert done.stdout.split() == ["cancel", "clean"]


def test_renamed_parameter_is_reported_in_one_line():
    result = videoprep("run", "absent.mp4", "--set", "track_persons.level_scores=false")
    warning, reason = result.stderr.splitlines()
    assert warning.startswith("Warning: level_scores was renamed to normalize_scores")
    assert "absent.mp4" in reason
    assert result.exit_code == 2


def test_only_warnings_for_people_are_shortened():
    code = (
        "import warnings; from videoprep_nb.cli.console import print_warnings_as_lines; print_warnings_as_lines();"
        "warnings.warn('[old] is now\\n[new]', FutureWarning); warnings.warn('for developers', UserWarning)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    shortened, other = done.stderr.splitlines()[:2]
    assert shortened == "Warning: [old] is now [new]"
    assert other.endswith("UserWarning: for developers")
