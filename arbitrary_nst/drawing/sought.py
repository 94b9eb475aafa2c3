"""What a refinement seeks where: pictures whose statistics count, by their shares, region by region."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arbitrary_nst.images import Photo
from arbitrary_nst.images.colours import recoloured
from arbitrary_nst.images.masks import Mask
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import DrawOptions

Shares = Sequence[tuple[Pixels, float]]


class Sought(NamedTuple):
    """The statistics sought in a region: those of pictures (h, w, 3), each times its share, added up.

    ``weights`` (H, W) in [0, 1] say where the region is; None is everywhere. Those of all regions add up to 1.
    """

    pictures: Shares
    weights: Pixels | None = None


def sought(photo: Photo, style: Shares, regions: Sequence[tuple[Mask, Shares]], options: DrawOptions) -> list[Sought]:
    """What is sought for a photo in a style, and in other styles where their masks are white, the last on top.

    With a strength other than 1 the photo itself is one of the pictures, as it is one of the styles in one pass.
    """
    found = [_for_photo(photo.pixels, shares, options) for shares in (style, *(shares for _, shares in regions))]
    if not regions:
        return [Sought(found[0])]
    covers = [np.ones(photo.pixels.shape[:2], np.float32)]
    for mask, _ in regions:
        here = mask.at(photo.size, options.feather)
        covers = [*(cover * (1 - here) for cover in covers), here]
    return [Sought(*each) for each in zip(found, covers, strict=True)]


def _for_photo(photo: Pixels, shares: Shares, options: DrawOptions) -> Shares:
    if options.colors == "match":
        shares = [(recoloured(picture, photo), share) for picture, share in shares]
    if options.strength != 1:
        shares = [(photo, 1 - options.strength), *((each, options.strength * share) for each, share in shares)]
    return shares
