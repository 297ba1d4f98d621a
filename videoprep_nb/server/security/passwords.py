"""Passwords: what may be one, and how it is kept."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from videoprep_nb.core.errors import InputError

MIN_PASSWORD_LENGTH = 10
_MAX_PASSWORD_LENGTH = 1000

# Argon2id with the least that OWASP advises (19 MiB, two passes, one lane), so that a whole team can log in at once.
# The package is here anyway (Jupyter's server needs it), and its hashes say how they were made: older ones, which cost
# more, are still right, and stronger ones can follow.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_length(password: str) -> None:
    """Check that a password may be taken.

    Raises:
        InputError: It is too short or long.
    """
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH:
        raise InputError(
            f"The password has {len(password)} characters; take {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH}, "
            "such as four words."
        )


def new_hash(password: str) -> str:
    """How a password is kept.

    Raises:
        InputError: It is too short or long.
    """
    check_length(password)
    return _hasher.hash(password)


def is_right(password: str, password_hash: str) -> bool:
    """Whether a password is that of a hash; takes some hundredths of a second and 19 MiB, on purpose."""
    try:
        return len(password) <= _MAX_PASSWORD_LENGTH and _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
