"""Ctrl-C: once to finish what is in flight, twice to stop at once."""

import _thread
import contextlib
import os
import signal
import threading
import time

from arbitrary_nst.cli.report import EXIT_INTERRUPTED

GRACE_S = 3.0  # how long what is in flight may take after Ctrl-C
POLL_S = 0.05  # how late a wait hears of it


class Interrupt:
    """The first Ctrl-C asks to stop after what is in flight; a second one, or ``grace`` seconds, stop at once.

    A signal's handler runs between any two steps of the main thread, and waits for ever for a lock that the main
    thread holds there: so nothing here takes one, as events, timers, threads and buffered writes do.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._asked = False
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._hear)

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._asked

    def wait(self, seconds: float) -> None:
        """Sleep, but not past Ctrl-C."""
        deadline = time.monotonic() + seconds
        while not self._asked and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, POLL_S))

    def _hear(self, *_: object) -> None:
        if self._asked:
            _stop()
        self._asked = True
        _tell(b"arbstyle: finishing what is in flight; Ctrl-C again stops at once\n")
        _thread.start_new_thread(self._stop_later, ())

    def _stop_later(self) -> None:
        time.sleep(self._grace)
        _stop()


def _tell(line: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, line)


def _stop() -> None:
    show_cursor = b"\x1b[?25h" if os.isatty(2) else b""  # the bar hides it
    _tell(show_cursor + b"arbstyle: interrupted\n")
    os._exit(EXIT_INTERRUPTED)  # an orderly exit would wait for threads that write; their files are temporary
