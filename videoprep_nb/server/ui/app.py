"""Adds the page to the application."""

import re
from http import HTTPStatus

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoprep_nb.server.ui.live import LiveViews
from videoprep_nb.server.ui.policy import WithPolicy
from videoprep_nb.server.ui.routes import STATIC_FOLDER, STYLES, router
from videoprep_nb.server.ui.shell import build_page
from videoprep_nb.server.ui.templates import render

# fonts of the reader's own system: nothing has to be loaded
_FONTS = ("system-ui", "Segoe UI", "Roboto", "Liberation Sans", "Arial", "sans-serif")
# the theme's own grey words, button and empty boxes are too faint to be read
_CONTRAST = {
    "body_text_color_subdued": "*neutral_500",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "checkbox_border_color": "*neutral_400",
    "checkbox_border_color_dark": "*neutral_400",
}
# names of its files: Gradio fails at those that no file system can hold
_USED_OF_GRADIO = re.compile(r"/|/(theme\.css|favicon\.ico|(assets|static)/[\w./-]{1,200})", re.ASCII)


def add_page(app: FastAPI) -> None:
    """Add the page to an application, after all its other routes.

    Args:
        app: The application; whoever gets past its gate may see the page.
    """
    app.state.live_views = LiveViews()
    app.include_router(router)
    app.mount("/page/static", _Static(directory=STATIC_FOLDER))
    gr.mount_gradio_app(
        app,
        build_page(),
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        theme=gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=_FONTS).set(**_CONTRAST),
        head=render("head.html"),
        css_paths=[STATIC_FOLDER / name for name in STYLES],
    )
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    mount.app = _OnlyThePage(mount.app)


class _OnlyThePage:
    """What the page needs of Gradio: files. It also offers uploads, calls, proxies and more, which nobody shall reach.

    Args:
        app: The application of Gradio.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._page = WithPolicy(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http" or not _USED_OF_GRADIO.fullmatch(scope["path"]):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)
        scope = {
            **scope,
            "query_string": b"",
        }  # the page's own: Gradio would read what is its own as well, such as page
        if scope["path"] == "/":
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, _kept(send) if scope["path"].startswith("/assets/") else send)


def _kept(send: Send) -> Send:
    """Have browsers keep a part of the program, whose name changes with its content."""

    async def send_kept(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            MutableHeaders(scope=message).setdefault("Cache-Control", "private, max-age=604800, immutable")
        await send(message)

    return send_kept


class _Static(StaticFiles):
    def file_response(self, *args: object, **options: object) -> Response:
        """A file that browsers may keep, but ask for whether it has changed: it does with every update."""
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response
