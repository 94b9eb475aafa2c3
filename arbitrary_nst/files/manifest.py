"""What an output folder holds and what it was made of: lines of JSON in ``arbstyle.jsonl``."""

import contextlib
import errno
import hashlib
import json
import os
import stat
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files import locks
from arbitrary_nst.files.directory import Directory, sync
from arbitrary_nst.files.writing import unwritable

NAME = "arbstyle.jsonl"
_LONGEST_LINE = 1 << 20  # bytes; two paths, escaped, take a tenth of it
_READ = 1 << 20
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}
# Locks lie far behind what is ever written.
_APPENDING = 1 << 61
_CLAIMS = 1 << 62

Record = dict[str, Any]
# What of a record says what computed the picture.
COMPUTED = ("engine", "precision", "refining_precision")


class Manifest:
    """The records of an output folder, the last of each output counting.

    A picture has two: whose it is, before it is written, and all that it was made of, after. Each is a line that ends
    in a checksum of itself; one that was torn by a crash, or changed, does not count. Several runs may share one: each
    claims a picture before it makes it, and reads what the others appended. It is a file of its own, never a link.
    """

    def __init__(
        self, folder: Directory, *, write: bool = True, note: Callable[[str], None] = lambda line: None
    ) -> None:
        """Open it; ``note`` is told where several runs at once cannot be kept apart. Raises PhotoError."""
        self._path, self._note = folder.path / NAME, note
        self._lock = threading.Lock()
        self._lines: dict[str, bytes] = {}  # of each output the last; as text they take a third of the memory
        self._announced: dict[str, list[str]] = {}  # the outputs of each input
        self._read, self._rest = 0, b""
        self._descriptor, self._writable = self._open(folder, write=write)
        self._locks, self._claimed = self._writable, set[str]()
        self._refresh()

    def _open(self, folder: Directory, *, write: bool) -> tuple[int | None, bool]:
        wait_for_no_pipe = getattr(os, "O_NONBLOCK", 0)
        try:
            if write:
                try:
                    descriptor = folder.open_file(NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT | wait_for_no_pipe)
                except OSError as exc:
                    if exc.errno not in _READ_ONLY:
                        raise
                    write = False  # enough where everything is made already
            if not write:
                descriptor = folder.open_file(NAME, os.O_RDONLY | wait_for_no_pipe)
        except FileNotFoundError:
            return None, False
        except OSError as exc:
            self._refuse_other(folder)
            raise PhotoError(f"{self._path}: cannot be read ({exc.strerror})", "check its permissions") from exc
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            self._refuse_other(folder)
        return descriptor, write

    def _refuse_other(self, folder: Directory) -> None:
        """Say so where it is no file."""
        status = folder.status(NAME)
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise PhotoError(f"{self._path}: is no file but a link, folder or pipe", "remove it, or another {output}")

    def close(self) -> None:
        """Close it and give all claims back."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor, self._writable = None, False

    def holds(self, record: Record) -> bool:
        """Whether this very picture was made: all that ``record`` names is as it says.

        A photo known by its SHA-256 may have moved.
        """
        mine = self._record(record["output"]) or {}
        must_equal = record.keys() - {"input"} if "sha256" in record else record.keys()
        return all(mine.get(name) == record[name] for name in must_equal)

    def holds_stopped(self, record: Record) -> bool:
        """Whether this very picture was begun, and its refinement stopped."""
        return (self._record(record["output"]) or {}).get("stopped") == _digest(record)

    def guards(self, output: Path, photo: Path) -> bool:
        """Whether a file is there that this photo's picture must not replace.

        That is the picture of another photo that is still there, and what was never announced.
        """
        if not os.path.lexists(output):
            return False
        record = self._record(str(output.relative_to(self._path.parent)))
        return record is None or (record["input"] != str(photo.absolute()) and os.path.lexists(record["input"]))

    def claim(self, key: str) -> bool:
        """Take an output for this run until it is released; False where another run has it."""
        if self._locks and self._descriptor is not None and key not in self._claimed:
            try:
                if not locks.take(self._descriptor, _byte_of(key)):
                    return False
                self._claimed.add(key)
            except locks.NoLocks:
                self._locks = False
                self._note(f"{self._path.parent}: has no locks; two runs into it at once may do the same photo twice")
        return True

    def release(self, key: str) -> None:
        """Let other runs have an output."""
        if self._descriptor is not None and key in self._claimed:
            self._claimed.discard(key)
            locks.drop(self._descriptor, _byte_of(key))

    def release_all(self) -> None:
        """Let other runs have every output that this one claimed."""
        for key in list(self._claimed):
            self.release(key)

    def is_free(self, key: str) -> bool:
        """Whether no other run has an output."""
        free = self.claim(key)
        self.release(key)
        return free

    @contextmanager
    def around(self, record: Record, *, whole: bool) -> Iterator[None]:
        """Note whose picture is written inside, so that a crash leaves none unknown; then all, or that it stopped."""
        if (self._record(record["output"]) or {}).get("input") != record["input"]:
            self.add(_announcement(record), lasting=True)
        yield
        self.add(record if whole else {**_announcement(record), "stopped": _digest(record)})

    def add(self, record: Record, *, lasting: bool = False) -> None:
        """Append a record, also from several threads; ``lasting`` ones are on the disk when this returns.

        Raises PhotoError where it cannot be written.
        """
        text = json.dumps(record, sort_keys=True, ensure_ascii=True).encode()
        with self._lock:
            try:
                if self._descriptor is None or not self._writable:
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                self._append(self._descriptor, text + b" %08x\n" % zlib.crc32(text))
                if lasting:
                    sync(self._descriptor)
            except OSError as exc:
                raise unwritable(self._path, exc) from exc
            self._keep(record["input"], record["output"], text)

    def _keep(self, source: str, output: str, text: bytes) -> None:
        self._lines[output] = text
        outputs = self._announced.setdefault(source, [])
        if output not in outputs:
            outputs.append(output)

    def announced(self, photo: Path) -> list[Path]:
        """The outputs that were ever said to be of this photo."""
        with self._lock:
            self._refresh()
            return [self._path.parent / output for output in self._announced.get(str(photo.absolute()), ())]

    def _append(self, descriptor: int, line: bytes) -> None:
        """Write a line at the end, first ending one that was torn."""
        with _alone(descriptor, locked=self._locks):
            size = os.fstat(descriptor).st_size
            if size and _read_at(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            while line:
                line = line[os.write(descriptor, line) :]

    def _record(self, output: str) -> Record | None:
        """What is known of an output, by any run."""
        with self._lock:
            self._refresh()
            line = self._lines.get(output)
        return None if line is None else json.loads(line)

    def _refresh(self) -> None:
        """Read what was appended since, by this run and others."""
        if self._descriptor is None:
            return
        try:
            if os.fstat(self._descriptor).st_size < self._read:  # emptied by somebody
                self._read, self._rest = 0, b""
            while data := _read_at(self._descriptor, _READ, self._read):
                self._read += len(data)
                *lines, self._rest = (self._rest + data).split(b"\n")
                if len(self._rest) > _LONGEST_LINE:
                    self._rest = b"too long"  # no checksum fits what comes of it
                for line in lines:
                    if (found := _checked(line)) is not None:
                        self._keep(*found)
        except OSError as exc:
            raise PhotoError(f"{self._path}: cannot be read ({exc.strerror})", "check its permissions") from exc


@contextmanager
def _alone(descriptor: int, *, locked: bool) -> Iterator[None]:
    """Keep other runs from appending, where they can be kept."""
    if locked:
        with contextlib.suppress(locks.NoLocks):
            locks.take(descriptor, _APPENDING, wait=True)
    try:
        yield
    finally:
        if locked:
            locks.drop(descriptor, _APPENDING)


def _read_at(descriptor: int, count: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, start)
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, count)


def _announcement(record: Record) -> Record:
    """Whose picture it is, and no more."""
    return {name: record[name] for name in ("input", "output")}


def _digest(record: Record) -> str:
    """Of what a picture is made of; on which machine, and of a photo known by its SHA-256 where it lay, is left out."""
    free = {*COMPUTED, *(["input"] if "sha256" in record else [])}
    made_of = {name: value for name, value in record.items() if name not in free}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _byte_of(key: str) -> int:
    """The byte whose lock stands for an output."""
    digest = hashlib.sha256(key.encode(errors="surrogateescape")).digest()
    return _CLAIMS | int.from_bytes(digest[:7], "big")


def record_in(line: bytes) -> Record | None:
    """The record of a line; None where it was torn or changed."""
    found = _checked(line)
    return None if found is None else json.loads(found[2])


def _checked(line: bytes) -> tuple[str, str, bytes] | None:
    """The input, the output and the text of a whole line, else None."""
    text, _, checksum = line.rpartition(b" ")
    if len(line) > _LONGEST_LINE or checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    source, output = record.get("input"), record.get("output")
    return (source, output, text) if isinstance(source, str) and isinstance(output, str) else None
