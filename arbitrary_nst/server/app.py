"""The application: every route once, and what stands before them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from arbitrary_nst.errors import NSTError
from arbitrary_nst.server import problems
from arbitrary_nst.server.about_endpoints import About
from arbitrary_nst.server.desk import API, Desk
from arbitrary_nst.server.drawing_endpoints import Stylize
from arbitrary_nst.server.guard import Doorkeeper, Guard
from arbitrary_nst.server.job_endpoints import Jobs
from arbitrary_nst.server.keeping_endpoints import PhotosKept, Styles
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.recording import ROUTE, Recording
from arbitrary_nst.server.studio import Studio

PAGE = Path(__file__).resolve().parent / "page"
SWEEP_S = 20.0  # how often what nobody uses any more is let go
# By suffix, whatever this machine believes: a browser runs no script that comes as text/plain.
PAGE_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".ico": "image/x-icon",
    ".json": "application/json", ".webmanifest": "application/manifest+json",
}  # fmt: skip


def make_app(studio: Studio, token: str | None, log: Callable[[str], None] | None = None) -> ASGIApp:
    """The server's application. ``log`` is told of each request."""
    doorkeeper = Doorkeeper(token)
    router = Router(routes(Desk(studio), doorkeeper), redirect_slashes=False, lifespan=_sweeping(studio))

    def told(request: Request, exc: Exception) -> Response:
        studio.accounts.failures.labels(problems.kind_of(exc)).inc()
        return problems.answer_to(exc)

    caught = ExceptionMiddleware(router, {NSTError: told, HTTPException: _told})

    async def with_app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = router  # so that what is not there is raised, not answered in plain text
        await caught(scope, receive, send)

    return Recording(Guard(with_app, studio.options, doorkeeper), studio.accounts, studio.trace, log)


def routes(desk: Desk, doorkeeper: Doorkeeper) -> list[Route | Mount]:
    """Everything that can be asked for."""
    about, jobs, styles, photos = About(desk, doorkeeper), Jobs(desk), Styles(desk), PhotosKept(desk)
    stylize = Stylize(desk)
    table: list[tuple[str, str, Any]] = [
        ("GET", "/healthz", about.healthz),
        ("GET", "/readyz", about.readyz),
        ("GET", "/metrics", about.metrics),
        ("GET", f"{API}/openapi.json", about.openapi),
        ("GET", f"{API}/options", about.options),
        ("GET", f"{API}/models", about.models),
        ("GET", f"{API}/session", about.signed_in),
        ("POST", f"{API}/session", about.sign_in),
        ("DELETE", f"{API}/session", about.sign_out),
        ("POST", f"{API}/stylize", stylize.draw),
        ("POST", f"{API}/photos", photos.add),
        ("GET", f"{API}/photos/{{id}}", photos.show),
        ("DELETE", f"{API}/photos/{{id}}", photos.remove),
        ("GET", f"{API}/photos/{{id}}/picture", photos.picture),
        ("GET", f"{API}/jobs/{{id}}", jobs.show),
        ("DELETE", f"{API}/jobs/{{id}}", jobs.stop),
        ("GET", f"{API}/jobs/{{id}}/events", jobs.events),
        ("GET", f"{API}/jobs/{{id}}/result", jobs.result),
        ("GET", f"{API}/jobs/{{id}}/preview", jobs.preview),
        ("GET", f"{API}/styles", styles.listed),
        ("POST", f"{API}/styles", styles.add),
        ("DELETE", f"{API}/styles/{{id}}", styles.remove),
        ("GET", f"{API}/styles/{{id}}/thumbnail", styles.thumbnail),
        ("GET", f"{API}/styles/{{id}}/file", styles.file),
        ("GET", f"{API}/zip", jobs.zip),
    ]
    return [*(_Noted(path, each, methods=[method]) for method, path, each in table), _PageMount("/", Page(PAGE))]


class _Noted(Route):
    """A route that says so."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self.path
        await super().handle(scope, receive, send)


class _PageMount(Mount):
    """All that is not the API's: else a wrong method there would be the page's to answer."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.NONE, {}) if scope["path"].startswith("/api/") else super().matches(scope)


class Page(StaticFiles):
    """The page's files, asked for anew each time: a newer version's page has newer scripts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)

    def file_response(self, full_path: Any, *rest: Any, **named: Any) -> Response:
        """A file, with its type and how long it may be kept."""
        response = super().file_response(full_path, *rest, **named)
        response.headers["Cache-Control"] = "no-cache"
        if (kind := PAGE_TYPES.get(Path(full_path).suffix)) is not None and "content-type" in response.headers:
            response.headers["Content-Type"] = kind
        return response


def _told(request: Request, exc: Exception) -> Response:
    """What the router says, as a problem."""
    assert isinstance(exc, HTTPException)
    kind = "method" if exc.status_code == 405 else "unknown"
    answer = problems.answer_to(
        Refused(kind, f"{request.method} {request.url.path}: no such thing", "/api/v1/openapi.json")
    )
    answer.headers.update({name: value for name, value in (exc.headers or {}).items() if name == "Allow"})
    return answer


def _sweeping(studio: Studio) -> Callable[[Any], contextlib.AbstractAsyncContextManager[None]]:
    """Let go of what is over, as long as the server runs, whether or not anybody asks for anything."""

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            studio.board.over.sweep()
            studio.photos.shelf.sweep()

    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(sweep())
        yield
        task.cancel()

    return lifespan
