"""What an output folder holds and what it was made of: lines of JSON in ``arbstyle.jsonl``."""

import json
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arbitrary_nst.errors import PhotoError

NAME = "arbstyle.jsonl"

Record = dict[str, Any]


class Manifest:
    """The records of an output folder, the last of each output counting.

    A picture has two: whose it is, before it is written, and all that it was made of, after. Each is a line that ends
    in a checksum of itself; one that was torn by a crash, or changed, does not count.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        try:
            data = self._path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            data = b""
        except OSError as exc:
            raise PhotoError(f"{self._path}: cannot be read ({exc.strerror})", "check its permissions") from exc
        for line in data.split(b"\n"):
            if (record := _checked(line)) is not None:
                self._records[record["output"]] = record
        self._torn = bool(data) and not data.endswith(b"\n")

    def holds(self, record: Record) -> bool:
        """Whether this very picture was made: all that ``record`` names is as it says.

        A photo known by its SHA-256 may have moved.
        """
        mine = self._records.get(record["output"], {})
        must_equal = record.keys() - {"input"} if "sha256" in record else record.keys()
        return all(mine.get(name) == record[name] for name in must_equal)

    def guards(self, output: Path, photo: Path) -> bool:
        """Whether a file is there that this photo's picture must not replace.

        That is the picture of another photo that is still there, and what was never announced.
        """
        if not os.path.lexists(output):
            return False
        record = self._records.get(str(output.relative_to(self._path.parent)))
        return record is None or (record["input"] != str(photo.absolute()) and os.path.lexists(record["input"]))

    @contextmanager
    def around(self, record: Record, *, whole: bool) -> Iterator[None]:
        """Note whose picture is written inside, so that a crash leaves none unknown; then, if it is ``whole``, all."""
        if self._records.get(record["output"], {}).get("input") != record["input"]:
            self.add({name: record[name] for name in ("input", "output")})
        yield
        if whole:
            self.add(record)

    def add(self, record: Record) -> None:
        """Append a record, also from several threads. Raises PhotoError where it cannot be written."""
        line = json.dumps(record, sort_keys=True, ensure_ascii=True).encode()
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    file.write(b"\n" * self._torn + line + b" %08x\n" % zlib.crc32(line))
            except OSError as exc:
                raise PhotoError(f"{self._path}: cannot be written ({exc.strerror})", "free some space") from exc
            self._torn = False
            self._records[record["output"]] = record


def _checked(line: bytes) -> Record | None:
    """The record of a whole line, else None."""
    text, _, checksum = line.rpartition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) and {"input", "output"} <= record.keys() else None
