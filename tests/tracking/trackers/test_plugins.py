"""Trackers that other packages bring; the example in docs/trackers.md is one of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.mot_files import sequence, walk, write_rows
from videoprep_nb.tracking.trackers import Tracker, tracker_type
from videoprep_nb.tracking.trackers.base import registered_trackers

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "trackers.md"


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


def install(folder: Path, module: str, code: str, *entry_points: str) -> None:
    """Put a package where Python finds it, as an installer does: a module and its metadata."""
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    lines = ["[videoprep.trackers]", *entry_points]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def videoprep(plugins: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "videoprep_nb.cli.main", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(plugins)},
        capture_output=True,
        text=True,
    )


def known_trackers(plugins: Path) -> tuple[list[str], dict[str, str]]:
    code = """
import json
from videoprep_nb.tracking.trackers import broken_plugins, tracker_names
print(json.dumps([tracker_names(), broken_plugins()]))
"""
    environment = {**os.environ, "PYTHONPATH": str(plugins)}
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    names, broken = json.loads(process.stdout)
    return names, broken


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    [code] = code_blocks("python")
    [toml] = code_blocks("toml")
    [entry_point] = [line for line in toml.splitlines() if "=" in line]
    install(tmp_path, "overlap_tracker", code, entry_point.replace('"', ""))
    truth = [*walk(1, range(1, 31)), *walk(2, range(1, 31), y=300)]
    gt = sequence(tmp_path / "yard", truth, frame_count=30)
    detections = write_rows(tmp_path / "det.txt", [(row[0], -1, *row[2:6], 0.9) for row in truth])
    process = videoprep(
        tmp_path, "evaluate", "--gt", gt, "--detections", detections, "--tracker", "overlap", "--no-refine", "--json"
    )
    assert process.returncode == 0, process.stderr
    combined: dict[str, Any] = json.loads(process.stdout)["combined"]
    assert (combined["MOTA"], combined["IDSW"]) == (100, 0)
    assert "Overlap: a person has the id" in videoprep(tmp_path, "trackers").stdout


def test_broken_plugins_do_not_disturb_the_others(tmp_path: Path) -> None:
    tracker = "from videoprep_nb.tracking.trackers.sort import Sort\nclass Mine(Sort):\n    'Mine.'\n    name = {!r}\n"
    install(tmp_path, "sound", tracker.format("mine"), "mine = sound:Mine")
    install(
        tmp_path,
        "no_import",
        "raise ImportError('a_module_that_nobody_has\\nis missing')",
        "absent = no_import:Tracker",
    )
    install(tmp_path, "no_class", "", "lost = no_class:Lost")
    install(tmp_path, "other_name", tracker.format("quite_other"), "promised = other_name:Mine")
    install(tmp_path, "taken", tracker.format("bytetrack"), "bytetrack = taken:Mine")
    names, broken = known_trackers(tmp_path)
    assert {"mine", "quite_other", "sort", "bytetrack"} <= set(names)
    assert broken.keys() == {"absent", "lost", "promised", "bytetrack"}
    assert "a_module_that_nobody_has" in broken["absent"]
    assert "Lost" in broken["lost"]
    assert "'promised'" in broken["promised"]
    assert "taken" in broken["bytetrack"]

    listed = videoprep(tmp_path, "trackers")
    assert listed.returncode == 0
    assert all(reason in listed.stderr for reason in broken.values())
    chosen = videoprep(tmp_path, "trackers", "absent")
    assert chosen.returncode == 2
    assert "a_module_that_nobody_has" in chosen.stderr
    assert len(chosen.stderr.strip().splitlines()) == 1


def test_a_cell_that_is_run_again_brings_its_tracker_again() -> None:
    cell = "class Mine(tracker_type('sort')):\n    'Mine.'\n    name = 'of-a-cell'\n"
    for _ in range(2):
        namespace = {"tracker_type": tracker_type, "__name__": "a_notebook"}
        exec(cell, namespace)
        mine = namespace["Mine"]
        assert isinstance(mine, type)
        assert issubclass(mine, Tracker)
        assert tracker_type("of-a-cell") is mine
    del registered_trackers["of-a-cell"]


def test_two_trackers_cannot_have_one_name() -> None:
    with pytest.raises(TypeError, match="sort"):
        type("Impostor", (tracker_type("sort"),), {"name": "sort"})
    assert tracker_type("sort").__name__ == "Sort"
