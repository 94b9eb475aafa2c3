"""What is to be done: how, with which styles, and for each photo where it goes and what is there already."""

import hashlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from arbitrary_nst import images, options
from arbitrary_nst.errors import EngineMemoryError, NSTError, OptionError, PhotoError
from arbitrary_nst.files import naming, reading
from arbitrary_nst.files.find import STREAM, Input
from arbitrary_nst.files.manifest import Manifest, Record
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import BatchOptions, DrawOptions, EncodeOptions, Options
from arbitrary_nst.refinement.refiner import Refinement, Step
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style


@dataclass(frozen=True)
class Settings(DrawOptions, EncodeOptions, BatchOptions):
    """How results are written. ``output`` is a file, a folder, ``-`` for stdout, or None for beside the photo.

    With ``existing`` ``skip`` a folder's manifest must say that the output was made of the same photo (by size and
    time, or by SHA-256 with ``checksum``), style, model and settings; anything else is made again. ``limit`` is how
    many photos to do, those skipped not counted; ``fail_fast`` ends the stream at the first that fails.
    ``refinement``: refine each picture so; ``on_step`` is told of each step with the name of the picture, see
    ``refinement.Step``, and ``stop`` then ends the one that is being refined too, which is written as far as it is;
    ``on_end`` is told when it is over. What these two raise is that photo's failure.
    """

    output: Path | None = None
    refinement: Refinement | None = None
    on_step: Callable[[str, Step, Pixels], None] | None = field(default=None, compare=False)
    on_end: Callable[[str], None] | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        output: Path | None,
        *groups: Options,
        refinement: Refinement | None = None,
        on_step: Callable[[str, Step, Pixels], None] | None = None,
        on_end: Callable[[str], None] | None = None,
    ) -> "Settings":
        """The settings that whole groups of options make; a group that is not given is as by default."""
        given = {name: value for group in groups for name, value in options.keywords(group).items()}
        return cls(output, refinement=refinement, on_step=on_step, on_end=on_end, **given)

    @property
    def key(self) -> dict[str, Any]:
        """What must be equal for a picture's file to be the one that would be made now, photo and style aside.

        All that differs from its default: an option that joins later leaves older records as they are.
        """
        own = options.taken_from(DrawOptions, self), options.taken_from(EncodeOptions, self)
        return {name: value for group in own for name, value in options.differing(group).items()}


@dataclass(frozen=True)
class Result:
    """What became of one photo in one style.

    ``width`` and ``height`` are the written picture's, in px; ``seconds`` is what decoding, drawing and writing took
    together; a dry run has ``planned`` instead. ``error`` says what went wrong, its
    class of what kind it is; ``traceback`` where.
    """

    input: str
    style: str | None = None
    output: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    model: str | None = None
    engine: str | None = None
    precision: str | None = None
    skipped: bool = False
    planned: bool = False
    notes: tuple[str, ...] = ()
    error: NSTError | None = None
    traceback: str | None = None


@dataclass(frozen=True)
class StyleInUse:
    """A style in use: what the model knows of it, what VGG19 is to see of it, or both. ``sha256`` is of those."""

    name: str
    code: Style | None
    picture: Photo | None
    sha256: str


@dataclass(frozen=True)
class Output:
    """Where one photo in one style goes; ``target`` None is stdout. ``record`` is what the manifest is to say."""

    style: StyleInUse
    target: Path | None
    format: images.Format
    overwrite: bool
    record: Record | None


@dataclass(frozen=True)
class Job:
    """What is to be done for a photo: in each style, in order, an Output, or the Result where there is one already.

    ``data`` is what came from stdin.
    """

    source: Path
    planned: Sequence[Output | Result]
    size: tuple[int, int] = (0, 0)  # width, height
    data: bytes | None = None

    @property
    def outputs(self) -> list[Output]:
        """What is to be made."""
        return [each for each in self.planned if isinstance(each, Output)]

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.size[0] * self.size[1]


