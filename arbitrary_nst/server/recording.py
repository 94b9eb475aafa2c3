"""A line and a count for every request, and pieces of an answer only as fast as the client takes them."""

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arbitrary_nst.server.accounts import Accounts
from arbitrary_nst.server.problems import answer_to
from arbitrary_nst.server.settings import SEND_S

ROUTE = "arbstyle.route"  # where a request's scope says which of the table's paths it is
PIECE = 1 << 18  # bytes of an answer that are handed on at once


class Recording:
    """Middleware: the outermost. ``log`` is told of each request, without its query; ``trace`` of our own faults."""

    def __init__(
        self,
        app: ASGIApp,
        accounts: Accounts,
        trace: Callable[[BaseException], None],
        log: Callable[[str], None] | None,
    ) -> None:
        self._app, self._accounts, self._trace, self._log = app, accounts, trace, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and take notes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, length = time.monotonic(), 0, 0

        async def noting(message: Message) -> None:
            nonlocal status, length
            if message["type"] == "http.response.start":
                status = message["status"]
                await _in_time(send, message)
                return
            body = message.get("body", b"")
            length += len(body)
            for start in range(0, max(1, len(body)), PIECE):
                more = message.get("more_body", False) or start + PIECE < len(body)
                piece = body[start : start + PIECE]
                await _in_time(send, {"type": "http.response.body", "body": piece, "more_body": more})

        try:
            await self._app(scope, receive, noting)
        except Exception as exc:
            if not isinstance(exc, TimeoutError):
                self._trace(exc)
            if not status:  # else the answer breaks off, and the connection with it
                await answer_to(exc)(scope, receive, noting)
        finally:
            seconds, route = time.monotonic() - began, _route(scope)
            self._accounts.requests.labels(scope["method"], route, str(status)).inc()
            self._accounts.seconds.labels(route).observe(seconds)
            if self._log is not None:
                client = (scope.get("client") or ("-",))[0]
                self._log(f"{client} {scope['method']} {scope['path']} {status} {length} B {seconds:.3f} s")


async def _in_time(send: Send, message: Message) -> None:
    """Hand a piece on. Raises TimeoutError for a client that does not take it."""
    await asyncio.wait_for(send(message), SEND_S)


def _route(scope: Scope) -> str:
    """The route's pattern: a label must not have as many values as there are jobs, or as a stranger makes up."""
    route: str = scope.get(ROUTE, "other")
    return route
