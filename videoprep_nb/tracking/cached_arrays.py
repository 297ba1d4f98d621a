"""Arrays that are kept in a file together with what they were made from."""

import zipfile
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from videoprep_nb.core.layout import staged_file


class CachedArrays:
    """Base of dataclasses whose fields are arrays or texts, such as ``fingerprint`` of what they were made from.

    A field with a default may be missing in a file, which an older version has written then.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    fingerprint: str

    def write(self, path: Path) -> None:
        """Write the file; it appears complete."""
        with staged_file(path) as staging:
            np.savez(staging, **vars(self))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file written by ``write``.

        Raises:
            OSError: There is no such file, or it is not one of these.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                columns = {
                    field.name: str(arrays[field.name]) if field.type is str else arrays[field.name]
                    for field in fields(cls)
                    if field.name in arrays or not _has_default(field)
                }
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise OSError(f"{path} does not hold {cls.__name__} ({error})") from error
        return cls(**columns)

    @classmethod
    def read_matching(cls, path: Path, fingerprint: str) -> Self | None:
        """Read a file if it is there, sound and made from the same things; otherwise None: make it again."""
        try:
            cached = cls.read(path)
        except OSError:
            return None
        return cached if cached.fingerprint == fingerprint else None


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
