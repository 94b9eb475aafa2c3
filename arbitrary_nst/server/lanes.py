"""The threads that work: decoders, the engine's one owner, encoders; and one more for what takes minutes."""

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from arbitrary_nst.files.stream import AHEAD, WORKERS, spare_pixels
from arbitrary_nst.images import Photo
from arbitrary_nst.server.fair import FairQueue
from arbitrary_nst.server.jobs import Job, Result
from arbitrary_nst.server.work import Drawing, Minutes

LARGE = 16_000_000  # pixels: of photos with more one is decoded at a time

Failed = Callable[[Job, BaseException], None]


class Room:
    """So many pixels may be in memory at once; one photo always may."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._changed, self._turn = threading.Condition(), threading.Lock()

    def take(self, pixels: int) -> None:
        """Wait until there is room, and take it; who comes later waits behind, else a large one might for ever."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._most)
            self._taken += pixels

    def give(self, pixels: int) -> None:
        """Give it back."""
        with self._changed:
            self._taken -= pixels
            self._changed.notify_all()


class DrawingLane:
    """Decodes ahead of the engine, draws in one thread, encodes behind it."""

    def __init__(self, most: int, workers: int, failed: Failed) -> None:
        self.queue = FairQueue[Job](most)
        self._failed, self._workers = failed, max(1, min(WORKERS, workers))
        self._ready = queue.Queue[tuple[Job, Photo, int] | None](AHEAD)
        self._room, self._large = Room(spare_pixels()), threading.Lock()
        self._encoders = ThreadPoolExecutor(self._workers, "encode")
        self._threads = list[threading.Thread]()

    def start(self, load: Callable[[], bool]) -> None:
        """Begin. ``load`` is called in the engine's thread; where it returns false nothing is drawn."""

        def own_engine() -> None:
            if load():
                self._draw_all()

        self._threads = [threading.Thread(target=own_engine, name="engine", daemon=True)]
        for _ in range(self._workers):
            self._threads.append(threading.Thread(target=self._decode_all, name="decode", daemon=True))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Take no more, and end the threads as they come by."""
        self.queue.close()
        with contextlib.suppress(queue.Full):  # the engine is at work, and its thread goes with the process
            self._ready.put_nowait(None)
        self._encoders.shutdown(wait=False, cancel_futures=True)

    def _decode_all(self) -> None:
        while (job := self.queue.get()) is not None:
            if job.is_unwanted:
                job.settle("stopped")
            else:
                self._decode(job, cast(Drawing, job.work))
            del job  # and all that it holds, before the next is waited for

    def _decode(self, job: Job, work: Drawing) -> None:
        pixels = 0
        try:
            job.run()
            needed = work.asked.photo.cost(work.session, work.asked.draw.max_size)
            self._room.take(needed)
            pixels = needed
            with self._large if pixels > LARGE else contextlib.nullcontext():
                photo = work.read()
        except BaseException as exc:
            self._room.give(pixels)
            self._failed(job, exc)
        else:
            self._ready.put((job, photo, pixels))

    def _draw_all(self) -> None:
        while (ready := self._ready.get()) is not None:
            self._draw(*ready)
            del ready

    def _draw(self, job: Job, photo: Photo, pixels: int) -> None:
        try:
            if job.is_unwanted:
                self._room.give(pixels)
                job.settle("stopped")
            else:
                self._encoders.submit(self._encode, job, cast(Drawing, job.work).draw(photo), pixels)
        except BaseException as exc:
            self._room.give(pixels)
            self._failed(job, exc)

    def _encode(self, job: Job, picture: Photo, pixels: int) -> None:
        try:
            if job.is_unwanted:
                job.settle("stopped")
            else:
                job.settle("done", cast(Drawing, job.work).encode(picture))
        except BaseException as exc:
            self._failed(job, exc)
        finally:
            self._room.give(pixels)


class SlowLane:
    """One refinement or lesson at a time, beside the drawings."""

    def __init__(self, most: int, failed: Failed) -> None:
        self.queue = FairQueue[Job](most)
        self._failed = failed
        self._thread = threading.Thread(target=self._run_all, name="minutes", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Take no more."""
        self.queue.close()

    def _run_all(self) -> None:
        while (job := self.queue.get()) is not None:
            try:
                if job.is_unwanted:
                    job.settle("stopped")
                    continue
                job.run()
                result: Result | None = cast(Minutes, job.work).run(job)
                job.settle("stopped" if job.is_unwanted else "done", result)
            except BaseException as exc:
                self._failed(job, exc)