class Planner:
    """Turns photos into jobs; it knows the styles, the output folder and what that holds, and writes nothing."""

    def __init__(
        self, session: Session, photos: Sequence[Input], styles: Sequence[Style | Path], settings: Settings
    ) -> None:
        self._session, self._settings = session, settings
        several = len(photos) > 1 or len(styles) > 1 or any(photo.in_folder for photo in photos)
        self.folder = _output_folder(settings.output, several)
        self.manifest = None if self.folder is None else Manifest(self.folder)
        self._refinement_key: dict[str, Any] | None = None
        self.styles = _named_apart([self._open_style(style) for style in styles])
        if settings.refinement is not None:
            session.vgg19(settings.refinement)  # a model that is missing is not the first photo's fault
            self._refinement_key = settings.refinement.key | {"precision": session.refining_precision}
        if any(style.code is not None for style in self.styles):
            _ = session.engine  # nor is an engine that cannot be loaded
        self._taken = naming.Taken()

    def _open_style(self, style: Style | Path) -> StyleInUse:
        refinement = self._settings.refinement
        if isinstance(style, Style):
            if refinement is not None:
                raise OptionError(f"style {style.name}: refinement has to see its picture", "the path of the picture")
            code, picture = style, None
        else:
            picture = reading.read_photo(style, self._session.options)
            if refinement is not None and refinement.recipe.init != "stylized":  # the model has no part in it
                return StyleInUse(style.stem, None, picture, hashlib.sha256(picture.pixels.tobytes()).hexdigest())
            code = self._session.embed(picture, self._settings, name=style.stem)
        seen = None if refinement is None else picture
        return StyleInUse(code.name, code, seen, hashlib.sha256(code.bottleneck.tobytes()).hexdigest())

    def plan(self, given: Input) -> Job:
        """What is to be done for a photo: its names, and what is there already, by its header alone."""
        source = given.path
        try:
            data = sys.stdin.buffer.read() if source == STREAM else None
            with reading.open_photo(source) if data is None else io.BytesIO(data) as file:
                own, size = images.peek(file)
        except OptionError:
            raise
        except Exception as exc:
            return Job(source, [failed(source, exc, style.name) for style in self.styles])
        own = own or images.suffix_format(source) or "jpg"
        return Job(source, [self._plan_style(given, style, own) for style in self.styles], size, data)

    def _plan_style(self, given: Input, style: StyleInUse, own: images.Format) -> Output | Result:
        """One style's part of a job; what is in its way is not in the way of the others."""
        try:
            return self._plan_output(given, style, own)
        except OptionError:
            raise
        except OSError as exc:  # it went away after it was opened
            return failed(given.path, reading.unreadable(given.path, exc), style.name)
        except Exception as exc:
            return failed(given.path, exc, style.name)

    def _plan_output(self, given: Input, style: StyleInUse, own: images.Format) -> Result | Output:
        source, settings = given.path, self._settings
        one_file = settings.output if self.folder is None and settings.output != STREAM else None
        format = naming.choose_format(settings.format, own, one_file)
        if settings.output == STREAM:
            return Output(style, None, format, False, None)
        stem = Path("stdin") if source == STREAM else source
        folder = stem.parent if self.folder is None else self.folder / given.below
        wanted = one_file or folder / naming.default_name(stem, style.name, format)
        path = wanted if one_file else self._taken.claim(wanted, lambda path: self._is_guarded(path, source))
        record = self._record(source, style, path)
        existing = settings.existing
        if existing == "skip" and record is not None:  # the manifest knows better than the mere name
            if path.is_file() and self.manifest is not None and self.manifest.holds(record):
                return Result(str(source), style.name, str(path), skipped=True)
            existing = "overwrite"
        target = naming.settle(path, existing, None if source == STREAM else source)
        if target is None:
            return Result(str(source), style.name, str(path), skipped=True)
        return Output(style, target, format, existing == "overwrite", record)

    def _is_guarded(self, path: Path, source: Path) -> bool:
        """Whether a file is there that a picture of this photo gets a name beside."""
        if self._settings.existing == "rename":
            return os.path.lexists(path)
        resumes = self._settings.existing == "skip" and source != STREAM
        return resumes and self.manifest is not None and self.manifest.guards(path, source)

    def _record(self, source: Path, style: StyleInUse, output: Path) -> Record | None:
        """What must be equal for an output to be the one that would be made now."""
        if self.folder is None or source == STREAM:
            return None
        settings, engine = self._settings, self._session.engine if style.code else None
        status = source.stat()
        same: Record = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        if settings.checksum:
            same = {
                "sha256": hashlib.sha256(reading.read_photo_bytes(source, self._session.options.max_pixels)).hexdigest()
            }
        return {
            "input": str(source.absolute()),
            **same,
            "output": str(output.relative_to(self.folder)),
            "style": style.sha256,
            "model": style.code and style.code.model,
            "engine": engine and f"{engine.name} {engine.precision}",
            "settings": settings.key,
            "refinement": self._refinement_key,
        }


def failed(source: Path, exc: BaseException, style: str | None = None) -> Result:
    """The result of a photo that an error ended, whatever it was."""
    match exc:
        case NSTError():
            kind, what, hint = type(exc), exc.what, exc.hint
        case MemoryError():
            kind, what, hint = EngineMemoryError, "not enough memory", "{max_size}"
        case OSError():
            kind, what, hint = PhotoError, f"{exc.strerror or exc}", "check the disk, the path and its permissions"
        case _:
            what = f"internal error: {type(exc).__name__}: {exc}"
            kind, hint = NSTError, "{verbose}, and report what it prints"
    error = kind(what if str(source) in what else f"{source}: {what}", hint)
    return Result(str(source), style, error=error, traceback="".join(traceback.format_exception(exc)))


def _named_apart(styles: list[StyleInUse]) -> list[StyleInUse]:
    """Styles under names of their own: a second `wave` becomes `wave_2`."""
    taken = naming.Taken()
    return [replace(style, name=taken.claim(Path(style.name)).name) for style in styles]


def _output_folder(output: Path | None, several: bool) -> Path | None:
    """The folder that ``output`` means; None where it is one file, stdout or not given.

    For one photo it is a file if it has a suffix, or is one already.
    """
    if output is None or output == STREAM:
        if output == STREAM and several:
            raise OptionError("-o -: stdout takes one picture", "{output} a folder for several photos")
        return None
    is_file = not os.path.isdir(output) and (output.suffix != "" or os.path.lexists(output))
    return None if is_file and not several else output
