"""Strength: how far a picture goes from its photo to its style, and beyond."""

import numpy as np

from arbitrary_nst.images.photo import Pixels

# Below this pixels are blended too: mixing numbers alone leaves a picture some 25 levels from the photo at strength 0.
HAND_OVER = 0.25


def mixed(own: Pixels, style: Pixels, strength: float) -> Pixels:
    """Numbers from a photo's own (N, D) at strength 0 to a style's (D,) or (N, D) at 1, as far again beyond at 2."""
    numbers: Pixels = own + np.float32(strength) * (style - own)
    return numbers


def share(strength: float) -> float:
    """How much of the drawn picture's pixels there is over the photo's: 0 at strength 0, 1 from ``HAND_OVER`` on.

    A parabola: it arrives at 1 with no slope, so that the numbers take over without a bend.
    """
    left = max(0.0, 1 - strength / HAND_OVER)
    return 1 - left * left
