"""Slanted strokes 2 to 4 px wide are steps of a network's pixels; enlarged they would be strings of beads."""

import numpy as np

from arbitrary_nst.images.photo import GREY, Pixels

WIDE = 1.8  # px: standard deviation of the window in which a stroke's way is told
ROUND, STRAIGHT = 0.35, 0.65  # as on_edges of upscale: up to the first nothing has a way, from the second on it has
WINDOW = 9  # px in which it is told whether the photo is calm
CALM, TEXTURED = 0.02, 0.05  # standard deviation of its luminance
# Along a stroke, with their weights: what repeats every 2 or 4 px goes.
STEPS = (-2, 1 / 8), (-1, 1 / 4), (1, 1 / 4), (2, 1 / 8)
SHARE = 0.65  # of that smoothing: with all of it what is woven of fine lines is lost on a screen


def without_beads(small: Pixels, drawn: Pixels) -> Pixels:
    """``drawn`` of ``small``, both (h, w, 3) in [0, 1], its strokes smoothed along their way where the photo is calm.

    Across it they stay as hard as they are. In a photo's texture no beads are seen, and fine strokes are left alone.
    Where there is nothing to smooth ``drawn`` itself comes back.
    """
    from scipy.ndimage import gaussian_filter

    padded = np.pad(drawn @ GREY, 1, mode="edge")
    down, across = padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]
    dd, da, aa = (gaussian_filter(each, WIDE, truncate=2) for each in (down * down, down * across, across * across))
    straight = np.sqrt(np.square(dd - aa) + 4 * da * da) / (dd + aa + np.float32(1e-5))
    weights = SHARE * np.clip((straight - ROUND) / (STRAIGHT - ROUND), 0, 1) * _calm(small @ GREY)
    rows, columns = np.nonzero(weights)
    if not rows.size:
        return drawn
    way = 0.5 * np.arctan2(2 * da, aa - dd)[rows, columns] + np.pi / 2  # of a stroke: a right angle from its gradient
    ways = np.stack([np.sin(way), np.cos(way)])
    ways /= np.abs(ways).max(axis=0)  # each step is to another row or another column
    last = np.array(drawn.shape[:2])[:, np.newaxis] - 1
    smoothed = 0.25 * drawn[rows, columns]
    for step, weight in STEPS:
        there = np.clip(np.stack([rows, columns]) + np.rint(step * ways).astype(np.int64), 0, last)
        smoothed += np.float32(weight) * drawn[there[0], there[1]]
    result = drawn.copy()
    share = weights[rows, columns, np.newaxis].astype(np.float32)
    result[rows, columns] += share * (smoothed - drawn[rows, columns])
    return result


def _calm(light: Pixels) -> Pixels:
    """1 where a luminance (h, w) is calm, 0 where it is textured or has an edge."""
    from scipy.ndimage import uniform_filter

    mean = uniform_filter(light, WINDOW)
    spread = np.sqrt(np.maximum(uniform_filter(light * light, WINDOW) - mean * mean, 0))
    calm: Pixels = np.clip((TEXTURED - spread) / (TEXTURED - CALM), 0, 1)
    return calm
