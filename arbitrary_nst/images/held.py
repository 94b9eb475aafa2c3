"""Files that lie in memory, under paths of our own: what came over a wire, for options that name files by paths.

They are on no disk, so nothing is left of them whatever ends the process.
"""

import secrets
from pathlib import Path

_held = dict[Path, bytes]()


def hold(data: bytes, name: str) -> Path:
    """A path that stands for these bytes until ``let_go``. Its last part is ``name``, the rest nobody guesses."""
    path = Path(f"in-memory-{secrets.token_hex(16)}") / name
    _held[path] = data
    return path


def bytes_of(path: Path) -> bytes | None:
    """What such a path stands for, None for any other."""
    return _held.get(path)


def let_go(path: Path) -> None:
    """Forget it."""
    _held.pop(path, None)
