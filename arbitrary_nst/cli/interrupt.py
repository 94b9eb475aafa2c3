"""Ctrl-C: once to finish what is in flight, twice to stop at once."""

import os
import signal
import threading

from arbitrary_nst.cli.report import EXIT_INTERRUPTED, say

GRACE_S = 3.0  # how long what is in flight may take after Ctrl-C


class Interrupt:
    """The first Ctrl-C asks to stop after what is in flight; a second one, or ``grace`` seconds, stop at once."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._asked = threading.Event()
        self.is_set, self.wait = self._asked.is_set, self._asked.wait
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._hear)

    def _hear(self, *_: object) -> None:
        if self._asked.is_set():
            self._stop()
        self._asked.set()
        say("finishing what is in flight; Ctrl-C again stops at once")
        timer = threading.Timer(self._grace, self._stop)
        timer.daemon = True
        timer.start()

    def _stop(self) -> None:
        show_cursor = b"\x1b[?25h" if os.isatty(2) else b""  # the bar hides it
        os.write(2, show_cursor + b"arbstyle: interrupted\n")
        os._exit(EXIT_INTERRUPTED)  # an orderly exit would wait for threads that write; their files are temporary
