"""A stream of photos from file to file: decoding and encoding beside the engine, and a fault stays with its photo."""

import contextlib
import hashlib
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from arbitrary_nst import images
from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.files import reading, writing
from arbitrary_nst.files.find import STREAM, Input
from arbitrary_nst.files.plan import Job, Output, Planner, Result, Settings, failed
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement.refiner import Step
from arbitrary_nst.styles import Style
from arbitrary_nst.stylizer import Stylizer

WORKERS = 2  # threads that decode, and as many that encode
AHEAD = 4  # photos decoded before the engine wants them, and pictures waiting to be written
BYTES_PER_PIXEL = 30  # of a photo that waits: its floats, and what decoding and encoding take besides


@dataclass(frozen=True)
class Read:
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
    planner = Planner(stylizer, photos, styles, settings)
    stream = _Stream(stylizer, planner, settings)
    yield from stream.run(photos, stop)


class _Stream:
    def __init__(self, stylizer: Stylizer, planner: Planner, settings: Settings) -> None:
        self._stylizer, self._planner, self._settings = stylizer, planner, settings
        self._together = 1  # photos that the engine is best given at once
        self._drawn: dict[Path | None, Photo] = {}  # pictures drawn before their photo's turn, by where they go
        self._spare_pixels = psutil.virtual_memory().available // 4 // BYTES_PER_PIXEL

    def run(self, photos: list[Input], stop: Callable[[], bool]) -> Iterator[Result]:
        """Read ahead, draw, write behind. The engine has one owner, whoever iterates."""
        if self._planner.folder is not None:
            _open_folder(self._planner.folder)
        decoders, encoders = ThreadPoolExecutor(WORKERS, "decode"), ThreadPoolExecutor(WORKERS, "encode")
        waiting = iter(photos)
        ahead: deque[Result | tuple[Job, Future[Read]]] = deque()
        behind: deque[tuple[int, Result | Future[Result]]] = deque()
        begun, held = 0, 0
        try:
            while True:
                more = not stop() and (self._settings.limit is None or begun < self._settings.limit)
                while (
                    more
                    and len(ahead) < max(AHEAD, 2 * self._together)
                    and (held < self._spare_pixels or not (ahead or behind))
                ):
                    if (given := next(waiting, None)) is None:
                        break
                    planned = list(self._planner.plan(given))
                    for each in planned:
                        if isinstance(each, Result):
                            ahead.append(each)
                        else:
                            begun, held = begun + 1, held + each.pixels
                            ahead.append((each, decoders.submit(read, each, self._stylizer)))
                    more = self._settings.limit is None or begun < self._settings.limit
                if not ahead or stop():
                    break
                entry = ahead.popleft()
                if isinstance(entry, Result):
                    behind.append((0, entry))
                else:
                    job, decoding = entry
                    upcoming = [each for each in ahead if not isinstance(each, Result)]
                    for number, result in enumerate(self._draw(job, decoding, upcoming, encoders, stop)):
                        behind.append((0 if number else job.pixels, result))
                while len(behind) > AHEAD * len(self._planner.styles) or (behind and _is_done(behind[0][1])):
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

    def _draw(
        self,
        job: Job,
        decoding: Future[Read],
        upcoming: list[tuple[Job, Future[Read]]],
        encoders: ThreadPoolExecutor,
        stop: Callable[[], bool],
    ) -> Iterator[Result | Future[Result]]:
        """Draw a photo in its styles, and hand each picture on to be written."""
        try:
            read_photo = decoding.result()
        except (NSTError, MemoryError) as exc:
            yield from (replace(failed(job.source, exc), style=output.style.name) for output in job.outputs)
            return
        for output in job.outputs:
            began = time.monotonic()
            try:
                self._draw_ahead(read_photo.photo, output, upcoming)
                if output.target in self._drawn:
                    picture, whole = self._drawn.pop(output.target), True
                else:
                    picture, whole = make(read_photo.photo, output, self._stylizer, self._settings, stop)
            except OptionError:
                raise
            except (NSTError, MemoryError) as exc:
                yield replace(failed(job.source, exc), style=output.style.name)
                continue
            seconds = read_photo.seconds + time.monotonic() - began
            yield encoders.submit(self._write, job.source, output, picture, whole, read_photo.sha256, seconds)
            del picture

    def _draw_ahead(self, photo: Photo, output: Output, upcoming: list[tuple[Job, Future[Read]]]) -> None:
        """Draw a photo together with the next ones of its size, where the engine is best given several."""
        style, settings = output.style, self._settings
        if settings.refinement is not None or style.code is None or output.target in self._drawn:
            return
        self._together = self._stylizer.engine.batch(*photo.pixels.shape[:2])
        photos = {output.target: photo}
        for job, decoding in upcoming:
            same = [each.target for each in job.outputs if each.style is style and each.target not in self._drawn]
            if len(photos) == self._together:
                break
            if same and not decoding.exception() and decoding.result().photo.size == photo.size:
                photos[same[0]] = decoding.result().photo
        if len(photos) > 1:
            pictures = self._stylizer.stylize_photos(
                list(photos.values()), style.code, max_size=settings.max_size, stylize_size=settings.stylize_size
            )
            self._drawn |= dict(zip(photos, pictures, strict=True))

    def _write(self, source: Path, output: Output, picture: Photo, whole: bool, sha256: str, seconds: float) -> Result:
        began = time.monotonic()
        try:
            encoded = images.encode(
                picture, output.format, quality=self._settings.quality, metadata=self._settings.metadata
            )
            if output.target is None:
                sys.stdout.buffer.write(encoded.data)
                sys.stdout.buffer.flush()
            else:
                writing.make_folder(output.target.parent)
                noted: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
                if self._planner.manifest is not None and output.record is not None:
                    # one that was stopped midway is to be made again
                    noted = self._planner.manifest.around({**output.record, "sha256": sha256}, whole=whole)
                with noted:
                    writing.write_atomically(output.target, encoded.data, overwrite=output.overwrite)
        except (NSTError, MemoryError, OSError) as exc:
            if isinstance(exc, BrokenPipeError):
                raise
            return replace(failed(source, exc), style=output.style.name)
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


