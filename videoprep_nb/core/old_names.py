"""Names that the fields of a model had in an earlier version."""

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, model_validator

from videoprep_nb.core.errors import ParameterError

_LAST_VERSION = "0.3"


class AcceptsOldNames(BaseModel):
    """A model whose fields may be given by the names that they had in an earlier version.

    A subclass lists them in ``renamed``, from the old name to the new one, or to "" for a field that was removed. Old
    names are accepted in every place that validates the model, with a ``FutureWarning``.
    """

    renamed: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def old_names(cls) -> dict[str, str]:
        """The renamed fields of the model and its bases, from the old name to the new one; "" where it was removed."""
        names: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            names |= vars(base).get("renamed", {})
        return names

    @classmethod
    def with_new_names(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values under the present names of the fields, removed ones left out.

        Call it before values are merged with defaults; validation does it otherwise.

        Args:
            values: Values by old or new name.

        Raises:
            ParameterError: A field is given by its old and by its new name.
        """
        old_names = cls.old_names()
        current = {name: value for name, value in values.items() if name not in old_names}
        for old, new in old_names.items():
            if old not in values:
                continue
            if not new:
                _warn(f"{old} was removed and has no effect; it is accepted until version {_LAST_VERSION}")
                continue
            if new in current:
                raise ParameterError(old, f"was renamed to {new}, and both are given; give only {new}")
            _warn(f"{old} was renamed to {new}; the old name is accepted until version {_LAST_VERSION}")
            current[new] = values[old]
        return current

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, values: Any) -> Any:
        return cls.with_new_names(values) if isinstance(values, Mapping) else values


def _warn(sentence: str) -> None:
    warnings.warn(sentence, FutureWarning, stacklevel=2)
