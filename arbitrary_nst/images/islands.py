"""Edges too short to be a thing's: what of a photo's texture is straight for some pixels."""

import numpy as np

from arbitrary_nst.images.photo import Pixels

LONG = 10  # px of the small photo, down or across, that an edge measures at least; a lit window has as much
THERE = 0.2  # from which on there is an edge


def without_islands(edge: Pixels) -> Pixels:
    """How much of an edge there is (h, w), 0 where it is in a piece shorter than ``LONG``.

    A photo's detail added there would be an island of dots in the strokes.
    """
    from scipy.ndimage import find_objects, label

    pieces, _ = label(edge > THERE)
    long = [max(side.stop - side.start for side in place) >= LONG for place in find_objects(pieces)]
    kept: Pixels = edge * np.array([False, *long])[pieces]
    return kept
