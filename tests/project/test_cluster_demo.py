"""The demo of several machines, run as people run it."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.job_services import MARK, processes_with, wait_until

DEMO = Path(__file__).parents[2] / "examples" / "cluster_demo.py"


@pytest.mark.slow
@pytest.mark.exhaustive
def test_job_survives_the_death_of_a_worker_and_everything_is_stopped():
    mark = str(uuid.uuid4())
    demo = subprocess.run(
        [sys.executable, DEMO, "--length-s", "45"],
        capture_output=True,
        text=True,
        timeout=400,
        env=os.environ | {MARK: mark},
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    [(killed, key)] = re.findall(r"(worker \d) is KILLED after .* of (\w+)", demo.stdout)
    assert f"{key} was begun by {killed}, which was killed, and repeated by worker" in demo.stdout
    assert demo.stdout.count(f"begins {key}") == 2
    assert "worker 5 is added" in demo.stdout
    assert re.search(r"worker \d begins 06_package", demo.stdout)
    assert "The disks of the living workers are empty again: yes" in demo.stdout
    assert "final_package.zip: valid" in demo.stdout
    assert "byte for byte: yes" in demo.stdout
    assert wait_until(lambda: not processes_with(MARK, mark), 10), processes_with(MARK, mark)
