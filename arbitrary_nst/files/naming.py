"""Where a result goes: its format and name, and what is there already."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files.reading import kind
from arbitrary_nst.images.encode import SUFFIXES, Format, suffix_format

Existing = Literal["fail", "skip", "overwrite", "rename"]

# Most file systems end a name here, in bytes; a temporary file's mark needs room as well.
LONGEST_NAME = 255 - len(".arbstyle-4194304-12345678")


def choose_format(wanted: Format | Literal["auto"], own: Format, output: Path | None) -> Format:
    """The format to write: as asked for, else by the output's suffix, else the photo's own.

    Raises OptionError where the suffix says something else than ``wanted``, or nothing that can be written.
    """
    by_suffix = suffix_format(output) if output is not None else None
    if wanted == "auto":
        if output is not None and output.suffix and by_suffix is None:
            raise OptionError(f"{output}: cannot write {output.suffix}", f"{', '.join(SUFFIXES)}")
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
        raise PhotoError(f"{path}: is the photo itself", "another {output}")
    if os.path.exists(path) and not os.path.isfile(path):  # those of Path raise where a folder is closed
        raise PhotoError(f"{path}: is {kind(path)}", "the path of a file")
    if not os.path.lexists(path) or existing == "overwrite":
        return path
    if existing == "skip":
        return None
    if existing == "rename":
        return Taken().claim(path, os.path.lexists)
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
