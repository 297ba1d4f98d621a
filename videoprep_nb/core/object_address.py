"""Addresses of objects in a storage that speaks S3; no other module knows their form."""

import re
from dataclasses import dataclass

from videoprep_nb.core.errors import InputError

SCHEME = "s3://"
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_MAX_KEY_BYTES = 1024


def is_address(text: object) -> bool:
    """Whether a text has the form of a URL; a path is none.

    Example:
        >>> is_address("s3://bucket/cam1.mp4"), is_address("cam1.mp4"), is_address("s3:/cam1.mp4")
        (True, False, False)
    """
    return isinstance(text, str) and _ANY_SCHEME.match(text) is not None


@dataclass(frozen=True)
class ObjectAddress:
    """Where an object lies, or all those whose keys begin alike.

    Args:
        bucket: The bucket.
        key: Its parts are separated by ``/``; empty for the whole bucket.
    """

    bucket: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> "ObjectAddress":
        """Read an address; like those of the AWS command line it is not percent-encoded.

        Raises:
            InputError: It is none of this storage, holds credentials, or its key has an odd form.

        Example:
            >>> ObjectAddress.parse("s3://bucket/results/job1/")
            ObjectAddress(bucket='bucket', key='results/job1')
        """
        scheme, _, rest = text.partition("://")
        if scheme != "s3":
            shown = scheme[:20] if is_address(text) else text[:100]
            raise InputError(f"Got {shown!r}, expected {SCHEME}BUCKET/KEY: of object storages, only S3 is supported.")
        bucket, _, key = rest.partition("/")
        if "@" in bucket or ":" in bucket:  # which is not repeated: it may be a secret
            raise InputError(
                f"An {SCHEME} address holds no credentials or port; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, "
                "for a storage of your own, AWS_ENDPOINT_URL."
            )
        if not _BUCKET.fullmatch(bucket):
            raise InputError(f"Got the bucket {bucket[:100]!r}, expected letters, digits, dots and hyphens.")
        return cls(bucket, _checked(key.removesuffix("/")))

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}" if self.key else f"{SCHEME}{self.bucket}"

    @property
    def name(self) -> str:
        """The last part of the key; of a whole bucket its name."""
        return self.key.rpartition("/")[2] or self.bucket

    def child(self, name: str) -> "ObjectAddress":
        """What lies below.

        Raises:
            InputError: The name has an odd form, such as ``..``.
        """
        checked = _checked(name)
        return ObjectAddress(self.bucket, f"{self.key}/{checked}" if self.key else checked)


def _checked(key: str) -> str:
    parts = key.split("/") if key else []
    if any(part in ("", ".", "..") or not part.isprintable() for part in parts):
        raise InputError(f"Got the key {key[:100]!r}, expected names separated by single slashes.")
    if len(key.encode("utf-8", "surrogateescape")) > _MAX_KEY_BYTES:
        raise InputError(f"Got the key {key[:100]!r}…, expected at most {_MAX_KEY_BYTES} bytes.")
    return key
