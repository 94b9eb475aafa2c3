"""What the measures share: grey levels, and means over small windows."""

import numpy as np

from arbitrary_nst.images.photo import Pixels

LEVELS = 255.0  # measures are told in levels of 8 bits, as people count them


def luminance(pixels: Pixels) -> Pixels:
    """(H, W, 3) in [0, 1] -> (H, W): the mean of the colours, in levels."""
    grey: Pixels = pixels.mean(axis=2, dtype=np.float32) * np.float32(LEVELS)
    return grey


def window_mean(values: Pixels, side: int) -> Pixels:
    """The mean over the ``side`` x ``side`` px around each place, edges repeated: (H, W) -> (H, W)."""
    from scipy.ndimage import uniform_filter

    mean: Pixels = uniform_filter(values, side, mode="nearest")
    return mean


def steepness(pixels: Pixels) -> Pixels:
    """Change per px at each inner pixel, (H, W, 3) -> (H - 2, W - 2), in levels: root of the sum of squares of central
    differences across and down, meaned over the colours."""
    total = np.zeros((pixels.shape[0] - 2, pixels.shape[1] - 2), np.float32)
    for channel in range(pixels.shape[2]):
        plane = pixels[..., channel]
        across, down = plane[1:-1, 2:] - plane[1:-1, :-2], plane[2:, 1:-1] - plane[:-2, 1:-1]
        total += across * across + down * down
    steep: Pixels = np.sqrt(total / pixels.shape[2]) * np.float32(LEVELS / 2)
    return steep
