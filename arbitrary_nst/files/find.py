"""Which photos are meant: files, folders, patterns and lists, each photo once."""

import codecs
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.left_out import PHOTO_SUFFIXES, LeftOut
from arbitrary_nst.files.naming import is_same_file
from arbitrary_nst.images import kinds

Note = Callable[[str], None]
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")


class Input(NamedTuple):
    """A photo: its path; if it was found in a folder, and where below that it lies, which an output folder mirrors.

    With ``data``, its bytes, it is no file: the path only names it, and its pictures.
    """

    path: Path
    below: Path = Path()
    in_folder: bool = False
    data: bytes | None = None

    @property
    def file(self) -> Path | None:
        """The file that it is."""
        return self.path if self.data is None else None


def expand(
    given: Iterable[Path | Input],
    *,
    listed: Iterable[Path | Input] = (),
    recursive: bool = True,
    output: Path | None = None,
    note: Note = lambda line: None,
) -> list[Input]:
    """The photos of files, folders and patterns, in order; those of a folder by name, sub-folders after files.

    ``listed`` are more files and folders, and no patterns. An Input among them is taken as it is.

    A folder is searched for photos, by suffix or, where that says nothing, by content; below it too if ``recursive``.
    What lies in the folder ``output`` is left out, as are hidden files and the folders in which photo stores keep
    thumbnails. Links are followed; ``note`` is told of loops, of what is neither file nor folder, and in one line
    how many pictures were left out. A file given by name is taken as it is, also where it does not exist. Several
    folders are mirrored under their own names; one that lies in another is a part of that. Raises OptionError for a
    pattern that matches nothing and a folder that is its own output.
    """
    once: dict[str | Input, Input] = {}
    for each in search(given, listed=listed, recursive=recursive, output=output, note=note):
        once.setdefault(each if each.file is None else os.path.abspath(each.file), each)
    return list(once.values())


def search(
    given: Iterable[Path | Input],
    *,
    listed: Iterable[Path | Input] = (),
    recursive: bool = True,
    output: Path | None = None,
    note: Note = lambda line: None,
    several: bool = False,
) -> Iterator[Input]:
    """What ``expand`` finds, one by one and not held; what is meant twice comes twice.

    ``several``: a single folder is mirrored under its own name too, since others are elsewhere.
    """
    paths = [*(match for each in given for match in _matches(each)), *listed]
    # Path.is_dir raises for a name too long, or closed
    folders = [path for path in paths if isinstance(path, Path) and os.path.isdir(path)]
    roots = _roots(folders, output, recursive=recursive)
    several, to_walk = several or len(roots) > 1, set(roots)
    seen: set[tuple[int, int]] = set()
    left = LeftOut()
    for path in paths:
        if isinstance(path, Input) or path not in folders:
            yield path if isinstance(path, Input) else Input(path)
            continue
        if output is None:
            raise OptionError(f"{path}: a folder needs one for its results", "{output} FOLDER")
        if is_same_file(path, output):
            raise OptionError(f"{path}: is the output folder too", f"another {{output}}, or {path / 'styled'}")
        if path not in to_walk:
            continue
        to_walk.remove(path)
        root = Path(path.resolve().name) if several else Path()
        yield from _walk(path, root, recursive, output, seen, left, note)
    for line in left.lines():
        note(line)


def _roots(folders: Iterable[Path], output: Path | None, *, recursive: bool) -> list[Path]:
    """The folders to walk: each once, and none that the walk through another comes by."""
    by_place: dict[Path, Path] = {}
    for folder in folders:
        by_place.setdefault(folder.resolve(), folder)
    kept = None if output is None else output.resolve()

    def is_reached(place: Path, start: Path) -> bool:
        hidden = any(part.startswith(".") for part in place.relative_to(start).parts)
        left_out = kept is not None and place.is_relative_to(kept) and not start.is_relative_to(kept)
        return not (hidden or left_out)

    return [
        folder
        for place, folder in by_place.items()
        if not (recursive and any(start in by_place and is_reached(place, start) for start in place.parents))
    ]


def read_list(data: bytes) -> list[Path]:
    """The paths that ``names_in`` a list are."""
    return [Path(name) for name in names_in(data)]


def names_in(data: bytes) -> Iterator[str]:
    """Names separated by NUL bytes, or one per line where there are none; lines may end as Windows ends them.

    Raises OptionError for what is a picture itself.
    """
    if kinds.kind_of(data[: kinds.HEAD]) and _CONTROL.search(data, 0, kinds.HEAD):  # BMW.jpg begins like a .bmp
        raise OptionError("the list: is a picture, and no list of photos", "arbstyle run PHOTO, without {from_file}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes them
        data = data.decode("utf-16", "surrogatepass").encode("utf-8", "surrogatepass")
    of_lines = b"\0" not in data
    start = len(codecs.BOM_UTF8) if of_lines and data.startswith(codecs.BOM_UTF8) else 0
    while start < len(data):
        end = data.find(b"\n" if of_lines else b"\0", start)
        end = len(data) if end < 0 else end
        name = data[start:end].removesuffix(b"\r") if of_lines else data[start:end]
        if name.strip():
            yield os.fsdecode(name)
        start = end + 1


def arrived(path: Path, folder: Path, *, recursive: bool, output: Path) -> list[Input]:
    """The photos at a path below a folder, as ``expand`` of that folder would tell them."""
    relative, kept = path.relative_to(folder), output.resolve()
    left = LeftOut()
    is_hidden = any(part.startswith(".") or left.is_store_folder(part) for part in relative.parts)
    if is_hidden or path == folder or path.resolve().is_relative_to(kept):
        return []
    if os.path.isdir(path):
        return list(_walk(path, relative, True, output, set(), left, lambda line: None)) if recursive else []
    is_below = len(relative.parts) > 1
    if os.path.isfile(path) and (recursive or not is_below) and left.takes(path):
        return [Input(path, relative.parent, in_folder=True)]
    return []


def _matches(given: Path | Input) -> Sequence[Path | Input]:
    """What is given, or what it matches where it is a pattern that the shell left alone."""
    if isinstance(given, Input) or os.path.lexists(given):
        return [given]
    import glob  # not at every start

    if not glob.has_magic(text := str(given)):
        return [given]
    matches = sorted(glob.glob(text, recursive=True))
    if not matches:
        raise OptionError(f"{text}: matches nothing", "check the pattern")
    return [Path(match) for match in matches]


def _walk(
    folder: Path,
    below: Path,
    recursive: bool,
    output: Path,
    seen: set[tuple[int, int]],
    left: LeftOut,
    note: Note,
) -> Iterator[Input]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            note(f"{folder}: skipped, links lead here a second time")
            return
        seen.add((status.st_dev, status.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        note(f"{folder}: skipped, cannot be read ({exc.strerror})")
        return
    folders = []
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            left.is_store_folder(entry.name)
            continue
        try:
            kind = path.stat().st_mode
        except FileNotFoundError:
            note(f"{path}: skipped, a link to nothing")
            continue
        except OSError as exc:
            note(f"{path}: skipped, cannot be read ({exc.strerror})")
            continue
        if stat.S_ISDIR(kind):
            if not left.is_store_folder(entry.name):
                folders.append(path)
        elif not stat.S_ISREG(kind):
            if path.suffix.lower() in PHOTO_SUFFIXES:
                note(f"{path}: skipped, a pipe or device")
        elif left.takes(path):
            yield Input(path, below, in_folder=True)
    for path in folders if recursive else ():
        if not is_same_file(path, output):
            yield from _walk(path, below / path.name, recursive, output, seen, left, note)
