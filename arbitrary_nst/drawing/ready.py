"""A photo made ready for the engine: all that comes before it and depends on no style."""

from typing import NamedTuple

from arbitrary_nst import images
from arbitrary_nst.drawing import strokes
from arbitrary_nst.images import Photo
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.images.smooth import with_grain
from arbitrary_nst.options import DrawOptions


class Ready(NamedTuple):
    """``photo`` at the size of its picture, ``seen``, the same at the size of its strokes, and that with grain."""

    photo: Photo
    seen: Photo
    grained: Pixels


def as_it_is(photo: Photo, options: DrawOptions) -> Ready:
    """A photo that is of its picture's size already, and hides nothing."""
    if options.strength == 0:  # no engine will see it
        return Ready(photo, photo, photo.pixels)
    seen = strokes.seen(photo, options.strokes)
    return Ready(photo, seen, with_grain(seen.pixels))


def sized(photo: Photo, options: DrawOptions) -> Photo:
    """A photo at its picture's size: hidden pixels filled first, as a reduced pixel is of several."""
    photo = images.filled(photo)
    return photo if options.max_size is None else images.resize_longest(photo, options.max_size)


def made_ready(photo: Photo, options: DrawOptions) -> Ready:
    """Any photo."""
    return as_it_is(sized(photo, options), options)
