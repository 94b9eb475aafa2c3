"""A job: what a client asked for, how far it is, and what came of it."""

import asyncio
import contextlib
import math
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from arbitrary_nst.server.problems import Refused, problem
from arbitrary_nst.server.shelf import Shelf

if TYPE_CHECKING:
    from arbitrary_nst.refinement.record import Step

Kind = Literal["draw", "refine", "learn"]
State = Literal["queued", "running", "done", "failed", "stopped"]

LONGEST_HISTORY = 600  # points of a curve; of more every second one goes
BASE_BYTES = 4096  # of a job without its result


@dataclass(frozen=True)
class Result:
    """A picture's file, kept to be fetched. ``seconds`` are those of each stage."""

    data: bytes
    media_type: str
    name: str
    size: tuple[int, int]
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


class Work(Protocol):
    """What a job does; ``work`` has the kinds of it."""

    @property
    def names(self) -> dict[Path, str]:
        """How the client calls files that are ours."""

    def close(self) -> None:
        """Let go of what it holds."""


class _Nothing:
    """What is left of work that is over: neither photo nor style stays in memory for it."""

    names: dict[Path, str] = {}  # noqa: RUF012

    def close(self) -> None:
        pass


@dataclass(eq=False)
class Job:
    """What a client asked for. Worker threads write into it and ``tell``; the event loop reads, waits and answers."""

    kind: Kind
    client: str
    work: Work
    is_kept: bool = True  # for a while once it is over
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))  # a name that nobody guesses
    created: float = field(default_factory=time.time)
    state: State = "queued"
    result: Result | None = None
    made: dict[str, Any] = field(default_factory=dict)  # what there is besides a picture, as a learnt style
    error: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    history: list[tuple[int, float]] = field(default_factory=list)
    preview: bytes | None = None
    previews: int = 0  # so many so far
    on_settled: "Callable[[Job], None]" = lambda job: None

    def __post_init__(self) -> None:
        """Belong to the running event loop."""
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        self._unwanted, self._every = threading.Event(), 1
        self.version, self.is_put_away = 0, False

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ("done", "failed", "stopped")

    @property
    def is_unwanted(self) -> bool:
        """Whether it is to end as soon as it can."""
        return self._unwanted.is_set()

    @property
    def size(self) -> int:
        """About how much it holds."""
        held = sum(len(each) for each in (self.preview or b"", self.result.data if self.result else b""))
        return BASE_BYTES + held

    def unwant(self) -> None:
        """Ask it to end."""
        self._unwanted.set()

    # --- from worker threads

    def run(self) -> None:
        """It begins."""
        self.state = "running"
        self._tell()

    def note(self, step: "Step") -> None:
        """A step of its search."""
        left = None if math.isinf(step.left) else round(step.left, 1)
        loss = {name: _finite(getattr(step, name)) for name in ("total", "content", "style", "tv")}
        self.progress = {"step": step.step, "last": step.last, "scale": step.scale, "seconds": round(step.seconds, 2),
                         "left": left, "loss": loss}  # fmt: skip
        if step.step % self._every == 0 and math.isfinite(step.total):
            self.history.append((step.step, step.total))
            if len(self.history) > LONGEST_HISTORY:
                self.history, self._every = self.history[::2], 2 * self._every
        self._tell()

    def show(self, picture: bytes) -> None:
        """What there is so far, small."""
        self.preview, self.previews = picture, self.previews + 1

    def settle(self, state: State, result: Result | None = None) -> None:
        """It is over."""
        self.result, self.state = result, state
        work, self.work = self.work, _Nothing()
        try:
            work.close()
        finally:  # or somebody waits for ever
            self._call(self._settled)

    def fail(self, exc: BaseException) -> None:
        """It is over, for that reason."""
        self.error = problem(exc, self.work.names)
        self.settle("failed")

    # --- in the event loop

    async def change(self, seen: int, seconds: float | None = None) -> bool:
        """Wait until there is another ``version`` than the one seen; whether there was within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while self.version == seen and not self.is_over:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def over(self) -> None:
        """Wait until it is over, and put away."""
        while not self.is_put_away:
            await self._changed.wait()

    def _tell(self) -> None:
        self._call(self._wake)

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(function)

    def _settled(self) -> None:
        self.is_put_away = True
        self.on_settled(self)
        self._wake()

    def _wake(self) -> None:
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Board:
    """Every job there is: those under way, and for a while those that are over."""

    def __init__(self, seconds: float, most: int) -> None:
        self.under_way = dict[str, Job]()
        self.over = Shelf[Job](seconds, most)

    def add(self, job: Job) -> None:
        """Keep a new job."""
        self.under_way[job.id] = job

    def get(self, name: str) -> Job:
        """The job. Raises Refused where it is not there any more, or never was."""
        job = self.under_way.get(name) or self.over.get(name)
        if job is None:
            raise Refused("unknown", "no such job, or its time is over", "the same request again")
        return job

    def left(self, job: Job) -> float | None:
        """Seconds that it is kept, None for one under way."""
        return self.over.left(job.id) if job.is_over else None

    def forget(self, job: Job) -> None:
        """Keep it no longer."""
        self.under_way.pop(job.id, None)
        self.over.pop(job.id)

    def put_away(self, job: Job) -> None:
        """Keep one that is over, for a while."""
        if self.under_way.pop(job.id, None) is not None and job.is_kept:
            self.over.put(job.id, job, job.size)
