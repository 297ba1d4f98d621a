"""How random secrets are kept, and where."""

import hashlib
import os
from pathlib import Path
from typing import TypeVar

from videoprep_nb.core.errors import InputError
from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import Record

_Record = TypeVar("_Record", bound=Record)


def digest_of(secret: str) -> str:
    """How a random secret is kept: its SHA-256 in hexadecimal form."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_private(record: type[_Record], file: Path) -> _Record:
    """A record from a private file; an empty one when there is none, or it is not readable any more."""
    try:
        return record.read(file)
    except InputError:
        return record()


def write_private(record: Record, file: Path) -> None:
    """Write a record that nobody but the owner of the file may read, from the first moment on.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        with (
            staged_file(file) as staging,
            os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as opened,
        ):
            opened.write(record.model_dump_json(indent=1))
            if os.geteuid() == 0 and file.exists():  # root manages the users of a service that is not root's
                os.fchown(opened.fileno(), file.stat().st_uid, file.stat().st_gid)
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}).") from error
