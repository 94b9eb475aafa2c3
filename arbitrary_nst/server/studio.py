"""What a server holds: one session, its lanes of work, and what clients have brought and made."""

import threading
import traceback
from collections.abc import Callable
from typing import Any, Literal

from arbitrary_nst.engines import LoadsAhead
from arbitrary_nst.errors import EngineError, NSTError, internal
from arbitrary_nst.server.accounts import Accounts
from arbitrary_nst.server.fair import FairQueue, Full
from arbitrary_nst.server.gallery import Gallery
from arbitrary_nst.server.jobs import Board, Job
from arbitrary_nst.server.lanes import DrawingLane, SlowLane
from arbitrary_nst.server.photos import Photos
from arbitrary_nst.server.problems import SERVERS_OWN, Refused, for_owner, kind_of
from arbitrary_nst.server.settings import ServeOptions
from arbitrary_nst.server.uploads import Intake
from arbitrary_nst.session import Session

MOST_SLOW = 8  # refinements and lessons that may wait


class Studio:
    """One session at work for many clients. ``notify`` is told of our own faults, a line each."""

    def __init__(self, session: Session, options: ServeOptions, notify: Callable[[str], None]) -> None:
        self.session, self.options, self.notify = session, options, notify
        session.keeps_numbers = False  # nothing of what clients send is written to disk
        seconds = 60 * options.keep
        self.board, self.photos = Board(seconds, options.hold), Photos(session, seconds, options.hold)
        self.gallery = Gallery(session, options.state, notify)
        self.intake = Intake(options.max_body)
        self._drawing = DrawingLane(options.queue, session.threads, self._fail)
        self._slow = SlowLane(MOST_SLOW, self._fail)
        self.state: Literal["loading", "ready", "failed", "stopping"] = "loading"
        self.accounts = Accounts(self._counts)
        self.failure: NSTError | None = None
        self.loaded = threading.Event()

    def start(self) -> None:
        """Begin to load the model, and to work once that is done."""
        self._drawing.start(self._load)
        self._slow.start()

    def close(self) -> None:
        """End the threads as they come by."""
        self._drawing.close()
        self._slow.close()

    def check_ready(self) -> None:
        """Raise Refused while nothing can be drawn."""
        if self.state == "loading":
            raise Refused("loading", "the model is being loaded", "again in a moment", retry_after=2)
        if self.state == "stopping":
            raise Refused("stopping", "the server is stopping", "again once it is back", retry_after=10)
        if self.state == "failed" and self.failure is not None:
            raise Refused("model", self.failure.what, self.failure.hint)

    def submit(self, job: Job) -> Job:
        """Have a job done. Raises Refused where too much waits."""
        queue, work = self._queue(job), job.work
        job.on_settled = self._settled
        self.board.add(job)
        try:
            self.check_ready()
            queue.put(job.client, job)
        except Full as exc:
            self.board.forget(job)
            work.close()
            wait = min(60, 1 + len(queue) // 4)
            raise Refused("busy", f"{len(queue)} are waiting already", "again in a while", retry_after=wait) from exc
        except Refused:
            self.board.forget(job)
            work.close()
            raise
        return job

    def _settled(self, job: Job) -> None:
        self.board.put_away(job)
        for stage, seconds in (job.result.seconds if job.result else {}).items():
            self.accounts.stages.labels(stage).observe(seconds)

    def stop(self, job: Job) -> None:
        """End a job: one that waits at once, one that runs as soon as it can, with the best so far."""
        job.unwant()
        if not job.is_over and self._queue(job).remove(job):
            job.settle("stopped")

    def place(self, job: Job) -> int | None:
        """How many are before it, None for one that does not wait."""
        return self._queue(job).place(job)

    def stop_searches(self) -> None:
        """End what searches for better pictures, with the best so far."""
        for job in list(self.board.under_way.values()):
            if job.kind != "draw":
                self.stop(job)

    def _queue(self, job: Job) -> "FairQueue[Job]":
        return (self._drawing if job.kind == "draw" else self._slow).queue

    def _load(self) -> bool:
        """Load model and engine; whether that went well."""
        try:
            engine: Any = self.session.engine
            if isinstance(engine, LoadsAhead):
                engine.load_ahead()
        except Exception as exc:
            own = isinstance(exc, NSTError)
            self.failure = exc if isinstance(exc, NSTError) else EngineError(f"cannot be loaded ({exc})")
            if not own:
                self.trace(exc)
            self.state = "failed"
        else:
            if self.state == "loading":
                self.state = "ready"
        self.loaded.set()
        return self.state != "failed"

    def _fail(self, job: Job, exc: BaseException) -> None:
        kind = kind_of(exc)
        self.accounts.failures.labels(kind).inc()
        if kind == "internal":
            self.trace(exc)
        elif kind in SERVERS_OWN and isinstance(exc, NSTError):
            self.notify(for_owner(exc))
        job.fail(exc)

    def trace(self, exc: BaseException) -> None:
        """Tell of a fault of our own."""
        self.notify(internal(exc).what)
        for line in "".join(traceback.format_exception(exc)).splitlines():
            self.notify(f"| {line}")

    def _counts(self) -> dict[str, float]:
        """What there is at the moment, for who measures."""
        return {
            "queue": len(self._drawing.queue),
            "slow_queue": len(self._slow.queue),
            "under_way": len(self.board.under_way),
            "result_bytes": self.board.over.bytes,
            "photo_bytes": self.photos.shelf.bytes,
            "ready": self.state == "ready",
        }
