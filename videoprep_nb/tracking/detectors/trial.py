"""A detector is tried on one frame, in a process of its own, before hours of work rely on it.

Loading weights runs code and takes seconds and memory, which are not for the process that asks. Whatever is made on the
way, such as an exported network, lies in the cache when the job needs it.
"""

import hashlib
import json
import sys
from collections import deque
from contextlib import redirect_stdout

import numpy as np

from videoprep_nb.core.errors import (
    ChildKilled,
    MemoryLimitExceeded,
    ParameterError,
    VideoPrepError,
    WeightsError,
)
from videoprep_nb.core.layout import disk_full_as_error, staged_file
from videoprep_nb.core.memory import MEMORY_ADVICE, gigabytes, memory_limit_bytes
from videoprep_nb.media.child import run_child, signal_name
from videoprep_nb.tracking.detector_options import DetectorOptions
from videoprep_nb.tracking.detectors import DETECTORS
from videoprep_nb.tracking.ultralytics_env import cache_dir

_TIMEOUT_S = 900.0  # INT8 takes minutes, once
_WIDTH, _HEIGHT = 1280, 720


def try_detector(name: str, options: DetectorOptions, key: str) -> None:
    """Have a detector search one black frame, unless it has done so before.

    Args:
        name: The detector.
        options: Its options, with absolute paths.
        key: Text that differs when the outcome may differ: hashes of files, versions of libraries.

    Raises:
        WeightsError: Its weights cannot be used.
        ParameterError: Its options do not suit the weights, or the machine.
        ChildKilled: The process was ended by a signal.
        MemoryLimitExceeded: It needs too much memory.
        DiskFullError: The disk of the cache is full.
    """
    written = options.model_dump_json()
    digest = hashlib.sha256(json.dumps([name, written, key]).encode()).hexdigest()
    passed = cache_dir() / "tried" / digest
    if passed.is_file():
        return
    _run(name, written)
    passed.parent.mkdir(parents=True, exist_ok=True)
    with disk_full_as_error(passed.parent), staged_file(passed) as staging:
        staging.write_text(f"{name} {written} {key}", encoding="utf-8")


def _run(name: str, options: str) -> None:
    answers: list[str] = []
    errors: deque[str] = deque(maxlen=1)
    limit_bytes = memory_limit_bytes()
    try:
        status = run_child(
            [sys.executable, "-P", "-m", __name__, name, options],
            timeout_s=_TIMEOUT_S,
            on_stdout=answers.append,
            on_stderr=errors.append,
            memory_limit_bytes=limit_bytes,
        )
    except MemoryError:
        raise MemoryLimitExceeded(
            f"The detector {name} needs more memory than the {gigabytes(limit_bytes)} that a task may take; "
            f"{MEMORY_ADVICE}."
        ) from None
    except TimeoutError:
        raise WeightsError(f"The detector {name} found nothing within {_TIMEOUT_S:g} s in one frame.") from None
    if status < 0:
        raise ChildKilled(f"The detector {name} was ended by {signal_name(status)} when it was tried on one frame.")
    if status > 0:
        raise WeightsError(f"The detector {name} failed when it was tried on one frame: {''.join(errors)}")
    answer = json.loads(answers[-1])
    if answer["field"]:
        raise ParameterError(answer["field"], answer["message"])
    if answer["message"]:
        raise WeightsError(answer["message"])


def _try(name: str, options: str) -> dict[str, str]:
    """What is wrong with a detector, and which parameter is to blame; empty texts if nothing is."""
    kind = DETECTORS[name]
    detector = kind(kind.options_type.model_validate_json(options))
    try:
        width, height = detector.input_size(_WIDTH, _HEIGHT)
        detector.detect([np.zeros((height, width, 3), np.uint8)], [0], _WIDTH, _HEIGHT)
    except ParameterError as error:
        return {"field": error.field, "message": error.reason}
    except VideoPrepError as error:
        return {"field": "", "message": str(error)}
    return {"field": "", "message": ""}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # libraries print
        outcome = _try(*sys.argv[1:])
    sys.stdout.write(json.dumps(outcome))
