"""A write that is whole or not at all."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

import psutil

from arbitrary_nst.errors import PhotoError

TEMPORARY = ".arbstyle-"

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


def write_atomically(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write to a temporary file beside ``path``, then rename: under the final name is a whole file or none.

    A link is written through. Without ``overwrite`` a file that appeared meanwhile is left alone. Raises PhotoError.
    """
    temporary = None
    try:
        target = path.resolve()
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f"{TEMPORARY}{os.getpid()}-", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        _move(temporary, target, overwrite=overwrite)
    except FileExistsError as exc:
        raise PhotoError(f"{path}: exists already", "{existing=skip}, overwrite or rename") from exc
    except (OSError, RuntimeError) as exc:
        raise _unwritable(path, exc) from exc
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder with those above it. Raises PhotoError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _unwritable(folder, exc) from exc


def _unwritable(path: Path, exc: Exception) -> PhotoError:
    other = f"{getattr(exc, 'strerror', None) or exc}", "another {output}"
    reason, hint = _HINTS.get(getattr(exc, "errno", None) or 0, other)
    return PhotoError(f"{path}: cannot be written: {reason}", hint)


def remove_left_over(folder: Path) -> None:
    """Remove temporary files below a folder whose process is gone: it was killed while it wrote."""
    for path in folder.rglob(f"{TEMPORARY}*-*"):
        process = path.name.removeprefix(TEMPORARY).split("-")[0]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            with contextlib.suppress(OSError):
                path.unlink()


def _move(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(temporary, target)  # unlike a rename, fails where the name is taken
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if target.exists():
                raise FileExistsError(target) from None
    os.replace(temporary, target)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
