"""A photo's bytes from where they lie: regular files only."""

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import held

SHORT = 16_000_000  # bytes up to which a file is read whole without a look at its header


def read_photo_bytes(path: Path, max_pixels: int = images.MAX_PIXELS) -> bytes:
    """A regular file's bytes; of a long one only where its header is that of a photo we take. Raises PhotoError."""
    if (data := held.bytes_of(path)) is not None:
        return data
    with open_photo(path) as file:
        try:
            length = os.fstat(file.fileno()).st_size
            if length > SHORT:
                images.look(file, length, name=str(path), max_pixels=max_pixels)
            return file.read()
        except OSError as exc:
            raise unreadable(path, exc) from exc


def sha256_of(data: bytes) -> str:
    """Their SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def open_photo(path: Path) -> BinaryIO:
    """A regular file, open for reading. Raises PhotoError, also for pipes and devices, which might never end."""
    try:
        # without O_NONBLOCK opening a pipe would wait for its writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as exc:
        raise unreadable(path, exc) from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoError(f"{path}: not a file but {kind(path)}", "a photo's path")
    return os.fdopen(descriptor, "rb")


def unreadable(path: Path, exc: Exception) -> PhotoError:
    """The error for a photo that the system does not give out."""
    if isinstance(exc, FileNotFoundError):
        return PhotoError(f"{path}: no such file", "check the path")
    reason = getattr(exc, "strerror", None) or exc
    return PhotoError(f"{path}: cannot be read ({reason})", "check the path and its permissions")


def kind(path: Path) -> str:
    """What lies there that is no file, in words."""
    return "a folder" if os.path.isdir(path) else "a pipe or device"
