"""Who may ask: by the name it is called by, where the page comes from, and the token; and what browsers are told.

A page of somebody else's in a browser on this machine must neither read nor command a server on it: it would come by a
name of its own that points here (DNS rebinding), or from another origin (CSRF).
"""

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arbitrary_nst.server.problems import Refused, answer_to
from arbitrary_nst.server.settings import ServeOptions, address_of

COOKIE = "arbstyle"
SIGN_IN = "/api/v1/session"  # where a page shows the token
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:",
        "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'",
        "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Doorkeeper:
    """Knows the token, as a header or in a page's cookie, by a comparison that takes always as long."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._key = secrets.token_bytes(32)

    @property
    def asks(self) -> bool:
        """Whether there is a token."""
        return self._token is not None

    @property
    def cookie(self) -> str:
        """What a page that has shown the token shows from then on; it does not tell the token."""
        return hmac.new(self._key, (self._token or "").encode(), hashlib.sha256).hexdigest()

    def knows(self, given: str) -> bool:
        """Whether it is the token."""
        return hmac.compare_digest(given.encode(), (self._token or "").encode())

    def lets_in(self, headers: Headers) -> bool:
        """Whether a request shows the token, or needs none."""
        if not self.asks:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(given.strip()):
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return morsel is not None and hmac.compare_digest(morsel.value.encode(), self.cookie.encode())


class Guard:
    """Middleware: lets in who may, and sets the headers of safety on every answer."""

    def __init__(self, app: ASGIApp, options: ServeOptions, doorkeeper: Doorkeeper) -> None:
        self._app, self._doorkeeper = app, doorkeeper
        self._names = options.names | {"localhost"} | ({options.host.lower()} - {"0.0.0.0", "::"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
        except Refused as exc:
            await answer_to(exc)(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host_name(host)
        if not (name in self._names or address_of(name)):
            raise Refused("misdirected", f"{name[:100]!r}: not a name of this server", "its address, or {allow_host}")
        self._check_origin(scope, headers, host)
        path: Any = scope["path"]
        is_open = path == SIGN_IN or not path.startswith(("/api/", "/metrics"))  # the page itself, and whether we live
        if not is_open and not self._doorkeeper.lets_in(headers):
            raise Refused("token", "this needs the server's token", "Authorization: Bearer TOKEN")

    def _check_origin(self, scope: Scope, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise Refused("forbidden", f"a page of {origin[:100]!r} may not ask this", "the page of this server")
        is_page_visit = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_page_visit:
            raise Refused("forbidden", "a page of another site may not ask this", "the page of this server")


def host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")
