"""A folder held open: what is written goes there, whatever is put in its place meanwhile, and through no link."""

import contextlib
import errno
import os
import stat
from pathlib import Path

from arbitrary_nst.errors import PhotoError

_HELD = {os.open, os.stat, os.mkdir, os.unlink, os.link, os.rename} <= os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
# What file systems answer that cannot do what was asked for: SMB and FUSE to fsync, exFAT and SMB to chmod.
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF, errno.ENOTTY}


class Directory:
    """A folder, by a descriptor where the platform has such, else by its path. ``name`` is always that of an entry."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path, self._at = path, descriptor

    @classmethod
    def open(cls, path: Path) -> "Directory":
        """Open the folder at a path, whose links are followed: it is what the user named. Raises OSError."""
        if not _HELD:
            if not os.path.isdir(path):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return cls(path, None)
        return cls(path, _open_folder(path, None))

    def below(self, relative: Path) -> "Directory":
        """Open a folder below, which is made if need be; none of the way is a link. Raises OSError and PhotoError."""
        folder = Directory(self.path, None if self._at is None else os.dup(self._at))
        for part in relative.parts:
            with folder:
                folder = folder._step(part)
        return folder

    def _step(self, name: str) -> "Directory":
        path = self.path / name
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._place(name), dir_fd=self._at)
            self.sync()
        status = self.status(name)
        if status is not None and stat.S_ISLNK(status.st_mode):
            raise PhotoError(f"{path}: is a link, and none in the output folder is followed", "a real folder there")
        if self._at is None:
            return Directory(path, None)
        return Directory(path, _open_folder(name, self._at))

    def open_file(self, name: str, flags: int) -> int:
        """A descriptor; never of what a link leads to. Raises OSError."""
        if not _NO_LINK and os.path.islink(self.path / name):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path / name))
        return os.open(self._place(name), flags | _NO_LINK | _BINARY, 0o666, dir_fd=self._at)

    def status(self, name: str) -> os.stat_result | None:
        """What lies there itself, links not followed; None where nothing does. Raises OSError."""
        try:
            return os.stat(self._place(name), dir_fd=self._at, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def link(self, name: str, other: str) -> None:
        """Give a file a second name. Raises OSError, FileExistsError where that is taken."""
        source, target = self._place(name), self._place(other)
        if self._at is None:
            os.link(source, target)
        else:
            os.link(source, target, src_dir_fd=self._at, dst_dir_fd=self._at, follow_symlinks=False)

    def replace(self, name: str, other: str) -> None:
        """Rename a file to what may be taken. Raises OSError."""
        os.replace(self._place(name), self._place(other), src_dir_fd=self._at, dst_dir_fd=self._at)

    def unlink(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        os.unlink(self._place(name), dir_fd=self._at)

    def sync(self) -> None:
        """See that renames outlast a power failure, where that can be asked for. Raises OSError."""
        if self._at is not None:
            sync(self._at)

    def close(self) -> None:
        """Let go of the folder."""
        if self._at is not None:
            os.close(self._at)
            self._at = None

    def __enter__(self) -> "Directory":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _place(self, name: str) -> str:
        return name if self._at is not None else os.path.join(self.path, name)


def sync(descriptor: int) -> None:
    """``fsync`` where the file system has it. Raises OSError for what it really says, as a full disk."""
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in UNSUPPORTED:
            raise


def _open_folder(path: Path | str, at: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | (_NO_LINK if at is not None else 0)
    try:
        return os.open(path, flags, dir_fd=at)
    except PermissionError:  # one that may be written to but not listed
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(path, flags | os.O_PATH, dir_fd=at)
