"""What becomes of a drawn picture: its colours, how much of it there is over the photo, and where."""

from dataclasses import replace

from arbitrary_nst.drawing import strength
from arbitrary_nst.images import Photo, masks
from arbitrary_nst.images.colours import with_chroma_of
from arbitrary_nst.images.plain import kept
from arbitrary_nst.options import DrawOptions


def finished(photo: Photo, drawn: Photo, options: DrawOptions, threads: int = 1) -> Photo:
    """The picture that comes of a photo and what was drawn of it, of the same size.

    At strength 0, and where the mask is black, it is the photo exactly. Raises PhotoError for a mask of another shape.
    """
    if options.strength == 0:
        return photo
    pixels = drawn.pixels
    if options.colors == "photo":
        pixels = with_chroma_of(photo.pixels, pixels, threads)
    if options.keep_plain:
        pixels = kept(photo.pixels, pixels, options.keep_plain)
    if (share := strength.share(options.strength)) < 1:
        pixels = photo.pixels + share * (pixels - photo.pixels)
    if options.mask is not None:
        weights = masks.read(options.mask).at(photo.size, options.feather)
        pixels = masks.composed(photo.pixels, pixels, weights)
    return drawn if pixels is drawn.pixels else replace(drawn, pixels=pixels)
