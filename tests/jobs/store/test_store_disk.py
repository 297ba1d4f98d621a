"""The store on a disk that is full."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.store_records import job_id

FILL_A_SMALL_DISK = """
import sys
sys.path.insert(0, sys.argv[2])
import json
from pathlib import Path
from tests.support.store_records import START, spec
from videoprep_nb.core.errors import DiskFullError
from videoprep_nb.jobs.store.store import Store
folder = Path(sys.argv[1])
store = Store(folder / "jobs.sqlite")
store.add_job(spec(1), 1, "", START)
filler = folder / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
reported = []
for number in range(2, 500):
    try:
        store.add_job(spec(number, "x" * 2000), 1, "", START)
    except DiskFullError as error:
        reported.append(error)  # as a log keeps it, with all that was at work when it was raised
        break
filler.unlink()
store.add_job(spec(1000), 1, "", START)
kept = [job.job_id for job in store.jobs(limit=1000)[0]]
store.close()
open_files = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
held = [file for file in open_files if file.startswith(str(folder))]
print(json.dumps([number, str(reported[0]), kept, held]))
"""


def test_full_disk_is_reported_with_its_numbers_and_the_store_goes_on_and_closes(tmp_path: Path):
    mount = f"mount -t tmpfs -o size=2m none {tmp_path}"
    if subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    script = f'{mount} && exec "$@"'
    argv = [sys.executable, "-c", FILL_A_SMALL_DISK, str(tmp_path), str(Path(__file__).resolve().parents[3])]
    output = subprocess.check_output(["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *argv])
    number, message, kept, held = json.loads(output)
    assert "0.0 MB are free" in message
    assert kept == [job_id(1000), *(job_id(earlier) for earlier in range(number - 1, 0, -1))]
    assert held == []
