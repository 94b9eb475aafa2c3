"""Photos in turn, each from file to file; a fault in one does not stop the rest."""

import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arbitrary_nst import images, outputs
from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.styles import Style
from arbitrary_nst.stylizer import Stylizer

STREAM = Path("-")  # stdin as a photo, stdout as an output


@dataclass(frozen=True)
class Settings:
    """How results are written. ``output`` is a file, a folder, ``-`` for stdout, or None for beside the photo."""

    output: Path | None = None
    format: images.Format | Literal["auto"] = "auto"
    quality: int = 95
    metadata: Literal["keep", "strip"] = "keep"
    existing: outputs.Existing = "fail"
    max_size: int | None = None


@dataclass(frozen=True)
class Result:
    """What became of one photo.

    ``width`` and ``height`` are the written picture's, in px; ``seconds`` is from reading to written. ``error`` is
    the one line that says what went wrong, ``traceback`` where.
    """

    input: str
    output: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    model: str | None = None
    engine: str | None = None
    precision: str | None = None
    skipped: bool = False
    notes: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None


def stylize_files(stylizer: Stylizer, photos: Iterable[Path], style: Path, settings: Settings) -> Iterator[Result]:
    """Stylize each photo and write it, yielding a Result as each is done.

    A fault of one photo is in its Result. One of the style picture, the model or the options is raised, before the
    first photo is read.
    """
    photos = list(photos)
    folder = _output_folder(settings.output, len(photos))
    embedded = stylizer.style(style)
    taken = outputs.Taken()
    for photo in photos:
        began = time.monotonic()
        try:
            yield _stylize_file(stylizer, photo, embedded, settings, folder, taken)
        except OptionError:
            raise
        except (NSTError, MemoryError) as exc:
            reason = str(exc) or f"{photo}: not enough memory. Try: --max-size"
            yield Result(str(photo), seconds=time.monotonic() - began, error=reason, traceback=traceback.format_exc())


def _output_folder(output: Path | None, photos: int) -> Path | None:
    """The folder that ``output`` means, made if need be; None where it is one file, stdout or not given."""
    if output is None or output == STREAM or (photos == 1 and not output.is_dir()):
        if output == STREAM and photos > 1:
            raise OptionError("-o -: stdout takes one picture. Try: -o FOLDER for several photos")
        return None
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OptionError(f"{output}: not a folder for several photos ({exc.strerror}). Try: -o FOLDER") from exc
    return output


def _stylize_file(
    stylizer: Stylizer, source: Path, style: Style, settings: Settings, folder: Path | None, taken: outputs.Taken
) -> Result:
    began = time.monotonic()
    data = sys.stdin.buffer.read() if source == STREAM else outputs.read_photo_bytes(source)
    name = "stdin" if source == STREAM else str(source)
    photo = images.decode(data, name=name, max_pixels=stylizer.max_pixels)
    del data
    one_file = settings.output if folder is None and settings.output != STREAM else None
    format = outputs.choose_format(settings.format, photo.format, one_file)
    target = None
    if settings.output != STREAM:
        stem = Path("stdin") if source == STREAM else source
        path = one_file or taken.claim((folder or stem.parent) / outputs.default_name(stem, style.name, format))
        target = outputs.settle(path, settings.existing, None if source == STREAM else source)
        if target is None:
            return Result(str(source), output=str(path), skipped=True, notes=photo.notes)
    picture = stylizer.stylize_photo(photo, style, max_size=settings.max_size)
    encoded = images.encode(picture, format, quality=settings.quality, metadata=settings.metadata)
    if target is None:
        sys.stdout.buffer.write(encoded.data)
        sys.stdout.buffer.flush()
    else:
        outputs.write_atomically(target, encoded.data, overwrite=settings.existing == "overwrite")
    width, height = picture.size
    return Result(
        str(source),
        str(target or STREAM),
        width,
        height,
        time.monotonic() - began,
        stylizer.model.card.name,
        stylizer.engine.name,
        stylizer.engine.precision,
        notes=(*photo.notes, *encoded.notes),
    )
