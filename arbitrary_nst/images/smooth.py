"""Grain for what of a photo is smooth, before a network sees it.

A network normalises whatever variation there is. Where a photo has none of its own it magnifies the steps of 8 bits,
or of bfloat16, into the rings of a sky, and on exactly flat colours its own grid. With fine grain it draws dabs there.
"""

from functools import lru_cache

import numpy as np

from arbitrary_nst.images.photo import GREY, ROWS, Pixels, strips

GRAIN = 1.5 / 255  # standard deviation that smooth places have afterwards; 1 level still lets rings through
BLOCK = 4  # px: the side of the blocks of which it is told whether they are smooth
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
    grained = np.empty((len(lacking), BLOCK, 3 * width), np.float32)  # whole blocks
    lines, given = grained.reshape(-1, 3 * width), pixels.reshape(height, -1)
    size, rng = POOL * ROWS * width, np.random.default_rng(SEED)
    noise = noise_for(width)  # of a folder's photos it is drawn once
    for rows in strips(height):
        begin, blocks = 3 * rng.integers(size - ROWS * width), slice(rows.start // BLOCK, -(-rows.stop // BLOCK))
        here = lacking[blocks]
        if not here.any():
            lines[rows] = given[rows]
            continue
        part = noise[begin : begin + 3 * ROWS * width].reshape(ROWS // BLOCK, BLOCK, -1)[: len(here)]
        np.multiply(part, np.repeat(here, 3 * BLOCK, axis=1)[:, np.newaxis, : 3 * width], out=grained[blocks])
        lines[rows] += given[rows]
        np.clip(lines[rows], 0, 1, out=lines[rows])
    return lines[:height].reshape(pixels.shape)


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
    (height, width), lines = pixels.shape[:2], -(-(rows.stop - rows.start) // BLOCK) * BLOCK
    above, below = max(rows.start - 1, 0), min(rows.stop + 1, height)
    # whole blocks and one px around them, edges repeated
    grey = np.empty((lines + 2, -(-width // BLOCK) * BLOCK + 2), np.float32)
    first, last = above - rows.start + 1, below - rows.start + 1
    np.matmul(pixels[above:below], GREY, out=grey[first:last, 1 : width + 1])
    grey[:first], grey[last:] = grey[first], grey[last - 1]
    grey[:, 0], grey[:, width + 1 :] = grey[:, 1], grey[:, width, np.newaxis]
    here, twice = grey[1:-1:2], 2 * grey[1:-1:2, 1:-1]
    down = grey[:-2:2, 1:-1] + grey[2::2, 1:-1]
    across = here[:, :-2] + here[:, 2:]
    for second in (down, across):
        second -= twice
        second *= second
    down += across
    down = down.reshape(len(down) // (BLOCK // 2), BLOCK // 2, -1).sum(axis=1)
    blocks: Pixels = down.reshape(len(down), -1, BLOCK) @ np.full(BLOCK, 1 / (6 * BLOCK**2), np.float32)
    return blocks
