"""``make bench``: every benchmark, each in a process of its own, as one JSON object.

Name some of them to run only those: ``python -m benchmarks media notebooks``.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil

FOLDER = Path(__file__).parent


def main() -> None:
    """Run the benchmarks that are named, or all of them, and print what they measured."""
    names = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    measured: dict[str, object] = {"machine": _machine()}
    for name in names:
        sys.stderr.write(f"{name} …\n")
        process = subprocess.run([sys.executable, FOLDER / f"bench_{name}.py"], stdout=subprocess.PIPE, text=True)
        measured[name] = json.loads(process.stdout) if process.stdout.strip() else f"exit status {process.returncode}"
    print(json.dumps(measured, indent=1))


def _machine() -> dict[str, object]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_start": os.getloadavg()[0],
        "system": platform.platform(),
    }


if __name__ == "__main__":
    main()
