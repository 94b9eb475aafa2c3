"""A stream of photos from file to file: decoding and encoding beside the engine, and a fault stays with its photo."""

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from arbitrary_nst import images
from arbitrary_nst.drawing.ready import Ready, made_ready
from arbitrary_nst.drawing.strokes import drawn_size
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.jobs import Job, Output, Plans
from arbitrary_nst.files.making import Read, make, read
from arbitrary_nst.files.planner import Planner
from arbitrary_nst.files.results import Result, failed
from arbitrary_nst.files.scoring import scored
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven
from arbitrary_nst.hardware.memory import available_memory
from arbitrary_nst.images import Photo
from arbitrary_nst.session import Session

if TYPE_CHECKING:
    from arbitrary_nst.scores.score import Score

WORKERS = 2  # threads that decode, and as many that encode
AHEAD = 4  # photos decoded before the engine wants them, and as many whose pictures wait to be written
BYTES_PER_PIXEL = 15  # of a photo or a picture that waits: its floats, and what decoding or encoding takes besides


def stylize_many(
    session: Session,
    photos: Iterable[Input],
    styles: Sequence[StyleGiven],
    settings: Settings,
    stop: Callable[[], bool] = lambda: False,
    planner: Plans | None = None,
    memory: int | None = None,
) -> Iterator[Result]:
    """Stylize each photo in each style and write it, yielding a Result as each is done, in order.

    There is exactly one Result for each photo and style; those after ``limit``, the first failure with ``fail_fast``,
    or a stop have none. Whatever one photo raises is in its Result. A fault of a style picture, the model or the
    options is raised, the first two before any photo is read. When ``stop`` says so, no further picture is begun and
    those in flight are finished. Whoever no longer wants the rest may close the iterator: it leaves no threads.

    Where another run writes into the folder too, its photos are left to it, looked at last, and made if it failed.
    ``planner`` serves several calls, for a folder that is watched; else each opens the output folder anew. ``memory``:
    bytes of which photos and pictures that wait may take a quarter, None for all that is free.
    """
    photos = list(photos)
    held: contextlib.AbstractContextManager[Plans] = (
        contextlib.nullcontext(planner) if planner else contextlib.closing(Planner(session, photos, styles, settings))
    )
    with held as planner:
        before, is_over = planner.begun, False
        while photos and not is_over:
            left = None if settings.limit is None else settings.limit - (planner.begun - before)
            if left == 0:
                break
            for result in _Stream(session, planner, replace(settings, limit=left), stop, memory).run(photos):
                is_over |= result.error is not None and settings.fail_fast
                yield result
            photos = planner.postponed(stop)  # what another run was at


class Task(NamedTuple):
    """One picture to draw: a photo, being decoded, in one style. ``is_last``: no other style waits for the photo."""

    job: Job
    output: Output
    decoding: Future[Read]
    is_last: bool


class Made(NamedTuple):
    """A picture that waits to be written, whether it was finished, its photo's SHA-256, and the seconds it took."""

    picture: Photo
    whole: bool
    sha256: str
    seconds: float
    score: "Score | None"