def read(job: Job, stylizer: Stylizer) -> Read:
    """Decode a job's photo. Raises PhotoError."""
    began = time.monotonic()
    data = reading.read_photo_bytes(job.source, stylizer.max_pixels) if job.data is None else job.data
    name = "stdin" if job.source == STREAM else str(job.source)
    photo = images.decode(data, name=name, max_pixels=stylizer.max_pixels, accept_truncated=stylizer.accept_truncated)
    return Read(photo, hashlib.sha256(data).hexdigest(), time.monotonic() - began)


def make(
    photo: Photo, output: Output, stylizer: Stylizer, settings: Settings, stop: Callable[[], bool]
) -> tuple[Photo, bool]:
    """The picture, and whether it was finished."""
    style = output.style
    if settings.max_size is not None:
        photo = images.resize_longest(photo, settings.max_size)
    drawn = (
        None if style.code is None else stylizer.stylize_photo(photo, style.code, stylize_size=settings.stylize_size)
    )
    if settings.refinement is None or style.picture is None:
        assert drawn is not None
        return drawn, True

    def on_step(step: Step, picture: Pixels) -> bool:
        if settings.on_step is not None:
            settings.on_step(str(output.target or STREAM), step, picture)
        return stop()

    start = None if drawn is None else drawn.pixels
    refiner = stylizer.refiner(settings.refinement)
    refined = refiner.refine(photo.pixels, style.picture.pixels, start, on_step)
    notes = (*photo.notes, *refined.notes)
    if refined.ended != "steps":
        notes += (f"{refined.ended}: the best of {len(refined.history) - 1} steps",)
    return replace(photo, pixels=refined.pixels, notes=notes), refined.ended != "stopped"


def _is_done(result: Result | Future[Result]) -> bool:
    return isinstance(result, Result) or result.done()


def _open_folder(folder: Path) -> None:
    """Make the folder if need be, and remove what a killed run left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OptionError(
            f"{folder}: not a folder for several photos ({exc.strerror})", "{output} another folder"
        ) from exc
    with contextlib.suppress(OSError):
        writing.remove_left_over(folder)
