"""Folders in the cache that later runs believe: written to the disk, ours alone to change, and checked by hash."""

import contextlib
import errno
import hashlib
import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

SEAL = "sealed.json"
# What file systems answer that have no fsync.
NO_FSYNC = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF)
# Bytes that are hashed at a time: after each, a thread waits until another one, which imports, lets it go on.
BLOCK = 1 << 23
# How long a wait for a lock stays unmentioned, in seconds.
PATIENCE = 2.0

log = logging.getLogger(__name__)


def seal(folder: Path) -> None:
    """Bring a folder's files to the disk, let all read and only the owner change them, and note their SHA-256."""
    files = sorted(path for path in folder.iterdir() if path.name != SEAL and not path.is_dir())
    for path in files:
        path.chmod(0o644)
        _sync(path)
    write(folder / SEAL, json.dumps({path.name: _sha256(path) for path in files}, indent=1))
    folder.chmod(0o755)
    _sync(folder)


def intact(folder: Path) -> bool:
    """Whether a folder is as it was sealed, by this user or by root, and nobody else could have changed it."""
    files = sealed_files(folder)
    return bool(files) and all(is_sealed(folder / name, sha256) for name, sha256 in files.items())


def sealed_files(folder: Path) -> dict[str, str]:
    """SHA-256 by name of what was sealed; nothing where the seal is not to be believed."""
    try:
        if not ours_in_ours(folder / SEAL):
            return {}
        files = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return {str(name): str(sha256) for name, sha256 in files.items() if os.path.basename(name) == name}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def is_sealed(path: Path, sha256: str) -> bool:
    """Whether a file is a regular one, ours alone to change, and has this SHA-256."""
    try:
        return only_ours(path) and stat.S_ISREG(path.lstat().st_mode) and _sha256(path) == sha256
    except OSError:
        return False


def only_ours(path: Path) -> bool:
    """Whether nobody but this user and root can change a file or folder. A link is not ours: it may lead anywhere."""
    if os.name == "nt":  # there, folders below the user's own are closed to others by their lists of access rights
        return path.exists()
    try:
        status = path.lstat()
    except OSError:
        return False
    others_may_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid in (os.geteuid(), 0) and not others_may_write and not stat.S_ISLNK(status.st_mode)


def ours_in_ours(path: Path) -> bool:
    """Whether a file and the folder that it lies in are ``only_ours``."""
    return only_ours(path.parent) and only_ours(path)


def write(path: Path, text: str | bytes, *, lasting: bool = True) -> None:
    """Write a small file whole or not at all, readable by all, and ``lasting`` through a crash. Raises OSError."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        os.chmod(scratch, 0o644)
        if lasting:
            _sync(Path(scratch))
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise


@contextlib.contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock that dies with its process; where another holds it, say so and wait. Raises OSError."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        log.warning("%s: waiting for another process that does the same (it holds %s)", what, path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _sha256(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            whole.update(block)
    return whole.hexdigest()


def _sync(path: Path) -> None:
    if os.name == "nt":  # which has no fsync of a file that is open for reading, nor of a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in NO_FSYNC:
            raise
    finally:
        os.close(descriptor)
