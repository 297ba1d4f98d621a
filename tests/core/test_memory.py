"""What a task may take: of the machine, of a container, and what holds it to that."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from videoprep_nb.core import memory
from videoprep_nb.core.memory import MEMORY_VARIABLE, machine_memory_bytes, memory_limit_bytes

ALLOCATE = """
import sys
from videoprep_nb.core.memory import limit_memory
limit_memory(int(sys.argv[1]))
limit_memory(10 * int(sys.argv[1]))  # a limit is never raised
try:
    bytearray(int(sys.argv[2]))
except MemoryError:
    print("refused")
"""


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A process in the control group ``/system.slice/videoprep.service``, none of which has a limit yet."""
    (tmp_path / "cgroup").write_text("12:memory:/\n0::/system.slice/videoprep.service\n")
    (tmp_path / "system.slice" / "videoprep.service").mkdir(parents=True)
    (tmp_path / "v1").mkdir()
    monkeypatch.setattr(memory, "_OWN_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_CGROUPS_V1", tmp_path / "v1")
    return tmp_path


def test_without_a_limit_it_is_that_of_the_machine(cgroups: Path) -> None:
    (cgroups / "system.slice" / "memory.max").write_text("max\n")
    (cgroups / "v1" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert machine_memory_bytes() == psutil.virtual_memory().total


@pytest.mark.parametrize(
    "file",
    [
        "memory.max",
        "system.slice/memory.max",
        "system.slice/videoprep.service/memory.max",
        "v1/memory.limit_in_bytes",
    ],
)
def test_a_container_may_have_less_than_the_machine(file: str, cgroups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cgroups / file).write_text("500000000\n")
    monkeypatch.delenv(MEMORY_VARIABLE, raising=False)
    assert machine_memory_bytes() == 500_000_000
    assert memory_limit_bytes() == 450_000_000
    monkeypatch.setenv(MEMORY_VARIABLE, "100000000")
    assert memory_limit_bytes() == 100_000_000


@pytest.mark.parametrize(("size_bytes", "printed"), [(10**8, ""), (2 * 10**9, "refused\n")])
def test_the_system_refuses_much_more_than_the_limit(size_bytes: int, printed: str) -> None:
    argv = [sys.executable, "-c", ALLOCATE, str(5 * 10**8), str(size_bytes)]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == printed
