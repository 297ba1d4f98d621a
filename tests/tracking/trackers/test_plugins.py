"""Trackers that other packages bring; the example in docs/trackers.md is one of them."""

import json
from pathlib import Path
from typing import Any

from tests.support.mot_files import sequence, walk, write_rows
from tests.support.plugin_packages import code_blocks, install, run_python, videoprep

GROUP = "videoprep.trackers"


def known_trackers(plugins: Path) -> tuple[list[str], dict[str, str]]:
    code = """
import json
from videoprep_nb.tracking.trackers import TRACKERS
print(json.dumps([list(TRACKERS), TRACKERS.broken]))
"""
    process = run_python(plugins, "-c", code)
    assert process.returncode == 0, process.stderr
    names, broken = json.loads(process.stdout)
    return names, broken


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    [code] = code_blocks("trackers.md", "python")
    [toml] = code_blocks("trackers.md", "toml")
    [entry_point] = [line for line in toml.splitlines() if "=" in line]
    install(tmp_path, GROUP, "overlap_tracker", code, entry_point.replace('"', ""))
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
    install(tmp_path, GROUP, "sound", tracker.format("mine"), "mine = sound:Mine")
    install(tmp_path, GROUP, "sound_module", tracker.format("whole"), "whole = sound_module")
    install(
        tmp_path,
        GROUP,
        "no_import",
        "raise ImportError('a_module_that_nobody_has\\nis missing')",
        "absent = no_import:Tracker",
    )
    install(tmp_path, GROUP, "no_class", "", "lost = no_class:Lost")
    install(tmp_path, GROUP, "other_name", tracker.format("quite_other"), "promised = other_name:Mine")
    install(tmp_path, GROUP, "no_tracker", "class Not:\n    name = 'not'", "not = no_tracker:Not")
    install(tmp_path, GROUP, "taken", tracker.format("bytetrack"), "bytetrack = taken:Mine")
    names, broken = known_trackers(tmp_path)
    assert {"mine", "whole", "sort", "bytetrack"} <= set(names)
    assert broken.keys() == {"absent", "lost", "promised", "not", "bytetrack"}
    assert "a_module_that_nobody_has" in broken["absent"]
    assert "Lost" in broken["lost"]
    assert "'promised'" in broken["promised"]
    assert "no tracker named 'not'" in broken["not"]
    assert "taken" in broken["bytetrack"]

    listed = videoprep(tmp_path, "trackers")
    assert listed.returncode == 0
    assert all(reason in listed.stderr for reason in broken.values())
    chosen = videoprep(tmp_path, "trackers", "absent")
    assert chosen.returncode == 2
    assert "a_module_that_nobody_has" in chosen.stderr
    assert len(chosen.stderr.strip().splitlines()) == 1


def test_a_cell_that_runs_again_adds_its_tracker_again(tmp_path: Path) -> None:
    [code] = code_blocks("trackers.md", "python")
    program = f"""
from videoprep_nb.tracking.trackers import TRACKERS, create_tracker
cell = {code!r} + "\\nTRACKERS.add(Overlap)\\n"
for _ in range(2):
    namespace = {{"TRACKERS": TRACKERS, "__name__": "a_notebook"}}
    exec(cell, namespace)
    assert type(create_tracker("overlap", 10.0)) is namespace["Overlap"]
print(list(TRACKERS) == sorted(TRACKERS))
"""
    process = run_python(tmp_path, "-c", program)
    assert process.stdout == "True\n", process.stderr
