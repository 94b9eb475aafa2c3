"""One photo: read, and made into a picture."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from arbitrary_nst import images
from arbitrary_nst.files import reading
from arbitrary_nst.files.jobs import Job, Output
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.images.plain import kept
from arbitrary_nst.refinement.refiner import Step
from arbitrary_nst.session import Session


@dataclass(frozen=True)
class Read:
    """A decoded photo, its SHA-256, and the seconds it took."""

    photo: Photo
    sha256: str
    seconds: float


def read(job: Job, session: Session) -> Read:
    """Decode a job's photo. Raises PhotoError."""
    began = time.monotonic()
    data = reading.read_photo_bytes(job.source, session.options.max_pixels) if job.data is None else job.data
    photo = session.decode(data, name=str(job.source))
    return Read(photo, hashlib.sha256(data).hexdigest(), time.monotonic() - began)


def make(
    photo: Photo, output: Output, session: Session, settings: Settings, stop: Callable[[], bool]
) -> tuple[Photo, bool]:
    """The picture, and whether it was finished."""
    style, photo = output.style, images.filled(photo)
    if settings.max_size is not None:
        photo = images.resize_longest(photo, settings.max_size)
    drawn = None if style.code is None else session.draw([photo], style.code, settings)[0]
    if settings.refinement is None or style.picture is None:
        assert drawn is not None
        return drawn, True

    def on_step(step: Step, picture: Pixels) -> bool:
        if settings.on_step is not None:
            settings.on_step(output.path or style.name, step, picture)
        return stop()

    start = None if drawn is None else drawn.pixels
    refiner = session.refiner(settings.refinement)
    refined = refiner.refine(photo.pixels, style.picture.pixels, start, on_step)
    if settings.on_end is not None:
        settings.on_end(output.path or style.name)
    pixels, notes = refined.pixels, (*photo.notes, *refined.notes)
    if settings.keep_plain:
        pixels = kept(photo.pixels, pixels, settings.keep_plain)
    if refined.ended != "steps":
        notes += (f"{refined.ended}: the best of {len(refined.history) - 1} steps",)
    return replace(photo, pixels=pixels, notes=notes), refined.ended != "stopped"