class _Stream:
    """Photos wait ahead of the engine, its pictures behind; both count against the memory that may be spared."""

    def __init__(
        self, session: Session, planner: Plans, settings: Settings, stop: Callable[[], bool], memory: int | None
    ) -> None:
        self._session, self._planner, self._settings, self._stop = session, planner, settings, stop
        self._ahead: deque[Result | Task] = deque()
        self._behind: deque[tuple[int, Future[Result]]] = deque()
        self._pixels_ahead = self._pixels_behind = 0
        self._spare_pixels = spare_pixels(memory)
        self._begun = 0  # photos, those skipped not counted
        self._is_over = False  # a failure ended it
        self._together = 1  # photos that the engine is best given at once
        self._ready: dict[Future[Read], Future[Ready]] = {}  # photos made ready, or about to be
        self._drawn: dict[Path | None, Photo] = {}  # pictures drawn before their photo's turn, by where they go

    def run(self, photos: list[Input]) -> Iterator[Result]:
        """Read ahead, draw, write behind. The engine has one owner, whoever iterates."""
        waiting = iter(photos)
        self._decoders, self._encoders = (
            ThreadPoolExecutor(min(WORKERS, self._session.threads), name) for name in ("decode", "encode")
        )
        try:
            while True:
                self._read_ahead(waiting)
                if self._ahead and not self._is_ending():
                    self._take_next()
                    while self._behind and (self._is_crowded() or self._behind[0][1].done()):
                        yield self._hand_out()
                elif self._behind:  # it holds the memory that the next photo needs, or is all that is left
                    yield self._hand_out()
                else:
                    return
        finally:
            self._decoders.shutdown(cancel_futures=True)
            self._encoders.shutdown()

    def _is_ending(self) -> bool:
        return self._is_over or self._stop()

    def _read_ahead(self, waiting: Iterator[Input]) -> None:
        """Begin photos while there is room, and always where nothing else waits."""
        limit = self._settings.limit
        while self._has_room() and (limit is None or self._begun < limit) and not self._is_ending():
            if (given := next(waiting, None)) is None:
                return
            self._begin(self._planner.plan(given))

    def _has_room(self) -> bool:
        if not (self._ahead or self._behind):
            return True
        photos = max(AHEAD, 2 * self._together)
        is_spare = self._pixels_ahead + self._pixels_behind < self._spare_pixels
        return is_spare and len(self._ahead) < photos * len(self._planner.styles)

    def _begin(self, job: Job) -> None:
        """Have a photo decoded, if any style is to be drawn."""
        outputs = job.outputs
        if not outputs:
            self._ahead.extend(each for each in job.planned if isinstance(each, Result))
            return
        self._begun += 1
        self._pixels_ahead += job.pixels
        decoding = self._decoders.submit(read, job, self._session)
        for each in job.planned:
            task = each if isinstance(each, Result) else Task(job, each, decoding, each is outputs[-1])
            self._ahead.append(task)

    def _take_next(self) -> None:
        """Draw the next picture and have it written, or pass on what is known without."""
        entry = self._ahead.popleft()
        if isinstance(entry, Result):
            self._pass_on(entry)
            return
        source, style = entry.job.source, entry.output.style.name
        try:
            self._draw(entry)
        except OptionError:
            raise
        except Exception as exc:
            self._pass_on(failed(source, exc, style))
        finally:
            self._drawn.pop(entry.output.target, None)
            if entry.is_last:
                self._pixels_ahead -= entry.job.pixels
                self._ready.pop(entry.decoding, None)

    def _pass_on(self, result: Result) -> None:
        done: Future[Result] = Future()
        done.set_result(result)
        self._behind.append((0, done))

    def _is_crowded(self) -> bool:
        """Whether too much waits to be written."""
        return len(self._behind) > AHEAD * len(self._planner.styles) or self._pixels_behind > self._spare_pixels // 2

    def _hand_out(self) -> Result:
        """The oldest result, once it is there."""
        pixels, writing_it = self._behind.popleft()
        result = writing_it.result()
        self._pixels_behind -= pixels
        self._is_over |= result.error is not None and self._settings.fail_fast
        return result

    def _draw(self, task: Task) -> None:
        """Draw a picture, and hand it on to be written."""
        opened, output, began = task.decoding.result(), task.output, time.monotonic()
        self._draw_ahead(task, opened.photo)
        if output.target in self._drawn:
            picture, whole = self._drawn.pop(output.target), True
        else:
            ready = self._made_ready(task)
            picture, whole = make(opened.photo, output, self._session, self._settings, self._stop, ready)
        seconds = opened.seconds + time.monotonic() - began
        score, picture = scored(opened.photo, output.style, picture, self._session, self._settings)
        made = Made(picture, whole, opened.sha256, seconds, score)
        pixels = picture.size[0] * picture.size[1]
        self._pixels_behind += pixels
        self._behind.append((pixels, self._encoders.submit(self._write, task.job.source, output, made)))

    def _made_ready(self, task: Task) -> Ready | None:
        """A photo ready for the engine, while which draws it the next is made so; None for what is refined."""
        if self._settings.refinement is not None:
            return None
        ready = self._begin_ready(task.decoding)
        self._begin_following([task], 1)
        return ready.result()

    def _begin_following(self, tasks: list[Task], most: int) -> None:
        """Begin to make the next photos ready."""
        own = {each.decoding for each in tasks}
        following = dict.fromkeys(each.decoding for each in self._ahead if isinstance(each, Task))
        for decoding in itertools.islice((each for each in following if each not in own), most):
            self._begin_ready(decoding)

    def _begin_ready(self, decoding: Future[Read]) -> Future[Ready]:
        """Begin to make a photo ready, beside the engine: in its turn a processor would be idle for as long."""
        if decoding not in self._ready:
            # waits for no decoder in vain: they begin in turn, and one of them was given this photo before
            self._ready[decoding] = self._decoders.submit(lambda: made_ready(decoding.result().photo, self._settings))
        return self._ready[decoding]

    def _draw_ahead(self, task: Task, photo: Photo) -> None:
        """Draw a photo together with the next that are seen in its size, where the engine is best given several."""
        output, style, settings = task.output, task.output.style, self._settings
        if settings.refinement is not None or style.code is None or output.target in self._drawn:
            return
        sides = drawn_size(*photo.size, settings)
        self._together = self._session.engine.batch(*sides)
        if self._together < 2:
            return
        together = [task]
        for each in self._ahead:
            if len(together) == self._together:
                break
            if isinstance(each, Result) or each.output.style is not style or each.output.target in self._drawn:
                continue
            if not each.decoding.exception() and drawn_size(*each.decoding.result().photo.size, settings) == sides:
                together.append(each)
        if len(together) == 1:
            return
        ready = [self._begin_ready(each.decoding) for each in together]
        self._begin_following(together, self._together)
        try:
            pictures = self._session.draw([each.result() for each in ready], style.code, settings)
        except OptionError:
            raise
        except Exception:  # each by itself will tell which one it was
            return
        self._drawn |= {each.output.target: picture for each, picture in zip(together, pictures, strict=True)}

    def _write(self, source: Path, output: Output, made: Made) -> Result:
        """Encode and write a picture. Raises only where nobody takes it any more."""
        began, picture = time.monotonic(), made.picture
        try:
            encoded = images.encode(
                picture, output.format, quality=self._settings.quality, metadata=self._settings.metadata
            )
            if self._settings.sink is not None:
                self._settings.sink(encoded.data)
            else:
                self._planner.put(output, encoded.data, made.sha256, whole=made.whole)
        except Exception as exc:
            if isinstance(exc, BrokenPipeError) and self._settings.sink is not None:
                raise
            return failed(source, exc, output.style.name)
        width, height = picture.size
        result = Result(
            str(source),
            output.style.name,
            output.path,
            width,
            height,
            made.seconds + time.monotonic() - began,
            notes=(*picture.notes, *encoded.notes),
            score=made.score,
        )
        if output.style.code is None:
            return result
        model, engine = self._session.model.card.name, self._session.engine
        return replace(result, model=model, engine=engine.name, precision=engine.precision)


def spare_pixels(memory: int | None = None) -> int:
    """How many pixels, of photos and pictures, may wait for their turn: a quarter of ``memory``, or of what is free."""
    return int((memory or available_memory()) // 4 // BYTES_PER_PIXEL)
