"""One photo: read, and made into a picture."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from arbitrary_nst.drawing.finishing import finished
from arbitrary_nst.drawing.ready import Ready, sized
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files import reading
from arbitrary_nst.files.jobs import Job, Output
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.session import Session

if TYPE_CHECKING:
    from arbitrary_nst.refinement.record import Step


class Read(NamedTuple):
    """A decoded photo, its SHA-256, and the seconds it took."""

    photo: Photo
    sha256: str
    seconds: float


def read(job: Job, session: Session) -> Read:
    """Decode a job's photo. Raises PhotoError."""
    began = time.monotonic()
    data = reading.read_photo_bytes(job.source, session.options.max_pixels) if job.data is None else job.data
    photo = session.decode(data, name=str(job.source))
    return Read(photo, reading.sha256_of(data), time.monotonic() - began)


def make(
    photo: Photo,
    output: Output,
    session: Session,
    settings: Settings,
    stop: Callable[[], bool],
    ready: Ready | None = None,
) -> tuple[Photo, bool]:
    """The picture, and whether it was finished; ``ready`` is the photo made so, where it was before."""
    style, how = output.style, settings.refinement
    if how is None or not style.pictures:
        assert style.code is not None
        return session.draw([ready or photo], style.code, settings)[0], True
    photo = sized(photo, settings)
    if settings.strength == 0:
        return photo, True

    def on_step(step: "Step", picture: "Pixels | Callable[[], Pixels]") -> bool:
        if settings.on_step is not None:
            settings.on_step(output.path or style.name, step, picture)
        return stop()

    from arbitrary_nst.session.refining import refined

    begun = output.target if output.goes_on else how.start
    begin = style.code if begun is None else _begun(begun, photo, session)
    how = how.going_on if output.goes_on else how
    picture, told = refined(session, photo, style.pictures, begin, settings, how, on_step)
    if settings.on_end is not None:
        settings.on_end(output.path or style.name)
    notes = (*photo.notes, *told.notes)
    if told.ended != "steps":
        notes += (f"{told.ended}: the best of {len(told.history) - 1} steps",)
    whole = finished(photo, replace(picture, notes=notes), settings, session.threads)
    return whole, told.ended != "stopped"


def _begun(path: Path, photo: Photo, session: Session) -> Pixels:
    """A picture of the photo to go on from. Raises PhotoError where it is not of its size."""
    picture = session.decode(reading.read_photo_bytes(path, session.options.max_pixels), name=str(path))
    if picture.size != photo.size:
        (width, height), (own_width, own_height) = photo.size, picture.size
        what = f"{path}: {own_width}x{own_height}, the photo is {width}x{height}"
        raise PhotoError(what, "a picture of this very photo, or another {init}")
    return picture.pixels
