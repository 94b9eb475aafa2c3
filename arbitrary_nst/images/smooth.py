"""Grain for what of a photo is smooth, before a network sees it.

A network normalises whatever variation there is. Where a photo has none of its own it magnifies the steps of 8 bits,
or of bfloat16, into the rings of a sky, and on exactly flat colours its own grid. With fine grain it draws dabs there.
"""

from functools import lru_cache

import numpy as np

from arbitrary_nst.images.photo import ROWS, Pixels, strips

GRAIN = 1.5 / 255  # standard deviation that smooth places have afterwards; 1 level still lets rings through
BLOCK = 4  # px: the side of the blocks of which it is told whether they are smooth
GREY = np.full(3, 1 / 3, np.float32)
SEED = 22
USUAL = 1024  # px of width, to which the noise that is drawn ahead suffices: a 4:3 photo as the network sees it has 980
POOL = 4  # strips of noise that are drawn; each strip of the photo takes its own from a place of its own among them


def with_grain(pixels: Pixels) -> Pixels:
    """A photo (H, W, 3) in [0, 1] whose smooth places have a little noise, alike in the three channels.

    Noise is filled up: a place that has variance of its own gets what it lacks to ``GRAIN`` squared, and where it has
    more in any of 3x3 blocks it keeps its values bit for bit. A slope counts as smooth, however steep. The same photo
    gets the same noise every time. A photo without smooth places comes back as it is, not copied.
    """
    height, width = pixels.shape[:2]
    lacking = _lacking(pixels)
    if not lacking.any():
        return pixels
    grained = np.empty((BLOCK * len(lacking), width, 3), np.float32)  # whole blocks
    grained[:height], grained[height:] = pixels, 0
    lines, size, rng = grained.reshape(len(lacking), BLOCK, -1), POOL * ROWS * width, np.random.default_rng(SEED)
    noise = noise_for(width)  # of a folder's photos it is drawn once
    for rows in strips(height):
        begin, first = 3 * rng.integers(size - ROWS * width), rows.start // BLOCK
        here = first + np.flatnonzero(lacking[first : -(-rows.stop // BLOCK)].any(axis=1))
        if here.size:
            part = noise[begin : begin + 3 * ROWS * width].reshape(ROWS // BLOCK, BLOCK, -1)[here - first]
            part *= np.repeat(lacking[here], 3 * BLOCK, axis=1)[:, np.newaxis, : 3 * width]
            part += lines[here]
            lines[here] = np.clip(part, 0, 1, out=part)
    return grained[:height]


def noise_for(width: int = USUAL) -> Pixels:
    """What the grain of photos up to this width is taken of. Called ahead, it is there by then."""
    return _noise(1 << (POOL * ROWS * width - 1).bit_length())


@lru_cache(2)
def _noise(size: int) -> Pixels:
    """Standard normal numbers, each three times in turn, as a pixel's colours have them."""
    return np.repeat(np.random.default_rng(SEED).standard_normal(size, np.float32), 3)


def _lacking(pixels: Pixels) -> Pixels:
    """The standard deviation of the noise that each block lacks, (ceil(H / BLOCK), ceil(W / BLOCK))."""
    variance = np.concatenate([_variances(pixels, rows) for rows in strips(len(pixels))])
    around = np.pad(variance, 1, mode="edge")
    across = np.maximum(np.maximum(around[:, :-2], around[:, 1:-1]), around[:, 2:])
    most = np.maximum(np.maximum(across[:-2], across[1:-1]), across[2:])
    lacking: Pixels = np.sqrt(np.maximum(GRAIN**2 - most, 0), dtype=np.float32)
    return lacking


def _variances(pixels: Pixels, rows: slice) -> Pixels:
    """Variance of the noise in the blocks of some rows, by second differences, which are 0 on any slope.

    Noise of variance v has second differences of variance 6 v, across and down. Every second row of a block is asked.
    """
    width, left = pixels.shape[1], -(rows.stop - rows.start) % BLOCK
    above, below = max(rows.start - 1, 0), min(rows.stop + 1, len(pixels))
    around = (above == rows.start, (below == rows.stop) + left), (1, 1 + -width % BLOCK)
    grey = np.pad(pixels[above:below] @ GREY, around, mode="edge")
    here, between = grey[1:-1:2], grey[1:-1:2, 1:-1]
    down = grey[:-2:2, 1:-1] + grey[2::2, 1:-1]
    across = here[:, :-2] + here[:, 2:]
    for second in (down, across):
        second -= between
        second -= between
        second *= second
    down += across
    down = down.reshape(len(down) // (BLOCK // 2), BLOCK // 2, -1).sum(axis=1)
    blocks: Pixels = down.reshape(len(down), -1, BLOCK) @ np.full(BLOCK, 1 / (6 * BLOCK**2), np.float32)
    return blocks
