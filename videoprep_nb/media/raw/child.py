"""The process that opens raw files: ``python -m videoprep_nb.media.raw.child probe|frames|convert JSON``.

It prints ``progress DONE EXPECTED`` now and then, and at the end one line ``answer JSON``: what it measured, or why it
refuses. It starts once per video, so it imports little.
"""

import errno
import json
import sys
from pathlib import Path
from typing import Any

import av

from videoprep_nb.core.errors import ParameterError, ProbeError
from videoprep_nb.media.raw.sampling import KEY_FRAMES_TO_FIND_CHANGES
from videoprep_nb.media.raw.split import reason_not_to_split
from videoprep_nb.media.raw.survey import survey_file

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def answer(command: str, request: dict[str, Any]) -> dict[str, Any]:
    """What the parent wants to know."""
    try:
        if command == "probe":
            return {"source": _probe(**request)}
        if command == "frames":
            return {"files": _write_frames(**request)}
        from videoprep_nb.media.raw.conversion import Conversion, Targets
        from videoprep_nb.media.raw.convert import convert

        conversion, targets = Conversion(**request["conversion"]), Targets(**request["targets"])
        return convert(conversion, targets, lambda done, total: _print(f"progress {done} {total}"))
    except ProbeError as refusal:
        return {"refusal": str(refusal)}
    except ParameterError as error:
        return {"field": error.field, "reason": error.reason}
    except MemoryError:
        raise  # libav's is one of its errors, too
    except (OSError, av.FFmpegError) as error:
        if error.errno in _DISK_FULL:
            return {"disk_full": True}
        raise


def _probe(*, input_file: str, thumbnail_file: str, video_stream: int, max_pause_s: float) -> dict[str, Any]:
    path = Path(input_file)
    survey = survey_file(
        path, video_stream=video_stream, max_pause_s=max_pause_s, key_frames=KEY_FRAMES_TO_FIND_CHANGES
    )
    if thumbnail_file:
        from videoprep_nb.media.raw.thumbnail import write_thumbnail

        write_thumbnail(path, survey, Path(thumbnail_file))
    return survey.facts | {"not_split_because": reason_not_to_split(survey)}


def _write_frames(*, input_file: str, folder: str, max_pause_s: float, **request: Any) -> list[str]:
    from videoprep_nb.media.raw.frames_at import write_frames_at

    path = Path(input_file)
    survey = survey_file(path, video_stream=0, max_pause_s=max_pause_s)
    return write_frames_at(path, survey, folder=Path(folder), **request)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - read by the parent process


if __name__ == "__main__":
    _print(f"answer {json.dumps(answer(sys.argv[1], json.loads(sys.argv[2])))}")
