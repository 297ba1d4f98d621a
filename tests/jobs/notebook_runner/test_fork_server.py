"""What the fork server prepares, so that no notebook has to."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from videoprep_nb.jobs.notebook_runner.fork_server import _fork_for

PROGRAM = """
import sys
from videoprep_nb.jobs.notebook_runner.fork_server import preparation
for step in preparation():
    step()
prepared = set(sys.modules)
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.tracking.detectors import DETECTORS
from videoprep_nb.tracking.trackers import create_tracker
params = TrackPersonsParams()
create_tracker(params.tracker, 25.0)
params.create_detector()
import videoprep_nb.tracking.detectors.inference.openvino_network
import videoprep_nb.tracking.detectors.inference.tiles
list(DETECTORS)
print(*sorted(set(sys.modules) - prepared))
"""


def test_trackers_and_detectors_are_imported_before_the_fork():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_machine_without_a_free_process_is_reported(monkeypatch: pytest.MonkeyPatch):
    def no_process() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    ours, theirs = socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(os, "fork", no_process)
        assert _fork_for([theirs.fileno(), theirs.fileno()]) < 0
        assert ours.recv(100) == f"-{errno.EAGAIN}\n".encode()
