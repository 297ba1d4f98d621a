"""What the logs of a running service say."""

import json
from collections.abc import Callable

from tests.support.job_services import wait_until
from tests.support.web_server import RunningServer


def lines_of(server: RunningServer, name: str) -> list[dict]:
    """The lines of ``access`` or ``audit``, oldest first."""
    file = server.service.workspace.logs_dir / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def lines_until(server: RunningServer, name: str, is_there: Callable[[dict], bool]) -> list[dict]:
    """The lines of a log with one that is expected: it is written when the answer has been sent."""
    assert wait_until(lambda: any(is_there(line) for line in lines_of(server, name)), 30)
    return lines_of(server, name)


def noted(server: RunningServer, action: str) -> list[dict]:
    """The lines of the audit log on one action."""
    return [line for line in lines_of(server, "audit") if line["action"] == action]
