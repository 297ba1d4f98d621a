"""The web application of a service."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus

from anyio import to_thread
from fastapi import FastAPI, HTTPException
from starlette.endpoints import HTTPEndpoint
from starlette.routing import Match, Route
from starlette.types import Scope

import videoprep_nb
from videoprep_nb.jobs.service import Limits, Service
from videoprep_nb.server.api import (
    again,
    annotations,
    corrections,
    estimate,
    events,
    exports,
    frames,
    left_out,
    operation,
    push,
    results,
    sample,
    shares,
    submission,
    tus,
)
from videoprep_nb.server.api import jobs as api
from videoprep_nb.server.api.feeds import JobFeeds
from videoprep_nb.server.examine import Checkup, Inspections
from videoprep_nb.server.health import Readiness
from videoprep_nb.server.logs import ServiceLogs
from videoprep_nb.server.metrics import CountRequests, Metrics
from videoprep_nb.server.problems import add_problem_handlers
from videoprep_nb.server.security.authentication import Authentication
from videoprep_nb.server.security.bodies import CapBodies
from videoprep_nb.server.security.gate import Gate
from videoprep_nb.server.security.request_log import LogRequests
from videoprep_nb.server.security.server_paths import HidePaths, ServerPaths
from videoprep_nb.server.security.shares import Shares
from videoprep_nb.server.security.sharing import JobShares
from videoprep_nb.server.security.users import Users
from videoprep_nb.server.ui import accounts, login, shared
from videoprep_nb.server.ui.app import add_page
from videoprep_nb.server.uploads.form import max_form_bytes
from videoprep_nb.server.uploads.resumable import give_back_claims

CLEAN_INTERVAL_S = 3600.0
_DESCRIPTION = """Prepares raw CCTV and phone footage for AVA-style spatio-temporal action annotation.

Submit videos with `POST /api/jobs`, follow the job, fetch its package. Errors are problem details (RFC 9457) whose
`detail` is one sentence for people. Where the service has users, send `Authorization: Bearer <token>`."""
_log = logging.getLogger(__name__)


def create_app(service: Service, users: Users | None) -> FastAPI:
    """The application that offers a service.

    Args:
        service: The service; it is cleaned at start and once an hour, and not closed at the end.
        users: Who may use it; None: only programs and browsers of this machine.
    """
    give_back_claims(service.workspace.uploads_dir)
    app = FastAPI(
        title="videoprep",
        version=videoprep_nb.__version__,
        description=_DESCRIPTION,
        lifespan=_lifespan,
        # their pages load scripts from elsewhere; the document itself stays at /openapi.json
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.stopping = False
    app.state.logs = ServiceLogs(service.workspace)
    app.state.authentication = Authentication.of_workspace(service.workspace, users, app.state.logs)
    app.state.inspections = Inspections(service.workspace)
    app.state.checkup = Checkup(service.workspace)
    app.state.readiness = Readiness(service, lambda: bool(app.state.stopping))
    app.state.shares = JobShares(
        Shares(service.workspace.path / "shares.json"), service, users, app.state.authentication.audit
    )
    app.state.metrics = Metrics(service, app.state.readiness)
    app.state.feeds = JobFeeds(service, app.state.metrics, lambda: bool(app.state.stopping))
    app.add_middleware(CapBodies, max_bytes_of=partial(_max_upload_bytes, service.limits))
    app.state.server_paths = ServerPaths.of_service(service, users)
    app.add_middleware(HidePaths, paths=app.state.server_paths)
    app.add_middleware(Gate, authentication=app.state.authentication)
    app.add_middleware(CountRequests, metrics=app.state.metrics)  # around the gate
    app.add_middleware(LogRequests, access=app.state.logs.access, audit=app.state.authentication.audit)
    add_problem_handlers(app)
    app.include_router(login.router)
    app.include_router(accounts.router)
    app.include_router(shared.router)
    for module in (
        api,
        events,
        submission,
        estimate,
        tus,
        results,
        exports,
        push,
        annotations,
        corrections,
        left_out,
        again,
        frames,
        sample,
        shares,
        operation,
    ):
        app.include_router(module.router)
    # else the page, which is mounted at /, would answer
    app.router.routes.append(Route("/api{path:path}", _NoSuchPath, include_in_schema=False))
    add_page(app)
    return app


def _max_upload_bytes(limits: Limits, scope: Scope) -> int | None:
    """The largest body of a request that sends videos; None for others."""
    if scope["method"] == "POST" and scope["path"] == "/api/jobs":
        return max_form_bytes(limits)
    if scope["method"] == "PATCH" and scope["path"].startswith(tus.UPLOADS_PATH):
        return limits.file_bytes
    return None


class _NoSuchPath(HTTPEndpoint):
    """Whatever the API does not have, in any method."""

    async def dispatch(self) -> None:
        """Say which of the two is wrong, path or method."""
        scope = self.scope
        known = any(route.matches(scope)[0] is Match.PARTIAL for route in scope["app"].routes)
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    cleaning = asyncio.create_task(_clean_forever(app.state.service))
    yield
    cleaning.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await cleaning
    app.state.logs.close()


async def _clean_forever(service: Service) -> None:
    while True:
        try:
            report = await to_thread.run_sync(service.clean)
        except Exception:
            _log.exception("Cleaning failed; it is tried again in %.0f s.", CLEAN_INTERVAL_S)
        else:
            for item in report.items:
                _log.info("Deleted: %s", item)
        await asyncio.sleep(CLEAN_INTERVAL_S)
