"""The names of temporary files, and the removal of those whose process was killed while it wrote."""

import contextlib
import functools
import hashlib
import os
import re
import socket
import stat
import time
from pathlib import Path

from arbitrary_nst.files import locks

_NAME = re.compile(r"\.arbstyle-([0-9a-f]{8})-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}\.tmp", re.ASCII)
OLD_S = 24 * 3600.0  # what another host has not touched for so long, it has forgotten


def temporary_name(token: str) -> str:
    """``.arbstyle-HOST-BOOT-PID-TOKEN.tmp``: who writes, so that nobody else takes it for left over."""
    return f".arbstyle-{host()}-{boot()}-{os.getpid()}-{token}.tmp"


@functools.cache
def host() -> str:
    """Where our process numbers mean something: this host, and in it this container."""
    numbers = ""
    with contextlib.suppress(OSError):
        numbers = os.readlink("/proc/self/ns/pid")
    return _digest(f"{socket.gethostname()} {numbers}")


@functools.cache
def boot() -> str:
    """This start of this machine's kernel, which all its containers share; where it has no name, the machine."""
    with contextlib.suppress(OSError):
        return _digest(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
    return _digest(socket.gethostname())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]


def remove_left_over(folder: Path) -> None:
    """Remove temporary files below a folder, links not followed, that nobody writes any more."""
    for above, _, names in os.walk(folder):
        for name in names:
            if (found := _NAME.fullmatch(name)) is not None:
                with contextlib.suppress(OSError):
                    _remove(os.path.join(above, name), *found.groups())


def _remove(path: str, its_host: str, its_boot: str, process: str) -> None:
    """Remove a file of ours if its writer is gone for certain; a lock is looked at while we hold it."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return
        known = (its_host, its_boot) == (host(), boot())
        if known and int(process) == os.getpid():
            return
        try:
            gone = locks.take(descriptor, 0) and (its_boot == boot() or time.time() - status.st_mtime > OLD_S)
        except locks.NoLocks:
            import psutil

            gone = known and not psutil.pid_exists(int(process))
        if gone and os.name != "nt":
            os.unlink(path)
    finally:
        os.close(descriptor)
    if gone and os.name == "nt":  # which removes no open file
        os.unlink(path)
