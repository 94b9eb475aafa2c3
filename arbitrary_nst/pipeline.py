"""A stream of photos from file to file: decoding and encoding beside the engine, and a fault stays with its photo."""

import contextlib
import hashlib
import io
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import psutil

from arbitrary_nst import images, outputs
from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.inputs import STREAM, Input
from arbitrary_nst.manifest import Manifest, Record
from arbitrary_nst.refinement import Refinement, Step
from arbitrary_nst.styles import Style
from arbitrary_nst.stylizer import Stylizer

WORKERS = 2  # threads that decode, and as many that encode
AHEAD = 4  # photos decoded before the engine wants them, and pictures waiting to be written
BYTES_PER_PIXEL = 30  # of a photo that waits: its floats, and what decoding and encoding take besides


@dataclass(frozen=True)
class Settings:
    """How results are written. ``output`` is a file, a folder, ``-`` for stdout, or None for beside the photo.

    With ``existing`` ``skip`` a folder's manifest must say that the output was made of the same photo (by size and
    time, or by SHA-256 with ``checksum``), style, model and settings; anything else is made again. ``limit`` is how
    many photos to do, those skipped not counted; ``fail_fast`` ends the stream at the first that fails.
    ``refinement``: refine each picture so; ``on_step`` is told of each step with the name of the picture, see
    ``refinement.Step``, and ``stop`` then ends the one that is being refined too, which is written as far as it is.
    """

    output: Path | None = None
    format: images.Format | Literal["auto"] = "auto"
    quality: int = 95
    metadata: Literal["keep", "strip"] = "keep"
    existing: outputs.Existing = "fail"
    max_size: int | None = None
    checksum: bool = False
    limit: int | None = None
    fail_fast: bool = False
    refinement: Refinement | None = None
    on_step: Callable[[str, Step, Pixels], None] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Result:
    """What became of one photo in one style.

    ``width`` and ``height`` are the written picture's, in px; ``seconds`` is what decoding, drawing and writing took
    together. ``error`` is the one line that says what went wrong, ``traceback`` where.
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
    notes: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None


@dataclass(frozen=True)
class _Style:
    """A style in use: what the model knows of it, what VGG19 is to see of it, or both. ``sha256`` is of those."""

    name: str
    code: Style | None
    picture: Photo | None
    sha256: str


@dataclass(frozen=True)
class _Output:
    """Where one photo in one style goes; ``target`` None is stdout. ``record`` is what the manifest is to say."""

    style: _Style
    target: Path | None
    format: images.Format
    overwrite: bool
    record: Record | None


@dataclass(frozen=True)
class _Job:
    """A photo to do, in all styles that it lacks. ``data`` is what came from stdin."""

    source: Path
    outputs: list[_Output]
    pixels: int
    data: bytes | None


@dataclass(frozen=True)
class _Read:
    """A decoded photo, its SHA-256, and the seconds it took."""

    photo: Photo
    sha256: str
    seconds: float


def stylize_many(
    stylizer: Stylizer,
    photos: Iterable[Input],
    styles: Sequence[Style | Path],
    settings: Settings,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Result]:
    """Stylize each photo in each style and write it, yielding a Result as each is done, in order.

    A fault of one photo is in its Result. One of a style picture, the model or the options is raised, before the
    first photo is read. When ``stop`` says so, no further photo is begun and those in flight are finished.
    """
    photos = list(photos)
    stream = _Stream(stylizer, styles, settings, several=len(photos) > 1 or len(styles) > 1)
    yield from stream.run(photos, stop)


class _Stream:
    def __init__(
        self, stylizer: Stylizer, styles: Sequence[Style | Path], settings: Settings, *, several: bool
    ) -> None:
        self._stylizer, self._settings = stylizer, settings
        self._folder = _output_folder(settings.output, several)
        self._manifest = None if self._folder is None else Manifest(self._folder)
        self._styles = _named_apart([self._open_style(style) for style in styles])
        self._taken = outputs.Taken()
        self._spare_pixels = psutil.virtual_memory().available // 4 // BYTES_PER_PIXEL

    def _open_style(self, style: Style | Path) -> _Style:
        refinement = self._settings.refinement
        picture = None
        if refinement is not None:
            if isinstance(style, Style):
                raise OptionError(
                    f"style {style.name}: refinement has to see its picture. Try: the path of the picture"
                )
            picture = self._stylizer.read(style)
            if refinement.recipe.init != "stylized":  # the model has no part in it
                return _Style(style.stem, None, picture, hashlib.sha256(picture.pixels.tobytes()).hexdigest())
        code = style if isinstance(style, Style) else self._stylizer.style(style)
        return _Style(code.name, code, picture, hashlib.sha256(code.bottleneck.tobytes()).hexdigest())

    def run(self, photos: list[Input], stop: Callable[[], bool]) -> Iterator[Result]:
        """Read ahead, draw, write behind. The engine has one owner, whoever iterates."""
        decoders, encoders = ThreadPoolExecutor(WORKERS, "decode"), ThreadPoolExecutor(WORKERS, "encode")
        waiting = iter(photos)
        ahead: deque[Result | tuple[_Job, Future[_Read]]] = deque()
        behind: deque[tuple[int, Result | Future[Result]]] = deque()
        begun, held = 0, 0
        try:
            while True:
                more = not stop() and (self._settings.limit is None or begun < self._settings.limit)
                while more and len(ahead) < AHEAD and (held < self._spare_pixels or not (ahead or behind)):
                    if (given := next(waiting, None)) is None:
                        break
                    planned = list(self._plan(given))
                    for each in planned:
                        if isinstance(each, Result):
                            ahead.append(each)
                        else:
                            begun, held = begun + 1, held + each.pixels
                            ahead.append((each, decoders.submit(self._read, each)))
                    more = self._settings.limit is None or begun < self._settings.limit
                if not ahead or stop():
                    break
                entry = ahead.popleft()
                if isinstance(entry, Result):
                    behind.append((0, entry))
                else:
                    job, reading = entry
                    for number, result in enumerate(self._draw(job, reading, encoders, stop)):
                        behind.append((0 if number else job.pixels, result))
                while len(behind) > AHEAD * len(self._styles) or (behind and _is_done(behind[0][1])):
                    pixels, result = behind.popleft()
                    held -= pixels
                    done = result if isinstance(result, Result) else result.result()
                    yield done
                    if done.error is not None and self._settings.fail_fast:
                        return
            for _, result in behind:
                yield result if isinstance(result, Result) else result.result()
        finally:
            decoders.shutdown(wait=False, cancel_futures=True)
            encoders.shutdown(wait=True)

    def _plan(self, given: Input) -> Iterator[Result | _Job]:
        """What is to be done for a photo: its names, and what is there already, by its header alone."""
        source = given.path
        try:
            data = sys.stdin.buffer.read() if source == STREAM else None
            with outputs.open_photo(source) if data is None else io.BytesIO(data) as file:
                own, pixels = images.peek(file)
            own = own or images.suffix_format(source) or "jpg"
            todo = []
            for style in self._styles:
                planned = self._plan_output(given, style, own)
                if isinstance(planned, Result):
                    yield planned
                else:
                    todo.append(planned)
            if todo:
                yield _Job(source, todo, pixels, data)
        except OptionError:
            raise
        except (NSTError, OSError) as exc:
            yield _failed(source, exc)

    def _plan_output(self, given: Input, style: _Style, own: images.Format) -> Result | _Output:
        source, settings = given.path, self._settings
        one_file = settings.output if self._folder is None and settings.output != STREAM else None
        format = outputs.choose_format(settings.format, own, one_file)
        if settings.output == STREAM:
            return _Output(style, None, format, False, None)
        stem = Path("stdin") if source == STREAM else source
        folder = stem.parent if self._folder is None else self._folder / given.below
        wanted = one_file or folder / outputs.default_name(stem, style.name, format)
        path = wanted if one_file else self._taken.claim(wanted, fresh=settings.existing == "rename")
        record = self._record(source, style, path)
        existing = settings.existing
        if existing == "skip" and record is not None:  # the manifest knows better than the mere name
            if path.is_file() and self._manifest is not None and self._manifest.holds(record):
                return Result(str(source), style.name, str(path), skipped=True)
            existing = "overwrite"
        target = outputs.settle(path, existing, None if source == STREAM else source)
        if target is None:
            return Result(str(source), style.name, str(path), skipped=True)
        return _Output(style, target, format, existing == "overwrite", record)

    def _record(self, source: Path, style: _Style, output: Path) -> Record | None:
        """What must be equal for an output to be the one that would be made now."""
        if self._folder is None or source == STREAM:
            return None
        settings, engine = self._settings, self._stylizer.engine if style.code else None
        status = source.stat()
        same: Record = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        if settings.checksum:
            same = {"sha256": hashlib.sha256(outputs.read_photo_bytes(source)).hexdigest()}
        return {
            "input": str(source.absolute()),
            **same,
            "output": str(output.relative_to(self._folder)),
            "style": style.sha256,
            "model": style.code and style.code.model,
            "engine": engine and f"{engine.name} {engine.precision}",
            "settings": [settings.format, settings.quality, settings.metadata, settings.max_size],
            "refinement": None if settings.refinement is None else repr(settings.refinement),
        }

    def _read(self, job: _Job) -> _Read:
        began = time.monotonic()
        data = outputs.read_photo_bytes(job.source) if job.data is None else job.data
        name = "stdin" if job.source == STREAM else str(job.source)
        photo = images.decode(data, name=name, max_pixels=self._stylizer.max_pixels)
        return _Read(photo, hashlib.sha256(data).hexdigest(), time.monotonic() - began)

    def _draw(
        self, job: _Job, reading: Future[_Read], encoders: ThreadPoolExecutor, stop: Callable[[], bool]
    ) -> Iterator[Result | Future[Result]]:
        """Draw a photo in its styles, and hand each picture on to be written."""
        try:
            read = reading.result()
        except (NSTError, MemoryError) as exc:
            yield from (replace(_failed(job.source, exc), style=output.style.name) for output in job.outputs)
            return
        for output in job.outputs:
            began = time.monotonic()
            try:
                picture, whole = self._make(read.photo, output, stop)
            except OptionError:
                raise
            except (NSTError, MemoryError) as exc:
                yield replace(_failed(job.source, exc), style=output.style.name)
                continue
            seconds = read.seconds + time.monotonic() - began
            made = output if whole else replace(output, record=None)  # stopped midway: to be made again
            yield encoders.submit(self._write, job.source, made, picture, read.sha256, seconds)
            del picture

    def _make(self, photo: Photo, output: _Output, stop: Callable[[], bool]) -> tuple[Photo, bool]:
        """The picture, and whether it was finished."""
        settings, style = self._settings, output.style
        if settings.max_size is not None:
            photo = images.resize_longest(photo, settings.max_size)
        drawn = None if style.code is None else self._stylizer.stylize_photo(photo, style.code)
        if settings.refinement is None or style.picture is None:
            assert drawn is not None
            return drawn, True

        def on_step(step: Step, picture: Pixels) -> bool:
            if settings.on_step is not None:
                settings.on_step(str(output.target or STREAM), step, picture)
            return stop()

        start = None if drawn is None else drawn.pixels
        refiner = self._stylizer.refiner(settings.refinement)
        refined = refiner.refine(photo.pixels, style.picture.pixels, start, on_step)
        notes = (*photo.notes, *refined.notes)
        if refined.ended != "steps":
            notes += (f"{refined.ended}: the best of {len(refined.history) - 1} steps",)
        return replace(photo, pixels=refined.pixels, notes=notes), refined.ended != "stopped"

    def _write(self, source: Path, output: _Output, picture: Photo, sha256: str, seconds: float) -> Result:
        began = time.monotonic()
        try:
            encoded = images.encode(
                picture, output.format, quality=self._settings.quality, metadata=self._settings.metadata
            )
            if output.target is None:
                sys.stdout.buffer.write(encoded.data)
                sys.stdout.buffer.flush()
            else:
                output.target.parent.mkdir(parents=True, exist_ok=True)
                outputs.write_atomically(output.target, encoded.data, overwrite=output.overwrite)
                if self._manifest is not None and output.record is not None:
                    self._manifest.add({**output.record, "sha256": sha256})
        except (NSTError, MemoryError, OSError) as exc:
            if isinstance(exc, BrokenPipeError):
                raise
            return replace(_failed(source, exc), style=output.style.name)
        width, height = picture.size
        result = Result(
            str(source),
            output.style.name,
            str(output.target or STREAM),
            width,
            height,
            seconds + time.monotonic() - began,
            notes=(*picture.notes, *encoded.notes),
        )
        if output.style.code is None:
            return result
        model, engine = self._stylizer.model.card.name, self._stylizer.engine
        return replace(result, model=model, engine=engine.name, precision=engine.precision)


def _is_done(result: Result | Future[Result]) -> bool:
    return isinstance(result, Result) or result.done()


def _failed(source: Path, exc: BaseException) -> Result:
    reason = str(exc) or f"{source}: not enough memory. Try: --max-size"
    return Result(str(source), error=reason, traceback="".join(traceback.format_exception(exc)))


def _named_apart(styles: list[_Style]) -> list[_Style]:
    """Styles under names of their own: a second `wave` becomes `wave_2`."""
    taken = outputs.Taken()
    return [replace(style, name=taken.claim(Path(style.name)).name) for style in styles]


def _output_folder(output: Path | None, several: bool) -> Path | None:
    """The folder that ``output`` means, made if need be; None where it is one file, stdout or not given."""
    if output is None or output == STREAM or (not several and not output.is_dir()):
        if output == STREAM and several:
            raise OptionError("-o -: stdout takes one picture. Try: -o FOLDER for several photos")
        return None
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OptionError(f"{output}: not a folder for several photos ({exc.strerror}). Try: -o FOLDER") from exc
    with contextlib.suppress(OSError):
        outputs.remove_left_over(output)
    return output
