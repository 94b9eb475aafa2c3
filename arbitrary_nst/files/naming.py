"""Where a result goes: its format and name, and what is there already."""

import itertools
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files.reading import kind
from arbitrary_nst.images.encode import SUFFIXES, suffix_format
from arbitrary_nst.options import Existing, Format

# Most file systems end a name at 255 bytes; the rest is room for what other programs append.
LONGEST_NAME = 229


def choose_format(wanted: Format | Literal["auto"], own: Format, output: Path | None) -> Format:
    """The format to write: as asked for, else by the output's suffix, else the photo's own.

    Raises OptionError where the suffix says something else than ``wanted``, or nothing that can be written.
    """
    by_suffix = suffix_format(output) if output is not None else None
    if wanted == "auto":
        if output is not None and output.suffix and by_suffix is None:
            what = f"{output}: cannot write {output.suffix}"  # it may be meant for a folder, like `holiday.2026`
            raise OptionError(what, f"{', '.join(SUFFIXES)}; or a folder that is there, by mkdir")
        return by_suffix or own
    if by_suffix not in (None, wanted):
        raise OptionError(f"{output}: its suffix is not {wanted}", "another suffix, or leave {format} out")
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


_NOBODY = object()


class Taken:
    """The outputs of this run, so that a.jpg and a.png, or A.jpg and a.jpg, do not end in one file."""

    def __init__(self) -> None:
        self._owners: dict[str, object] = {}
        self._given: dict[tuple[str, object], Path] = {}
        self._next: dict[str, int] = {}

    def claim(
        self,
        path: Path,
        owner: object = None,
        guarded: Callable[[Path], bool] = lambda path: False,
        announced: Iterable[Path] = (),
    ) -> Path:
        """``path``, or with ``_2``, ``_3``... where another photo of this run has it or it is ``guarded``.

        An ``owner`` that comes again gets what it had, if that is not guarded now; else one of those ``announced`` for
        it before this run. A name that was refused once is not tried for a later owner: n photos take n steps. Who is
        nobody never comes again.
        """
        if owner is None:
            return self._claim_for_nobody(path, guarded, announced)
        first = folded(path)
        had = [self._given[first, owner]] if (first, owner) in self._given else []
        for candidate in itertools.chain(had, announced, self._untried(path, first)):
            if self._owners.setdefault(folded(candidate), owner) != owner:
                continue
            self._given[first, owner] = candidate  # also if ``guarded`` raises: it is kept for when they come again
            if not guarded(candidate):
                return candidate
            del self._owners[folded(candidate)], self._given[first, owner]
        raise AssertionError("unreachable: numbering has no end")

    def _claim_for_nobody(self, path: Path, guarded: Callable[[Path], bool], announced: Iterable[Path]) -> Path:
        """The same, with half the memory: of a million names that counts."""
        first = folded(path)
        for candidate in itertools.chain(announced, self._untried(path, first)):
            name = first if candidate is path else folded(candidate)
            if name not in self._owners and not guarded(candidate):
                self._owners[name] = _NOBODY
                return candidate
        raise AssertionError("unreachable: numbering has no end")

    def _untried(self, path: Path, first: str) -> Iterator[Path]:
        while True:
            number = self._next.get(first, 1)
            self._next[first] = number + 1
            yield numbered(path, number)


def numbered(path: Path, number: int) -> Path:
    """The path itself for 1, else with ``_2``, ``_3``..."""
    if number == 1:
        return path
    return path.with_name(f"{_shortened(path.stem, LONGEST_NAME - 16)}_{number}{path.suffix}")


def is_numbered(path: Path, wanted: Path) -> bool:
    """Whether ``path`` is one of those that ``numbered`` makes of ``wanted``."""
    number = path.stem.rpartition("_")[2]
    of_digits = number.isascii() and number.isdecimal() and len(number) < 10
    return path == wanted or (of_digits and path == numbered(wanted, int(number)))


def folded(path: Path) -> str:
    """A key that is equal for names that some file system does not tell apart: A and a, two ways to write an accent."""
    return unicodedata.normalize("NFC", os.path.abspath(path)).casefold()


def settle(path: Path, existing: Existing, source: Path | None) -> Path | None:
    """The path to write to under the policy for what exists; None to skip.

    Raises PhotoError where something is in the way, and always where it is the photo itself.
    """
    if source is not None and is_same_file(path, source):
        raise PhotoError(f"{path}: is the photo itself", "another {output}")
    if os.path.exists(path) and not os.path.isfile(path):  # those of Path raise where a folder is closed
        raise PhotoError(f"{path}: is {kind(path)}", "the path of a file")
    if not os.path.lexists(path) or existing == "overwrite":
        return path
    if existing == "skip":
        return None
    if existing == "rename":
        return Taken().claim(path, guarded=os.path.lexists)
    raise PhotoError(f"{path}: exists already", "{existing=skip}, overwrite or rename")


def is_same_file(path: Path, other: Path) -> bool:
    """Whether both are there and one file."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def refuse_inputs(path: Path, given: Iterable[Path], option: str) -> None:
    """Raise OptionError where what is to be written is one of the pictures given."""
    if any(is_same_file(path, each) for each in given):
        raise OptionError(f"{path}: is one of the pictures given", f"another {option}")
