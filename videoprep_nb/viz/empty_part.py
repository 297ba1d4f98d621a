"""What a report shows of a part of a video that has nothing of its own."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from IPython.display import HTML

from videoprep_nb.viz import tables

NOTHING = "Nothing was made of this part alone; the report of the whole video says why."

R = TypeVar("R")
T = TypeVar("T")
P = ParamSpec("P")


def or_nothing(show: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R | None, P], T | HTML]:
    """Have a view say that there is nothing, if there is no result.

    Args:
        show: Shows a result.
    """

    @wraps(show)
    def shown(result: R | None, *args: P.args, **kwargs: P.kwargs) -> T | HTML:
        return tables.remarks([], NOTHING) if result is None else show(result, *args, **kwargs)

    return cast("Callable[Concatenate[R | None, P], T | HTML]", shown)
