"""What was given as photos, styles and output, and what was meant: told before anything is loaded."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import reading
from arbitrary_nst.files.find import Input, expand
from arbitrary_nst.files.manifest import NAME
from arbitrary_nst.files.naming import is_same_file
from arbitrary_nst.images import library
from arbitrary_nst.options import DrawOptions
from arbitrary_nst.styles import Style
from arbitrary_nst.styles.files import is_style_file

NAMED = re.compile(r"[A-Za-z0-9-]+")  # what a built-in style may be called


def style_pictures(given: Iterable[Path], beside: Sequence[Path] = ()) -> list[Path]:
    """The style pictures and ``.style`` files: of a folder each that lies in it, of a built-in style its picture.

    Raises PhotoError where one cannot be read or is damaged, and OptionError for a name that no style has.

    ``beside``: the photos of the same command line, where the rest of a name without quotes has ended up.
    """
    pictures = []
    for path in given:
        if address := _address(path):
            raise OptionError(f"{address}: is not fetched", f"curl -sO {address}, and {{style}} the file")
        if os.path.isdir(path):
            pictures += _pictures_in(path)
            continue
        if not os.path.lexists(path) and (whole := _unquoted(path, beside)):
            raise PhotoError(f"{path}: no such file", f'"{whole}", in quotes')
        pictures.append(_checked(by_name(path)))
    return pictures


def by_name(path: Path) -> Path:
    """A style's path as it is, or the picture of the built-in style of this name where no file has it.

    A name is of letters, digits and hyphens. Raises OptionError for one that no style has.
    """
    if not NAMED.fullmatch(str(path)) or os.path.lexists(path):
        return path
    try:
        return library.style_picture(path.name)
    except OptionError as exc:
        near = exc.hint if exc.hint and exc.hint.count(",") < 3 else "one of `arbstyle style list`"
        raise OptionError(f"{path}: no such file, and no built-in style", near) from exc


def _checked(path: Path) -> Path:
    """The path, of what can be read."""
    reading.open_photo(path).close()
    if is_style_file(path):
        Style.load(path)
    return path


def refuse_locked(folder: Path) -> None:
    """Raise OptionError for a folder that cannot be read; what is none is left to others."""
    if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
        raise OptionError(f"{folder}: cannot be read: not permitted", "a folder you can read")


def refuse_misread(photos: Sequence[Path]) -> None:
    """Raise OptionError for addresses among photos, parts of a name without quotes, and a folder that is locked.

    A photo that is locked fails alone; of a folder nobody would know how many did.
    """
    for number, path in enumerate(photos):
        refuse_locked(path)
        if address := _address(path):
            raise OptionError(f"{address}: is not fetched", f"curl -s {address} | arbstyle run - ...")
        if not os.path.lexists(path) and (whole := _unquoted(path, photos[number + 1 :])):
            raise OptionError(f"{path}: no such file", f'"{whole}", in quotes')


def refuse_in_place(photos: Iterable[Path | Input]) -> None:
    """Raise OptionError for what is no single file, and so cannot be replaced by its picture."""
    for each in photos:
        file = each.file if isinstance(each, Input) else each
        if file is None or os.path.isdir(file):
            what = each.path if isinstance(each, Input) else f"{each}: a folder"
            raise OptionError(f"{what}: cannot be replaced in place", "the photos themselves, or {output} a folder")


def refuse_unwritable(output: Path | None, photos: Iterable[Input]) -> None:
    """Raise PhotoError where no result could be written: to ``output``, or where it is None beside any photo."""
    places = [output] if output is not None else [each.path.parent for each in photos]
    folders = {
        next(folder for folder in (place.absolute(), *place.absolute().parents) if os.path.isdir(folder))
        for place in places
    }
    if folders and not any(os.access(folder, os.W_OK | os.X_OK) for folder in folders):
        raise PhotoError(f"{min(folders)}: cannot be written: not permitted", "{output} a folder you can write to")


def without_own(
    found: Sequence[Input], styles: Iterable[Path], note: Callable[[str], None], draw: DrawOptions = DrawOptions()
) -> list[Input]:
    """The photos without what a folder holds besides: style pictures, masks, and what was made of a photo there.

    Made is what a manifest lists, and ``photo__style.jpg`` beside a ``photo``. What was given by name stays.
    """
    own = Own(styles, draw)
    kept = [each for each in found if own.keeps(each)]
    own.tell(note)
    return kept


class Own:
    """Tells photos from what else their folders hold, one after the other, and counts what it leaves out."""

    def __init__(self, styles: Iterable[Path], draw: DrawOptions = DrawOptions()) -> None:
        regions = draw.regions or {}
        self._styles = [*styles, *regions.values()]
        self._masks = [*regions, *([draw.mask] if draw.mask else [])]
        self._left = {"a style picture": 0, "a mask": 0, "made by arbstyle": 0}
        self._stems: tuple[Path | None, set[str]] = None, set()  # of the last folder: photos come folder by folder
        self._listed: dict[Path, set[Path]] = {}

    def keeps(self, each: Input) -> bool:
        """Whether it is a photo to stylize."""
        what = self._what(each) if each.in_folder else None
        if what is not None:
            self._left[what] += 1
        return what is None

    def _what(self, each: Input) -> str | None:
        if any(is_same_file(each.path, style) for style in self._styles):
            return "a style picture"
        if any(is_same_file(each.path, mask) for mask in self._masks):
            return "a mask"
        return "made by arbstyle" if self._is_made(each) else None

    def _is_made(self, photo: Input) -> bool:
        """Whether a photo that was found in a folder is a result."""
        folder = photo.path.parent
        if folder != self._stems[0]:
            self._stems = folder, {Path(name).stem for name in os.listdir(folder)}
        if is_named_as_made(photo.path.name, self._stems[1]):
            return True
        above = [folder, *folder.parents][: 1 + len(photo.below.parts)]
        return any(photo.path in self._outputs(each) for each in above)

    def _outputs(self, folder: Path) -> set[Path]:
        if folder not in self._listed:
            self._listed[folder] = set(_outputs(folder))
        return self._listed[folder]

    def tell(self, note: Callable[[str], None]) -> None:
        """A line for each kind of what was left out."""
        for what, count in self._left.items():
            if count:
                files = "file" if count == 1 else "files"
                note(f"left out: {count} {files}, {what}; name one to stylize it all the same")


def is_named_as_made(name: str, stems: Collection[str]) -> bool:
    """Whether a file is called ``photo__style.jpg`` and lies beside a ``photo``; ``stems`` are its folder's."""
    original, mark, style = Path(name).stem.rpartition("__")
    return bool(mark and style) and original in stems


