"""Whether what was sharp in the photo is sharp in the picture."""

import numpy as np

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.scores.levels import steepness

HARD = 0.01  # share of the photo's pixels that count as its hard edges
FAINT = 8.0  # levels per px; where even the steepest is less steep, the photo has no hard edges


def sharpness(photo: Pixels, picture: Pixels) -> float | None:
    """How steep the photo's hard edges are in the picture: its mean gradient there over the photo's own.

    Both (H, W, 3) in [0, 1], of one size. Hard are the steepest ``HARD`` of the photo's pixels. 1 is as steep, 0 is
    gone; colours that contrast more give more than 1. None where the photo has no hard edges.
    """
    if min(photo.shape[:2]) < 3:
        return None
    own = steepness(photo)
    limit = max(float(np.quantile(own, 1 - HARD)), FAINT)
    hard = own >= limit
    if not hard.any():
        return None
    return float(steepness(picture)[hard].mean(dtype=np.float64) / own[hard].mean(dtype=np.float64))
