"""The server at work: a socket, uvicorn in a thread of its own, and an orderly end."""

import asyncio
import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from arbitrary_nst.errors import OptionError
from arbitrary_nst.server.app import make_app
from arbitrary_nst.server.settings import HEADERS_S, MOST_CONNECTIONS, MOST_OF_ONE, ServeOptions
from arbitrary_nst.server.studio import Studio
from arbitrary_nst.session import Session

POLL_S = 0.05
LAST_S = 1.0  # of the grace, for answers that are on their way


class Impatient(H11Protocol):
    """HTTP/1.1 that does not wait for ever for a request's beginning, or for the rest of one that was refused."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request; of those whose client has too many connections already, close it."""
        super().connection_made(transport)
        addresses = [(getattr(each, "client", None) or ("",))[0] for each in self.connections]
        if addresses.count((self.client or ("",))[0]) > MOST_OF_ONE:
            transport.close()
        else:
            self._time()

    def data_received(self, data: bytes) -> None:
        """Go on, and wait for more."""
        super().data_received(data)
        self._time()

    def on_response_complete(self) -> None:
        """Go on, and wait for what is left of the request."""
        super().on_response_complete()
        self._time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop()

    def _time(self) -> None:
        is_at_work = self.cycle is not None and not self.cycle.response_complete
        is_idle = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0] and self.cycle is not None
        if is_at_work or is_idle:  # the latter has a limit of its own
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEADERS_S, self._leave)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class Running:
    """A server that listens once ``start`` returns. ``say`` is told what people should know."""

    def __init__(self, session: Session, options: ServeOptions, say: Callable[[str], None]) -> None:
        token = options.token()
        self.studio = Studio(session, options, say)
        self._socket = _listening(options.host, options.port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            make_app(self.studio, token, say if options.access_log else None),
            http=Impatient,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level="critical",  # what clients send is nothing to tell, and our own faults are told by us
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=10,
            limit_concurrency=MOST_CONNECTIONS,
        )
        logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="http", daemon=True)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        host = self.studio.options.host
        if host in ("0.0.0.0", "::"):
            host = "localhost"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Listen, and begin to load the model."""
        self.studio.start()
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(POLL_S)

    @property
    def is_alive(self) -> bool:
        """Whether it still listens."""
        return self._thread.is_alive()

    def drain(self, grace: float) -> bool:
        """Take nothing new, finish what there is within ``grace`` seconds, and end; whether all was finished."""
        deadline = time.monotonic() + max(0.0, grace - LAST_S)
        self.studio.state = "stopping"
        self.studio.stop_searches()
        while self.studio.board.under_way and time.monotonic() < deadline:
            time.sleep(POLL_S)
        is_done = not self.studio.board.under_way
        left = max(LAST_S, deadline - time.monotonic())
        self._server.config.timeout_graceful_shutdown = math.ceil(left)
        self._server.should_exit = True
        self._thread.join(left + LAST_S)
        self.studio.close()
        return is_done


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OptionError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=MOST_CONNECTIONS)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).partition(" (while attempting")[0]  # Python adds what stands here already
        raise OptionError(f"{host}, port {port}: cannot listen there ({reason})", "another {port}") from exc