def _outputs(folder: Path) -> Iterable[Path]:
    """What a folder's manifest lists, by the lines that can be read."""
    try:
        lines = (folder / NAME).read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield folder / json.loads(line.rpartition(b" ")[0])["output"]
        except (ValueError, KeyError, TypeError):  # torn
            continue


def _pictures_in(folder: Path) -> list[Path]:
    kept = style_files_in(folder)
    found = [each.path for each in expand([folder], recursive=False, output=folder / NAME)]  # where no pictures lie
    found += [_checked(path) for path in kept]
    if not found:
        raise OptionError(f"{folder}: no picture lies in this folder", "{style} a picture")
    return found


def style_files_in(folder: Path) -> list[Path]:
    """The ``.style`` files of a folder, by name. Raises PhotoError where it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if is_style_file(path))
    except OSError as exc:
        raise reading.unreadable(folder, exc) from exc


def _address(path: Path) -> str | None:
    """The address that was given as a path, which has lost a slash."""
    text = path.as_posix()
    for scheme in ("http:/", "https:/", "ftp:/"):
        if text.lower().startswith(scheme):
            return scheme + "/" + text[len(scheme) :].lstrip("/")
    return None


def _unquoted(first: Path, words: Sequence[Path]) -> str | None:
    """The name of a file there is, which ``first`` begins and some of the ``words`` go on."""
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            whole = " ".join(map(str, (first, *words[start:end])))
            if os.path.exists(whole):
                return whole
    return None
