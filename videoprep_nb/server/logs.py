"""What happened, as JSON lines: every request in one file, and in another what somebody may have to answer for."""

import json
import logging
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from videoprep_nb.jobs.storage.workspace import Workspace

_MAX_FILE_BYTES = 10_000_000
_OLDER_FILES = 9
_log = logging.getLogger(__name__)


class JsonLines:
    """A file of JSON objects, one a line, which only its owner may read. Any thread may write.

    A full file gets the suffix ``.1``, the one before it ``.2``, and so on; the tenth is deleted.

    Args:
        path: The file; its folder is made when it is missing.
        max_bytes: Size at which a new file begins.
    """

    def __init__(self, path: Path, max_bytes: int = _MAX_FILE_BYTES) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _PrivateFile(path, maxBytes=max_bytes, backupCount=_OLDER_FILES, encoding="utf-8", delay=True)

    def write(self, **values: object) -> None:
        """Add a line: the time in UTC, then the values. A disk that is full stops nobody.

        Args:
            values: What is said. Texts from outside may be anything: JSON escapes what would break the line.
        """
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **values})
        self._file.handle(logging.makeLogRecord({"msg": line}))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _PrivateFile(RotatingFileHandler):
    _has_failed = False

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)  # an older file may have been readable
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in logging
        """Say it once; requests are answered all the same."""
        if not self._has_failed:
            _log.exception("%s cannot be written; what happens now is not in it.", self.baseFilename)
        self._has_failed = True


class ServiceLogs:
    """The two files of a service, in ``logs/`` of its workspace.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.access = JsonLines(workspace.logs_dir / "access.jsonl")
        self.audit = JsonLines(workspace.logs_dir / "audit.jsonl")

    def close(self) -> None:
        """Close both."""
        self.access.close()
        self.audit.close()
