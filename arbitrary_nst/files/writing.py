"""A write that is whole or not at all."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files import leftovers, locks
from arbitrary_nst.files.directory import UNSUPPORTED, Directory, sync

_HINTS = {
    errno.ENOSPC: ("the disk is full", "free some space, or {output} a folder elsewhere"),
    errno.EDQUOT: ("the quota is used up", "free some space, or {output} a folder elsewhere"),
    errno.EROFS: ("the file system is read-only", "{output} a folder you can write to"),
    errno.EACCES: ("not permitted", "{output} a folder you can write to"),
    errno.EPERM: ("not permitted", "{output} a folder you can write to"),
    errno.ENOENT: ("its folder does not exist", "create it first"),
    errno.ENAMETOOLONG: ("the name is too long", "{output} a shorter one"),
    errno.ELOOP: ("its links go round in circles", "{output} a plain path"),
}
_ATTEMPTS = 100  # a temporary name is hardly ever taken


def write_atomically(path: Path, data: bytes, *, overwrite: bool, through_link: bool = False) -> None:
    """Write to a temporary file beside ``path``, then rename: under the final name is a whole file or none.

    A link is replaced, and with ``through_link`` its target is. Without ``overwrite`` a file that appeared meanwhile
    is left alone. Raises PhotoError.
    """
    try:
        target = path.resolve() if through_link else path
        with Directory.open(target.parent) as folder:
            write_into(folder, target.name, data, overwrite=overwrite)
    except (OSError, RuntimeError) as exc:
        raise unwritable(path, exc) from exc


def write_into(folder: Directory, name: str, data: bytes, *, overwrite: bool) -> None:
    """``write_atomically`` into a folder that is held. A file that is replaced hands on its mode. Raises PhotoError."""
    temporary, descriptor = None, -1
    try:
        temporary, descriptor = _open_temporary(folder)
        if overwrite:
            _take_over_mode(descriptor, folder.status(name))
        _write_all(descriptor, data)
        sync(descriptor)
        if os.name == "nt":  # which renames no open file
            descriptor = _closed(descriptor)
        _move(folder, temporary, name, overwrite=overwrite)
        folder.sync()
    except FileExistsError as exc:
        raise PhotoError(f"{folder.path / name}: exists already", "{existing=skip}, overwrite or rename") from exc
    except OSError as exc:
        raise unwritable(folder.path / name, exc) from exc
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
        _closed(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises PhotoError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise unwritable(folder, exc) from exc


def unwritable(path: Path, exc: Exception) -> PhotoError:
    """The error for what the system does not take."""
    other = f"{getattr(exc, 'strerror', None) or exc}", "another {output}"
    reason, hint = _HINTS.get(getattr(exc, "errno", None) or 0, other)
    return PhotoError(f"{path}: cannot be written: {reason}", hint)


def _open_temporary(folder: Directory) -> tuple[str, int]:
    """A new file and its descriptor, locked while that is open, with the mode that the umask leaves."""
    for _ in range(_ATTEMPTS):
        name = leftovers.temporary_name(secrets.token_hex(4))
        try:
            descriptor = folder.open_file(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            continue
        with contextlib.suppress(locks.NoLocks):
            locks.take(descriptor, 0, wait=True)
        if os.name == "nt" or os.fstat(descriptor).st_nlink:  # else taken for left over before it was locked
            return name, descriptor
        os.close(descriptor)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder.path))


def _take_over_mode(descriptor: int, replaced: os.stat_result | None) -> None:
    if replaced is None or not stat.S_ISREG(replaced.st_mode) or not hasattr(os, "fchmod"):
        return
    try:
        os.fchmod(descriptor, replaced.st_mode & 0o777)
    except OSError as exc:  # SMB and exFAT know no modes, or allow no change of them
        if exc.errno not in {*UNSUPPORTED, errno.EPERM, errno.EACCES}:
            raise


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    return -1


def _move(folder: Directory, temporary: str, name: str, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            folder.link(temporary, name)  # unlike a rename, fails where the name is taken
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without links: the name is taken by an empty file, which is then replaced
            os.close(folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    folder.replace(temporary, name)
