"""Grain for what of a photo is smooth, before a network sees it.

A network normalises whatever variation there is. Where a photo has none of its own it magnifies the steps of 8 bits,
or of bfloat16, into the rings of a sky, and on exactly flat colours its own grid. With fine grain it draws dabs there.
"""

import numpy as np

from arbitrary_nst.images.photo import ROWS, Pixels, strips

GRAIN = 1.5 / 255  # standard deviation that smooth places have afterwards; 1 level still lets rings through
BLOCK = 4  # px: the side of the blocks of which it is told whether they are smooth
GREY = np.full(3, 1 / 3, np.float32)
SEED = 22
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
    grained, rng = pixels.copy(), np.random.default_rng(SEED)
    noise = rng.standard_normal(POOL * ROWS * width, np.float32)
    for rows in strips(height):
        begin = rng.integers(noise.size - ROWS * width)
        few = lacking[rows.start // BLOCK : -(-rows.stop // BLOCK)]
        if few.any():
            part = grained[rows]
            grain = noise[begin : begin + len(part) * width].reshape(len(part), width)
            part += (grain * _enlarged(few)[: len(part), :width])[..., np.newaxis]
            np.clip(part, 0, 1, out=part)
    return grained


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

    Noise of variance v has second differences of variance 6 v, across and down.
    """
    above, below = max(rows.start - 1, 0), min(rows.stop + 1, len(pixels))
    grey = np.pad(pixels[above:below] @ GREY, ((above == rows.start, below == rows.stop), (1, 1)), mode="edge")
    twice = 2 * grey[1:-1, 1:-1]
    energy = np.square(twice - grey[1:-1, :-2] - grey[1:-1, 2:])
    energy += np.square(twice - grey[:-2, 1:-1] - grey[2:, 1:-1])
    down, right = (-side % BLOCK for side in energy.shape)
    energy = np.pad(energy, ((0, down), (0, right)), mode="edge")
    lines = np.add.reduce([energy[place::BLOCK] for place in range(BLOCK)])
    blocks: Pixels = lines.reshape(len(lines), -1, BLOCK) @ np.full(BLOCK, 1 / (12 * BLOCK**2), np.float32)
    return blocks


def _enlarged(blocks: Pixels) -> Pixels:
    """Each block as so many pixels."""
    return np.repeat(np.repeat(blocks, BLOCK, axis=0), BLOCK, axis=1)
