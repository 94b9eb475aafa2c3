"""What is told of a refinement, and what it keeps, step by step."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from arbitrary_nst.images.photo import Pixels


@dataclass(frozen=True)
class Step:
    """One evaluation. ``step`` 0 is the start; ``scale`` the longest side in px; ``seconds`` since the beginning.

    The terms are weighted as they enter ``total``. ``last`` is the number of the last step, ``left`` an estimate of
    the seconds to it, infinite at the start; ``share`` of the way is done, by steps or by time, whichever ends first.
    """

    step: int
    scale: int
    seconds: float
    content: float
    style: float
    tv: float
    total: float
    last: int
    left: float
    share: float = 0.0


@dataclass(frozen=True)
class Refined:
    """The best picture, (H, W, 3) in [0, 1], how it came about, and a line each about what was not as asked."""

    pixels: Pixels
    history: list[Step]
    ended: Literal["steps", "time limit", "stopped"]
    notes: tuple[str, ...] = ()


OnStep = Callable[[Step, Callable[[], Pixels]], bool | None]


@dataclass
class Run:
    """What all scales share: the record, the clock, and the wish to stop."""

    on_step: OnStep | None
    work: Pixels  # cumulative, of each step, in pixels
    limit: float
    began: float = field(default_factory=lambda: time.monotonic())
    history: list[Step] = field(default_factory=list)
    ended: Literal["steps", "time limit", "stopped"] = "steps"
    notes: list[str] = field(default_factory=list)

    def note(self, scale: int, values: Pixels, picture: Callable[[], Pixels]) -> None:
        """Take down a step at this scale by its weighted terms, and tell ``on_step`` of it."""
        step, seconds, last = len(self.history), time.monotonic() - self.began, len(self.work) - 1
        content, style, tv = map(float, values)
        total = float(values.sum(dtype=np.float64))
        left, share = math.inf, 0.0
        if step:  # before that most of the time went into compiling
            done, whole = (float(self.work[end] - self.work[0]) for end in (min(step, last), -1))
            left = (seconds - self.history[0].seconds) * (whole - done) / done
            share = min(1.0, max(done / whole, seconds / self.limit))
        left = max(0.0, min(left, self.limit - seconds))
        self.history.append(Step(step, scale, seconds, content, style, tv, total, last, left, share))
        if self.on_step is not None and self.on_step(self.history[-1], picture):
            self.ended = "stopped"
