"""A dry run: what would be done, and what it would take, by trying two photos."""

import contextlib
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arbitrary_nst import images
from arbitrary_nst.drawing.strokes import drawn_size
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.jobs import Job, Output
from arbitrary_nst.files.making import make, read
from arbitrary_nst.files.planner import Planner
from arbitrary_nst.files.results import Result, failed
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven
from arbitrary_nst.files.stream import AHEAD, BYTES_PER_PIXEL
from arbitrary_nst.hardware.memory import peak_memory
from arbitrary_nst.refinement.record import Step
from arbitrary_nst.session import Session

TRIAL_STEPS = 3  # of a refinement


@dataclass(frozen=True)
class Estimate:
    """What a run would take: seconds, and bytes of memory at the peak."""

    seconds: float
    memory: float


def rehearse(
    session: Session, photos: Iterable[Input], styles: Sequence[StyleGiven], settings: Settings
) -> tuple[list[Result], Estimate | None]:
    """What ``stylize_many`` would do, by the photos' headers, and an estimate by trying two of them; writes nothing.

    Tried are the first photo and the largest. The estimate is None where there is nothing to do, or neither works.
    """
    photos = list(photos)
    steps: list[Step] = []
    settings = replace(settings, on_step=lambda name, step, picture: steps.append(step), on_end=None)
    with contextlib.closing(Planner(session, photos, styles, settings, write=False)) as planner:
        planned = _plan(planner, photos, settings.limit)
    jobs = [each for each in planned if each.outputs]
    wrong = {job.source: fault for job in jobs if not job.pixels and (fault := _unreadable(job, session))}
    estimate = _try_out([job for job in jobs if job.source not in wrong], steps, session, settings, wrong)
    return [_foretold(job, each, wrong.get(job.source)) for job in planned for each in job.planned], estimate


def _plan(planner: Planner, photos: list[Input], limit: int | None) -> list[Job]:
    """The jobs of a run, which ends at its limit."""
    planned, begun = list[Job](), 0
    for given in photos:
        if begun == limit:
            break
        planned.append(planner.plan(given))
        begun += bool(planned[-1].outputs)
    return planned


def _foretold(job: Job, planned: Output | Result, fault: Exception | None) -> Result:
    """What a run would say of a picture."""
    if isinstance(planned, Result):
        return planned
    if fault is not None:
        return failed(job.source, fault, planned.style.name)
    return Result(str(job.source), planned.style.name, planned.path, planned=True)


def _unreadable(job: Job, session: Session) -> Exception | None:
    """What is wrong with a photo whose header says nothing."""
    try:
        read(job, session)
    except Exception as exc:
        return exc
    return None


def _try_out(
    jobs: list[Job], steps: list[Step], session: Session, settings: Settings, wrong: dict[Path, Exception]
) -> Estimate | None:
    """Do the first photo and the largest without writing them, a refinement for a few steps only.

    What fails is noted in ``wrong``.
    """
    seconds_around, seconds_drawing, pixels, drawn = 0.0, 0.0, 0, 0
    trial = sorted({id(job): job for job in (*jobs[:1], *sorted(jobs, key=lambda job: job.pixels)[-1:])}.values(),
                   key=lambda job: job.pixels)  # fmt: skip
    for warm in (False, True):  # what is compiled and read for the first time is not in the estimate
        for job in trial if warm else trial[:1]:
            began = time.monotonic()
            steps.clear()
            try:
                opened, output = read(job, session), job.outputs[0]
                before = time.monotonic()
                picture, _ = make(opened.photo, output, session, settings, lambda: len(steps) > TRIAL_STEPS)
                making = time.monotonic() - before
                images.encode(picture, output.format, quality=settings.quality)
            except OptionError:
                raise
            except Exception as exc:
                wrong[job.source] = exc
                continue
            if warm:
                seconds_around += time.monotonic() - began - making
                seconds_drawing += making + (steps[-1].left if steps else 0)
                pixels += job.pixels
                drawn += _drawn_pixels(job, settings)
    if not pixels:
        return None
    todo = sum(job.pixels * len(job.outputs) for job in jobs)
    to_draw = sum(_drawn_pixels(job, settings) * len(job.outputs) for job in jobs)
    seconds = seconds_around / pixels * todo + seconds_drawing / drawn * to_draw
    waiting = min(len(jobs), 2 * AHEAD) * todo / len(jobs) * BYTES_PER_PIXEL
    return Estimate(seconds, peak_memory() + waiting)


def _drawn_pixels(job: Job, settings: Settings) -> int:
    """How many of a photo the network sees, or a refinement works on."""
    return math.prod(drawn_size(*job.size, settings)) if job.pixels else 0
