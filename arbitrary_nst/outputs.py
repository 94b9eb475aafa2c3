"""Where a result goes: its format and name, what is there already, and a write that is whole or not at all."""

import contextlib
import errno
import os
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import psutil

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.images.encode import SUFFIXES, Format, suffix_format

Existing = Literal["fail", "skip", "overwrite", "rename"]

# Most file systems end a name here, in bytes; the temporary file's mark needs room as well.
TEMPORARY = ".arbstyle-"
LONGEST_NAME = 255 - len(".arbstyle-4194304-12345678")

_HINTS = {
    errno.ENOSPC: "the disk is full. Try: free some space, or -o a folder elsewhere",
    errno.EDQUOT: "the quota is used up. Try: free some space, or -o a folder elsewhere",
    errno.EROFS: "the file system is read-only. Try: -o a folder you can write to",
    errno.EACCES: "not permitted. Try: -o a folder you can write to",
    errno.EPERM: "not permitted. Try: -o a folder you can write to",
    errno.ENOENT: "its folder does not exist. Try: create it first",
    errno.ENAMETOOLONG: "the name is too long. Try: -o a shorter one",
    errno.ELOOP: "its links go round in circles. Try: -o a plain path",
}


def read_photo_bytes(path: Path) -> bytes:
    """A regular file's bytes. Raises PhotoError."""
    with open_photo(path) as file:
        try:
            return file.read()
        except OSError as exc:
            raise unreadable(path, exc) from exc


def open_photo(path: Path) -> BinaryIO:
    """A regular file, open for reading. Raises PhotoError, also for pipes and devices, which might never end."""
    try:
        # without O_NONBLOCK opening a pipe would wait for its writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as exc:
        raise unreadable(path, exc) from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoError(f"{path}: not a file but {_kind(path)}. Try: a photo's path")
    return os.fdopen(descriptor, "rb")


def unreadable(path: Path, exc: Exception) -> PhotoError:
    """The error for a photo that the system does not give out."""
    if isinstance(exc, FileNotFoundError):
        return PhotoError(f"{path}: no such file. Try: check the path")
    reason = getattr(exc, "strerror", None) or exc
    return PhotoError(f"{path}: cannot be read ({reason}). Try: check the path and its permissions")


def _kind(path: Path) -> str:
    return "a folder" if path.is_dir() else "a pipe or device"


def choose_format(wanted: Format | Literal["auto"], own: Format, output: Path | None) -> Format:
    """The format to write: as asked for, else by the output's suffix, else the photo's own.

    Raises OptionError where the suffix says something else than ``wanted``, or nothing that can be written.
    """
    by_suffix = suffix_format(output) if output is not None else None
    if wanted == "auto":
        if output is not None and output.suffix and by_suffix is None:
            raise OptionError(f"{output}: cannot write {output.suffix}. Try: {', '.join(SUFFIXES)}")
        return by_suffix or own
    if by_suffix not in (None, wanted):
        raise OptionError(f"{output}: its suffix is not {wanted}. Try: another suffix, or leave --format out")
    return wanted


def default_name(photo: Path, style: str, format: Format) -> str:
    """``<stem>__<style>.<ext>``; a stem too long for the file system is shortened."""
    tail = f"__{_shortened(style, 80)}.{format}"
    return _shortened(photo.stem, LONGEST_NAME - len(os.fsencode(tail))) + tail


def _shortened(text: str, most_bytes: int) -> str:
    """The beginning of a name, cut between characters."""
    while len(os.fsencode(text)) > most_bytes:
        text = text[:-1]
    return text


class Taken:
    """The outputs of this run, so that a.jpg and a.png, or A.jpg and a.jpg, do not end in one file."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def claim(self, path: Path, guarded: Callable[[Path], bool] = lambda path: False) -> Path:
        """``path``, or with ``_2``, ``_3``... where an earlier photo of this run has it or it is ``guarded``."""
        for candidate in _numbered(path):
            # some file systems do not tell A from a, nor the two ways to write an accent
            key = unicodedata.normalize("NFC", str(candidate.absolute())).casefold()
            if key not in self._names and not guarded(candidate):
                self._names.add(key)
                return candidate
        raise AssertionError("unreachable: numbering has no end")


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{_shortened(path.stem, LONGEST_NAME - 16)}_{number}{path.suffix}")
        number += 1


def settle(path: Path, existing: Existing, source: Path | None) -> Path | None:
    """The path to write to under the policy for what exists; None to skip.

    Raises PhotoError where something is in the way, and always where it is the photo itself.
    """
    if source is not None and is_same_file(path, source):
        raise PhotoError(f"{path}: is the photo itself. Try: another output")
    if os.path.exists(path) and not os.path.isfile(path):  # those of Path raise where a folder is closed
        raise PhotoError(f"{path}: is {_kind(path)}. Try: the path of a file")
    if not os.path.lexists(path) or existing == "overwrite":
        return path
    if existing == "skip":
        return None
    if existing == "rename":
        return Taken().claim(path, os.path.lexists)
    raise PhotoError(f"{path}: exists already. Try: --existing skip, overwrite or rename")


def is_same_file(path: Path, other: Path) -> bool:
    """Whether both are there and one file."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def refuse_inputs(path: Path, given: Iterable[Path], option: str) -> None:
    """Raise OptionError where what is to be written is one of the pictures given."""
    if any(is_same_file(path, each) for each in given):
        raise OptionError(f"{path}: is one of the pictures given. Try: another {option}")


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
        raise PhotoError(f"{path}: exists already. Try: --existing skip, overwrite or rename") from exc
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
    hint = _HINTS.get(getattr(exc, "errno", None) or 0, f"{getattr(exc, 'strerror', None) or exc}. Try: another output")
    return PhotoError(f"{path}: cannot be written: {hint}")


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
