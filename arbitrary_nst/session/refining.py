"""A photo refined: as large as its strokes are, then carried up to its own size."""

from collections.abc import Sequence
from dataclasses import replace

from arbitrary_nst import images
from arbitrary_nst.drawing import strokes
from arbitrary_nst.drawing.ready import as_it_is
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import DrawOptions
from arbitrary_nst.refinement.record import OnStep, Refined
from arbitrary_nst.refinement.settings import Refinement
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style


def refined(
    session: Session,
    photo: Photo,
    pictures: Sequence[tuple[Photo, float]],
    begin: Style | Pixels | None,
    options: DrawOptions,
    how: Refinement,
    on_step: OnStep | None,
) -> tuple[Photo, Refined]:
    """A photo of its picture's size, before it is ``finished``, and how its refinement went.

    ``pictures`` are its style's, each with its share. It begins with what is painted in a style, with a picture
    (H, W, 3), or, for None, as the recipe says. ``on_step`` is as for ``Refiner.refine``, and so is what is raised.
    """
    seen, start = strokes.seen(photo, options.strokes), None
    small = replace(options, strokes="fine", feather=options.feather * max(seen.size) / max(photo.size))
    if isinstance(begin, Style):
        start = session.paint([as_it_is(seen, small)], begin, small)[0].pixels
    elif begin is not None:
        start = images.resize(begin, seen.pixels.shape[:2])
    made = session.refiner(how).refine(seen.pixels, session.sought(seen, pictures, small), start, on_step)
    return strokes.completed(photo, seen, made.pixels, session.threads), made
