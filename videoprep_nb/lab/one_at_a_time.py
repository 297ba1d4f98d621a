"""One event of the lab at a time.

JupyterLab has a kernel handle messages of widgets in threads of their own ("subshells", ipykernel 7), so two clicks in
quick succession may be handled side by side. What the lab shows is not made for that, and decord ends the process when
two threads read from one video.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_turn = threading.RLock()


def in_turn(handle: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Have a handler of an event wait until the one before has ended; what it calls itself need not wait.

    Args:
        handle: What is called with an event of a widget, a timer or another thread.

    Example:
        >>> in_turn(lambda event: event + 1)(1)
        2
    """

    @wraps(handle)
    def wait_and_handle(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with _turn:
            return handle(*args, **kwargs)

    return wait_and_handle
