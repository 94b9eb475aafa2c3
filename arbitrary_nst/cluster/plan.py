"""What is to be done for each photo, planned in one place: its pictures' names, and what is there already.

The rules are those of ``files.plan``, over listings in place of a held folder. Photos stream through; what stays are
the names that are taken.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from arbitrary_nst import images
from arbitrary_nst.cluster import parts
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.known import Known, Remembered
from arbitrary_nst.cluster.listing import Found
from arbitrary_nst.cluster.stores import Store
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import naming, reading, records
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.manifest import COMPUTED, Record
from arbitrary_nst.files.results import Result, failed
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.options import ModelOptions

LOOKERS = 64  # threads that look at headers, which a store gives after some 20 ms
LOOKED_AHEAD = 512
HEAD = 1 << 16  # bytes that tell what kind of file it is, mostly


class Made(NamedTuple):
    """A style in use, what a picture in it is made with, and what of that counts beside the digest."""

    style: StyleInUse
    record: Record
    digest: str
    counting: Mapping[str, Any]

    @classmethod
    def of(cls, style: StyleInUse, record: Record, asked: ModelOptions) -> "Made":
        """``asked``: what was asked for."""
        counting = records.counting(record, asked)
        computed = {name: counting[name] for name in COMPUTED if name in counting}
        return cls(style, record, parts.made_digest(record), computed)


class Plan:
    """Turns photos into rows for the workers, or into Results where nothing is to be done."""

    def __init__(
        self,
        styles: Sequence[Made],
        settings: Settings,
        destination: Destination,
        known: Known,
        stores: Mapping[str, Store],
    ) -> None:
        self._styles, self._settings, self._known, self._stores = styles, settings, known, stores
        self._destination = destination
        self._taken = naming.Taken()
        self._there: set[str] | None = None  # a store is listed once
        if destination.folder is None:
            self._there = set(destination.listed())

    def photos(self, found: Iterable[Found]) -> Iterator[list[parts.Row | Result]]:
        """For each photo its rows and Results, style by style, in order."""
        waiting = iter(found)
        with ThreadPoolExecutor(LOOKERS, "header") as lookers:
            while chunk := list(islice(waiting, LOOKED_AHEAD)):
                looked = lookers.map(self._look, chunk) if self._settings.format == "auto" else [None] * len(chunk)
                for each, own in zip(chunk, looked, strict=True):
                    yield self._plan(each, own)

    def _look(self, photo: Found) -> images.Format | Exception | None:
        """The format that a photo has, None where its header does not say, or why it cannot be read."""
        try:
            if not photo.root:
                with reading.open_photo(Path(photo.path)) as file:
                    return images.peek(file)[0]
            store = self._stores[photo.root]
            own, _ = images.peek(io.BytesIO(store.head(photo.path, HEAD)))
            if own is None and photo.size > HEAD:
                with store.open(photo.path) as file:
                    own, _ = images.peek(file)
            return own
        except Exception as exc:
            return exc

    def _plan(self, photo: Found, own: images.Format | Exception | None) -> list[parts.Row | Result]:
        names = [each.style.name for each in self._styles]
        if photo.size < 0 and not isinstance(own, Exception):
            own = self._why_not(photo)
        if isinstance(own, Exception):
            return [_failed(photo, own, name) for name in names]
        planned: list[parts.Row | Result] = []
        for number, name in enumerate(names):
            try:
                planned.append(self._plan_style(photo, number, own))
            except OptionError:
                raise
            except Exception as exc:
                planned.append(_failed(photo, exc, name))
        return planned

    def _why_not(self, photo: Found) -> Exception:
        """Why a photo is not to be had."""
        if not photo.root:
            try:
                reading.open_photo(Path(photo.path)).close()
            except PhotoError as exc:
                return exc
        return PhotoError(f"{photo.address}: no such file", "check the path")

    def _plan_style(self, photo: Found, number: int, own: images.Format | None) -> parts.Row | Result:
        made, source = self._styles[number], PurePosixPath(photo.path)
        format = naming.choose_format(self._settings.format, own or images.suffix_format(Path(source)) or "jpg", None)
        name = naming.default_name(Path(source.name), made.style.name, format)
        wanted = f"{photo.below}/{name}" if photo.below not in ("", ".") else name
        output = self._claim(wanted, photo)
        is_there, known_sha256 = self._is_there(output), None
        resumes = self._settings.existing == "skip"
        if resumes and is_there and (remembered := self._known.of(output)) is not None:
            is_same, known_sha256 = self._compare(photo, made, remembered)
            if is_same:
                return Result(photo.address, made.style.name, self._destination.name(output), skipped=True)
        target = self._settle(photo, output, is_there, go_on=resumes)
        return {
            "root": photo.root,
            "path": photo.path,
            "size": photo.size,
            "mtime_ns": photo.mtime_ns,
            "style": number,
            "format": format,
            "output": target,
            "overwrite": is_there,
            "known_sha256": known_sha256,
        }

    def _claim(self, wanted: str, photo: Found) -> str:
        """The name for a photo's picture, which no other of this run gets."""
        existing, address = self._settings.existing, photo.address
        announced: list[Path] = []
        if existing == "skip" and len(self._known):
            own = (Path(each) for each in self._known.outputs_of(address))
            announced = [each for each in own if naming.is_numbered(each, Path(wanted))]

        def is_refused(path: Path) -> bool:
            if existing not in ("rename", "skip") or not self._is_there(path.as_posix()):
                return False
            return existing == "rename" or self._guards(path.as_posix(), address)

        return self._taken.claim(Path(wanted), None, is_refused, announced).as_posix()

    def _guards(self, output: str, address: str) -> bool:
        """Whether a picture there is another photo's that is still there, or was never announced."""
        remembered = self._known.of(output)
        return remembered is None or (remembered.input != address and self._is_photo(remembered.input))

    def _is_photo(self, address: str) -> bool:
        for root, store in self._stores.items():
            if address.startswith(f"{root}/"):
                return store.entry(address[len(root) + 1 :]) is not None
        return os.path.lexists(address)

    def _is_there(self, output: str) -> bool:
        if self._there is not None:
            return output in self._there
        assert self._destination.folder is not None
        return os.path.lexists(self._destination.folder / output)

    def _compare(self, photo: Found, made: Made, remembered: Remembered) -> tuple[bool, str | None]:
        """Whether a picture was made as it would be now; else the SHA-256 of a photo for which it was."""
        if not _is_made_so(remembered, made):
            return False, None
        if self._settings.checksum:
            return False, remembered.sha256
        asked = (photo.address, photo.size, photo.mtime_ns)
        return asked == (remembered.input, remembered.size, remembered.mtime_ns), None

    def _settle(self, photo: Found, output: str, is_there: bool, *, go_on: bool) -> str:
        """The name to write to under the policy for what exists. Raises PhotoError."""
        folder = self._destination.folder
        if folder is not None:
            existing = "overwrite" if go_on else self._settings.existing
            source = Path(photo.path) if not photo.root else None
            settled = naming.settle(folder / output, existing, source)
            assert settled is not None
            return settled.relative_to(folder).as_posix()
        name = self._destination.name(output)
        if name == photo.address:
            raise PhotoError(f"{name}: is the photo itself", "another {output}")
        if is_there and not go_on and self._settings.existing == "fail":
            raise PhotoError(f"{name}: exists already", "{existing=skip}, overwrite or rename")
        return output


def _is_made_so(remembered: Remembered, made: Made) -> bool:
    if not remembered.is_whole or remembered.made != made.digest:
        return False
    return all(remembered.computed[name] == wanted for name, wanted in made.counting.items())


def _failed(photo: Found, exc: Exception, style: str) -> Result:
    """The failure of a photo under its address, whose slashes a path has lost."""
    return addressed(failed(Path(photo.path) if not photo.root else Path(photo.address), exc, style), photo.address)


def addressed(result: Result, address: str) -> Result:
    """A Result of a photo that was known by a path, with its address instead."""
    error = result.error
    if error is not None:
        what = error.what.replace(result.input, address)
        error = type(error)(what, error.hint)
    return replace(result, input=address, error=error)
