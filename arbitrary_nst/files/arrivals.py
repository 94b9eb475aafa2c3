"""Which photos have arrived in a folder, whole: for `arbstyle watch`."""

import os
from collections.abc import Iterable
from pathlib import Path

from arbitrary_nst.files.find import Input

SETTLED_S = 2.0  # a file that nobody wrote to for so long is whole

State = tuple[int, int, int]  # size, time of the last change in ns, inode


class Arrivals:
    """Tells each version of each file once, when it has not changed for ``settled`` seconds.

    A slow copy counts once it stands still; a rename into place and an overwrite are new versions; a file that goes
    away is forgotten, and so new if it comes back. A copy that paused for longer is told again when it goes on.
    """

    def __init__(self, settled: float = SETTLED_S) -> None:
        self._settled = settled
        self._seen: dict[Path, tuple[State, float]] = {}
        self._told: dict[Path, State] = {}

    def whole(self, listed: Iterable[Input], now: float) -> list[Input]:
        """Those of ``listed`` that are whole and not told yet; ``now`` is a clock in seconds."""
        ready, present = [], set()
        for each in listed:
            try:
                status = os.stat(each.path)
            except OSError:  # gone since it was listed
                continue
            present.add(each.path)
            state = (status.st_size, status.st_mtime_ns, status.st_ino)
            before, since = self._seen.get(each.path, (None, now))
            if before != state:
                self._seen[each.path] = (state, now)
            elif now - since >= self._settled and status.st_size > 0 and self._told.get(each.path) != state:
                self._told[each.path] = state
                ready.append(each)
        for path in self._seen.keys() - present:
            del self._seen[path]
            self._told.pop(path, None)
        return ready
