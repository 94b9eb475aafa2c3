"""Which photos have arrived in a folder, whole: for `arbstyle watch`."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import psutil

from arbitrary_nst.files.find import Input, arrived, expand

SETTLED_S = 2.0  # a file that nobody wrote to for so long is whole
POLL_S = 1.0
POLL_SHARE = 0.02  # of a core that looking again and again may take where the system does not tell
RELIST_S = 600.0  # the system may lose a change where there are very many: so the folder is listed now and then
RELIST_SHARE = 0.001
STEP_MS, GATHER_MS, TICK_MS = 100, 400, 500

# File systems that do not tell what other machines, or the host, do to them.
SILENT = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "virtiofs", "afs", "ceph", "glusterfs", "lustre", "gpfs",
    "vboxsf", "vmhgfs", "prl_fs", "davfs", "webdav", "fuse",
}  # fmt: skip

State = tuple[int, int, int]  # size, time of the last change in ns, inode


class Stop(Protocol):
    """What asks to stop."""

    def is_set(self) -> bool:
        """Whether it does."""

    def wait(self, seconds: float) -> object:
        """Sleep, but not past that."""


class Arrivals:
    """Tells each version of each file once, when it has not changed for ``settled`` seconds.

    A slow copy counts once it stands still; a rename into place and an overwrite are new versions; a file that goes
    away is forgotten, and so new if it comes back. A copy that paused for longer is told again when it goes on.
    """

    def __init__(self, settled: float = SETTLED_S) -> None:
        self._settled = settled
        self._waiting: dict[Path, tuple[Input, State, float]] = {}
        self._told: dict[Path, State] = {}

    def whole(self, listed: Iterable[Input], now: float) -> list[Input]:
        """Those whole and not told yet of all that there is; ``now`` is a clock in seconds."""
        present = {each.path: each for each in listed}
        for path in [*(self._waiting.keys() - present.keys()), *(self._told.keys() - present.keys())]:
            self.forget(path)
        for each in present.values():
            self.see(each, now)
        return self.settled(now)

    def see(self, each: Input, now: float) -> None:
        """Look at a file that may have changed."""
        try:
            state = _state(each.path)
        except OSError:  # gone meanwhile
            self.forget(each.path)
            return
        before = self._waiting.get(each.path)
        if self._told.get(each.path) == state:
            self._waiting.pop(each.path, None)
        elif before is None or before[1] != state:
            self._waiting[each.path] = (each, state, now)

    def settled(self, now: float) -> list[Input]:
        """Those that stood still long enough since they were seen to change; only those that wait are looked at."""
        ready = []
        for path, (each, state, since) in list(self._waiting.items()):
            if now - since < self._settled:
                continue
            self.see(each, now)
            if path in self._waiting and self._waiting[path][1] == state and state[0] > 0:
                self._told[path] = state
                del self._waiting[path]
                ready.append(each)
        return ready

    def forget(self, path: Path) -> None:
        """Let a file that is gone be new when it comes back."""
        self._waiting.pop(path, None)
        self._told.pop(path, None)


def arriving(
    folder: Path, stop: Stop, *, recursive: bool, output: Path, note: Callable[[str], None]
) -> Iterator[list[Input]]:
    """The photos of a folder as they arrive, a few at a time, until ``stop`` is set.

    The system tells what changes, so waiting costs nothing, and an arrival no more in a large folder. Where it does
    not, as on network drives, the folder is listed again and again, the more seldom the longer that takes.
    """
    arrivals = Arrivals()

    def listed() -> list[Input]:
        return expand([folder], recursive=recursive, output=output)

    if tells_changes(folder) and not (recursive and _has_linked_folders(folder)):
        try:
            yield from _as_told(folder, stop, arrivals, listed, recursive=recursive, output=output)
        except (ImportError, OSError, _Untold) as exc:
            reason = getattr(exc, "strerror", None) or exc
            note(f"{folder}: the system does not tell what changes there ({reason}); looking again and again")
    yield from _as_found(stop, arrivals, listed)


class _Untold(Exception):
    """What the system does not tell of."""


def _as_told(
    folder: Path,
    stop: Stop,
    arrivals: Arrivals,
    listed: Callable[[], list[Input]],
    *,
    recursive: bool,
    output: Path,
) -> Iterator[list[Input]]:
    from watchfiles import Change, watch

    place, again, watched = os.path.abspath(folder), 0.0, _identity(folder)
    changes = watch(
        place, watch_filter=None, debounce=GATHER_MS, step=STEP_MS, rust_timeout=TICK_MS, yield_on_timeout=True,
        stop_event=stop, raise_interrupt=False, force_polling=False, recursive=recursive,
        ignore_permission_denied=True,
    )  # fmt: skip
    with contextlib.closing(changes):
        for told in changes:
            now = time.monotonic()
            if (
                _identity(folder) != watched or (Change.deleted, place) in told
            ):  # nobody tells of what comes in its place
                raise _Untold("it went away")
            for change, text in told:
                path = folder / os.path.relpath(text, place)
                if change == Change.deleted and not os.path.lexists(path):
                    arrivals.forget(path)
                    continue
                if recursive and os.path.islink(path) and os.path.isdir(path):
                    raise _Untold(f"{path}: a linked folder")
                for each in arrived(path, folder, recursive=recursive, output=output):
                    arrivals.see(each, now)
            ready = arrivals.settled(now)
            if now >= again:  # the first time too: what is there, listed only when changes are listened to already
                ready += arrivals.whole(listed(), now)
                again = now + max(RELIST_S, (time.monotonic() - now) / RELIST_SHARE)
            if ready:
                yield ready


def _as_found(stop: Stop, arrivals: Arrivals, listed: Callable[[], list[Input]]) -> Iterator[list[Input]]:
    while not stop.is_set():
        began = time.monotonic()
        ready = arrivals.whole(listed(), began)
        took = time.monotonic() - began
        if ready:
            yield ready
        stop.wait(max(POLL_S, took / POLL_SHARE))


def tells_changes(folder: Path) -> bool:
    """Whether the file system that a folder lies on tells of all changes, also those by other machines."""
    place, longest, kind, options = os.path.realpath(folder), "", "", ""
    for mounted in psutil.disk_partitions(all=True):
        at = os.path.join(mounted.mountpoint, "")
        if os.path.join(place, "").startswith(at) and len(at) >= len(longest):
            longest, kind, options = at, mounted.fstype.lower(), mounted.opts
    return kind not in SILENT and not kind.startswith("fuse.") and "remote" not in options.split(",")


def _has_linked_folders(folder: Path) -> bool:
    return any(os.path.islink(os.path.join(above, name)) for above, folders, _ in os.walk(folder) for name in folders)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder lies at a path, None where there is none."""
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state(path: Path) -> State:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino
