"""Ctrl-C, SIGTERM and SIGHUP: once to finish what is in flight, twice to stop at once."""

import _thread
import contextlib
import os
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

GRACE_S = 3.0  # how long what is in flight may take after the signal
POLL_S = 0.05  # how late a wait hears of it
ECHO_S = 0.1  # `timeout`, shells and systemd send what ends a process twice, or SIGTERM and SIGHUP: that is one
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class Interrupted(BaseException):
    """A signal came while nothing was in flight; as KeyboardInterrupt, no failure that somebody should handle."""


class Interrupt:
    """The first signal asks to stop after what is in flight; a second one, or ``grace`` seconds, stop at once.

    With ``raises`` there is nothing to finish, and the first one raises Interrupted in the main thread. A SIGHUP that
    was ignored, as by nohup, still is. ``close``, or use as a context manager, gives back what was before.

    Python runs a signal's handler between two steps of the main thread, so not while an engine computes for a minute
    there, and any lock that it took might be held already. So a thread listens too, at the descriptor that Python's
    own handler in C writes to at once.
    """

    def __init__(self, grace: float, *, raises: bool = False) -> None:
        self._grace, self._raises, self._is_quiet = grace, raises, raises
        self._signal: int | None = None
        self._before: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            return
        self._ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        self._mouth_before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for each in SIGNALS:
            if each == getattr(signal, "SIGHUP", None) and signal.getsignal(each) == signal.SIG_IGN:
                continue
            self._before[each] = signal.signal(each, self._hear)
        _thread.start_new_thread(self._listen, ())

    def __enter__(self) -> "Interrupt":
        """Listen."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self.close()

    def close(self) -> None:
        """Listen no more."""
        if not self._before:
            return
        for each, handler in self._before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
        self._before.clear()
        signal.set_wakeup_fd(self._mouth_before)
        self._mouth.close()  # which ends the thread, and that closes the other end

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._signal is not None

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 128 and its number."""
        return 128 + (self._signal or signal.SIGINT)

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a signal."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, POLL_S))

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._signal is None:
            self._signal = number
        if self._raises:
            self._raises = False
            raise Interrupted

    def _listen(self) -> None:
        """Wait for a signal, then for a second one or the end of the grace."""
        with self._ear:
            first = self._next(None)
            if first is None:
                return
            if self._signal is None:
                self._signal = first
            if not self._is_quiet:
                _tell(b"arbstyle: finishing what is in flight; Ctrl-C again stops at once\n")
            deadline, came = time.monotonic() + self._grace, time.monotonic()
            while (second := self._next(deadline)) is not None:
                if second == signal.SIGINT or time.monotonic() - came > ECHO_S:
                    break
            else:
                if time.monotonic() < deadline:  # closed: it was finished in time
                    return
            _stop(self.exit_code)

    def _next(self, deadline: float | None) -> int | None:
        """The next of our signals; None at the deadline, or when closed."""
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._ear.settimeout(left)
            try:
                heard = self._ear.recv(1)
            except OSError:  # time is up
                return None
            if not heard:
                return None
            if heard[0] in self._before:
                return heard[0]


def _tell(line: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, line)


def _stop(code: int) -> None:
    show_cursor = b"\x1b[?25h" if os.isatty(2) else b""  # the bar hides it
    _tell(show_cursor + b"arbstyle: interrupted\n")
    os._exit(code)  # an orderly exit would wait for threads that write; their files are temporary
