"""What an output folder holds and what it was made of: a line of JSON per picture, in ``arbstyle.jsonl``."""

import json
import threading
import zlib
from pathlib import Path
from typing import Any

from arbitrary_nst.errors import PhotoError

NAME = "arbstyle.jsonl"

Record = dict[str, Any]


class Manifest:
    """The records of an output folder, the last of each output counting.

    A line ends in a checksum of itself; one that was torn by a crash, or changed, does not count.
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
            raise PhotoError(f"{self._path}: cannot be read ({exc.strerror}). Try: check its permissions") from exc
        for line in data.split(b"\n"):
            if (record := _checked(line)) is not None:
                self._records[record["output"]] = record
        self._torn = bool(data) and not data.endswith(b"\n")

    def holds(self, record: Record) -> bool:
        """Whether this very picture was made: all that ``record`` names is as it says."""
        mine = self._records.get(record["output"], {})
        return all(mine.get(name) == value for name, value in record.items())

    def add(self, record: Record) -> None:
        """Append a record, also from several threads. Raises PhotoError where it cannot be written."""
        line = json.dumps(record, sort_keys=True, ensure_ascii=True).encode()
        with self._lock:
            try:
                with self._path.open("ab") as file:
                    file.write(b"\n" * self._torn + line + b" %08x\n" % zlib.crc32(line))
            except OSError as exc:
                raise PhotoError(f"{self._path}: cannot be written ({exc.strerror}). Try: free some space") from exc
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
    return record if isinstance(record, dict) and "output" in record else None
