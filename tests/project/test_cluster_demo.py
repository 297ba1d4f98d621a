"""The demo of several machines, run as people run it."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.job_services import MARK, processes_with, wait_until

DEMO = Path(__file__).parents[2] / "examples" / "cluster_demo.py"


@pytest.mark.slow
@pytest.mark.exhaustive
def test_job_runs_on_two_workers_and_everything_is_stopped():
    mark = str(uuid.uuid4())
    demo = subprocess.run(
        [sys.executable, DEMO], capture_output=True, text=True, timeout=300, env=os.environ | {MARK: mark}
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    runs = [line.split("  ") for line in demo.stdout.splitlines() if line.startswith("tls://")]
    assert len({worker for worker, _ in runs}) == 2
    assert {task for _, task in runs} >= {"01_resize_1", "04_track_persons_2", "06_package"}
    assert wait_until(lambda: not processes_with(MARK, mark), 10), processes_with(MARK, mark)
