"""Locks that die with their process, on one byte of a file each, where the file system has them."""

import contextlib
import errno
import os
import struct
import sys

_TAKEN = {errno.EACCES, errno.EAGAIN}


class NoLocks(Exception):
    """The file system has no locks."""


def take(descriptor: int, byte: int, *, wait: bool = False) -> bool:
    """Lock a byte, which need not be there, of a file open for writing; whether it is ours now. Raises NoLocks.

    Linux's belong to the open file: another that this process opened is kept out too. Elsewhere they belong to the
    process.
    """
    try:
        _lock(descriptor, byte, wait=wait)
    except OSError as exc:
        if exc.errno in _TAKEN:
            return False
        raise NoLocks from exc
    return True


def drop(descriptor: int, byte: int) -> None:
    """Give a byte back; closing the file does so too."""
    with contextlib.suppress(OSError):
        _unlock(descriptor, byte)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, byte: int, *, wait: bool) -> None:
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int, byte: int) -> None:
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

elif sys.platform == "linux":
    import fcntl

    def _lock(descriptor: int, byte: int, *, wait: bool) -> None:
        _set(descriptor, byte, fcntl.F_WRLCK, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK)

    def _unlock(descriptor: int, byte: int) -> None:
        _set(descriptor, byte, fcntl.F_UNLCK, fcntl.F_OFD_SETLK)

    def _set(descriptor: int, byte: int, kind: int, command: int) -> None:
        fcntl.fcntl(descriptor, command, struct.pack("hhqqi0q", kind, os.SEEK_SET, byte, 1, 0))  # struct flock

else:
    import fcntl

    def _lock(descriptor: int, byte: int, *, wait: bool) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, byte)

    def _unlock(descriptor: int, byte: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
