"""What becomes of strokes and edges that are enlarged: how steep they get, and how much of the photo's detail."""

import numpy as np

from arbitrary_nst.images.enlarging import cubic
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.images.windows import box, over_five, quarters, tent, within

SMOOTH = 2e-3  # variance of luminance below which the photo counts as flat
CALM, STEEP = 0.02, 0.05  # change of the small photo per px up to which nothing is an edge; from which on it is one
# How much more the brightness changes along an edge's steepest way than across it, as a share of both, up to which
# nothing is straight and from which on it is; within 5 px, and within 11.
STRAIGHT = (0.3, 0.6), (0.2, 0.4)
UNSURE = 0.05  # slope below which it is not told whether a drawn edge goes up where the photo's does, or down
# What varies less than the first, in a window of 5 px, is no stroke's edge and stays soft; above the second it is one.
SOFT, HARD = 0.04, 0.10
# Of the pixels around a place a quarter of a pixel before one of them.
CUBIC_TAPS = tuple(cubic(np.array([1.75, 0.75, 0.25, 1.25])).tolist())
LINEAR_TAPS = (0.25, 0.75)


def on_screen(strokes: Pixels, steep: Pixels) -> Pixels:
    """Strokes carried up and reduced to their size again, (3, h, w): they are carried to twice that, which tells."""
    total = np.zeros_like(strokes)
    for lines, steep_lines in zip(quarters(strokes, 1, CUBIC_TAPS), quarters(steep, 1, LINEAR_TAPS), strict=True):
        for values, here in zip(quarters(lines, 2, CUBIC_TAPS), quarters(steep_lines, 2, LINEAR_TAPS), strict=True):
            total += steepened(values, here)
    total *= np.float32(0.25)
    return total


def steepened(values: Pixels, steep: Pixels) -> Pixels:
    """Enlarged strokes (3, H, W) with what ``steepening`` says, enlarged too."""
    values *= steep[9]
    values += steep[:3]
    return within(values, steep[3:6], steep[6:9])


def slopes(guide: Pixels, channels: Pixels, edge: Pixels) -> Pixels:
    """How many times the photo's detail each channel gets: (h, w), (3, h, w) and ``on_edges`` -> (6, h, w).

    The last three are the mean of those; how much of an edge there is where that shall be as large as a gain: 1 where
    the photo has an edge that is drawn as it is, -1 where dark and light are drawn the other way about; and how much of
    the detail can be an edge's: half of what the small photo varies by in 5 x 5 px. What is more is texture.
    """
    products = guide * channels
    mean, square, *means = box(np.stack([guide, guide * guide, *channels, *products]))
    variance = square - mean * mean + np.float32(SMOOTH)
    fitted = box((np.stack(means[3:]) - mean * np.stack(means[:3])) / variance)
    whole = fitted.mean(axis=0)
    least, most = (over_five(guide[np.newaxis], pick)[0] for pick in (np.minimum, np.maximum))
    return np.stack([*fitted, whole, edge * np.clip(whole / UNSURE, -1, 1), (most - least) / 2])


def on_edges(guide: Pixels) -> Pixels:
    """1 on straight edges of a luminance, 0 where it is calm or texture, by its structure tensor: (h, w) -> (h, w)."""
    padded = np.pad(guide, 1, mode="edge")
    down, across = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1]), 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    near = tent(tent(np.stack([down * down, down * across, across * across])))
    edge: Pixels = np.clip((np.sqrt(near[0] + near[2]) - np.float32(CALM)) / np.float32(STEEP - CALM), 0, 1)
    wide = box(near)  # what is straight for some px only is texture
    for (dd, da, aa), (round_, straight) in zip((near, wide), STRAIGHT, strict=True):
        along = np.sqrt(np.square(dd - aa) + 4 * da * da) / (dd + aa + np.float32(1e-5))
        edge *= np.clip((along - np.float32(round_)) / np.float32(straight - round_), 0, 1)
    return edge


def steepening(channels: Pixels, most_gain: float) -> Pixels:
    """What makes soft edges steep, (10, h, w): (1 - gain) * mean, the least and the most of each channel, the gain.

    A value v becomes gain * v + (1 - gain) * mean, kept within the least and the most.
    """
    least, most = (over_five(channels, pick) for pick in (np.minimum, np.maximum))
    edge = np.clip(((most - least).max(axis=0) - SOFT) / (HARD - SOFT), 0, 1)
    gain = (1 + max(0.0, most_gain - 1) * edge).astype(np.float32)
    mean = tent(tent(channels))
    return np.stack([*((1 - gain) * mean), *least, *most, gain])
