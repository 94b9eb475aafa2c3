"""Files that lie in memory, under paths of our own: what came over a wire, for options that name files by paths.

They are on no disk, so nothing is left of them whatever ends the process.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Held:
    """A file's bytes, and what was read of them, if it was."""

    data: bytes
    read: Any = None


_held = dict[Path, Held]()


def hold(data: bytes, name: str) -> Path:
    """A path that stands for these bytes until ``let_go``. Its last part is ``name``, the rest nobody guesses."""
    path = Path(f"in-memory-{secrets.token_hex(16)}") / name
    _held[path] = Held(data)
    return path


def file_of(path: Path) -> Held | None:
    """What such a path stands for, None for any other."""
    return _held.get(path)


def bytes_of(path: Path) -> bytes | None:
    """Its bytes, None for any other path."""
    file = _held.get(path)
    return None if file is None else file.data


def let_go(path: Path) -> None:
    """Forget it."""
    _held.pop(path, None)
