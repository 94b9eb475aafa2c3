"""A style to draw in, and the folder that keeps those of clients from one start to the next."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.styles import Style

LONGEST_NAME = 60  # characters
OWN_ID = re.compile(r"own-[0-9a-f]{16}")
_PART = re.compile(r"\.?own-.*")
HALF_DONE_S = 600.0  # a part of a style that has waited so long for the rest was left by a server that was killed


@dataclass(frozen=True)
class StylePicture:
    """A style to draw in: its picture's file, and where it was learnt what was learnt."""

    name: str
    data: bytes
    id: str = ""
    learnt: Style | None = None
    created: float = 0.0
    is_bare: bool = False  # what there is of its picture is a thumbnail

    @cached_property
    def digest(self) -> str:
        """The picture's SHA-256."""
        return hashlib.sha256(self.data).hexdigest()


class StyleFolder:
    """A folder with own styles: ``own-ID.webp``, ``.style`` where it was learnt, and at last ``.json``."""

    def __init__(self, folder: Path) -> None:
        """Make it, and sweep out what a server that was killed has left half done. Raises OptionError."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as exc:
            raise OptionError(f"{folder}: cannot be used ({exc.strerror})", "another {state}") from exc

    def read(self, most: int, notify: Callable[[str], None]) -> Iterator[StylePicture]:
        """What is there; ``notify`` is told of what cannot be read."""
        for path in sorted(self._folder.glob("own-*.json"))[:most]:
            if not OWN_ID.fullmatch(path.stem):
                continue
            try:
                told, data = json.loads(path.read_bytes()), path.with_suffix(".webp").read_bytes()
                kept = path.with_suffix(".style")
                learnt = Style.load(kept) if os.path.isfile(kept) else None
                name, created = shown(str(told["name"])), float(told["created"])
                yield StylePicture(name, data, path.stem, learnt, created, bool(told.get("is_bare")))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, PhotoError) as exc:
                notify(f"{path}: left out ({exc})")

    def save(self, picture: StylePicture) -> None:
        """Keep one, whole or not at all. Raises OSError and PhotoError."""
        told = json.dumps({"name": picture.name, "created": picture.created, "is_bare": picture.is_bare})
        try:
            _write(self._folder / f"{picture.id}.webp", picture.data)
            if picture.learnt is not None:
                picture.learnt.save(self._folder / f"{picture.id}.style")
            _write(self._folder / f"{picture.id}.json", told.encode())  # last: with it the style is whole
        except BaseException:
            self.remove(picture.id)
            raise

    def remove(self, name: str) -> None:
        """Keep one no longer."""
        for suffix in ("json", "webp", "style"):
            with contextlib.suppress(OSError):
                (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _sweep(self) -> None:
        whole = {path.stem for path in self._folder.glob("own-*.json")}
        for path in self._folder.iterdir():
            if _PART.fullmatch(path.name) and path.stem not in whole:
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > HALF_DONE_S:
                        path.unlink()


def shown(name: str) -> str:
    """A name on one line."""
    return (
        " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:LONGEST_NAME] or "style"
    )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".own-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise
