"""The process that checks a package: ``python -m videoprep_nb.exports.validation.child FILE [ENTRY …]``.

It prints a line of JSON per finding, and at the end ``done``.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from videoprep_nb.exports.validation.validate import validate_package

_STARTING_S = 8


def _main(package: Path, *extra_entries: str) -> None:
    size_bytes = package.stat().st_size if package.is_file() else 0
    processor_s = _STARTING_S + size_bytes // 10**6
    # the first of the two ends it with a signal of its own
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s + 1))
    for finding in validate_package(package, extra_entries=extra_entries):
        _print(json.dumps(asdict(finding)))
    _print("done")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - read by the parent process


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *sys.argv[2:])
