"""Losses of what a network's cells leave in its pictures, in Keras: stripes of two pixels, coloured dots, and a mesh.

As measures of one picture, in NumPy, they are in ``scores.grids``, by the same constants. What is fixed in them is
made on Keras's device: a copy from the host would hold up a GPU at each step, and end its recording.
"""

import math
from typing import Any

from arbitrary_nst.images.weave import BY_CHANCE, CELL, WINDOW

Tensor = Any

TILE = 32  # px that a stripe is measured over
SPOT = 8  # px of a neighbourhood that a coloured dot covers
DOTS = 0.1  # what such dots cost, where stripes cost 1

SMALLEST = 5 * WINDOW // 2  # px of a side that one neighbourhood of windows takes
FAINT = 0.02  # power of a wave of 0.3 levels in 255


def mesh(picture: Tensor) -> Tensor:
    """How far fine detail repeats every two cells, (N, H, W, 3), H and W at least 80 -> 0 where no weave shows.

    Patterns that the coarsest cells hold up and down in turn have the frequencies 1 / (2 ``CELL``) and its multiples.
    In the power spectrum of each place: the logarithm of what such a frequency has over those halfway to the next, in
    the direction where that is least, as along the line of an edge there is no peak; squared, and the mean of all.
    """
    from keras import ops

    level = ops.log(spectra(ops.cast(picture, "float32")) + FAINT)
    step = WINDOW // (2 * CELL)

    def halfway(*way: int) -> Tensor:
        there, back = ([sign * step // 2 * part for part in way] for sign in (1, -1))
        return 0.5 * (ops.roll(level, there, (3, 4)) + ops.roll(level, back, (3, 4)))

    around = ops.max(ops.stack([halfway(*way) for way in ((0, 1), (1, 0), (1, 1), (1, -1))]), axis=0)
    peaks = ops.square(ops.relu(level - around - BY_CHANCE))[..., ::step, ::step]
    return ops.mean(peaks) - ops.mean(peaks[..., 0, 0]) / (WINDOW // step) ** 2  # a mean level is no wave


def stripe(picture: Tensor) -> Tensor:
    """How far neighbouring pixels differ in turn, (N, H, W, 3) in [0, 1] -> 0 where no column, row or dot stands out.

    What a pixel has over the mean of its neighbours, with a sign that changes from each to the next, in levels of 255:
    across, down, and in both directions at once. Its mean over a tile is what ``scores.grids.stripe`` measures. The
    mean square of these over tiles and colours, and that of the difference of red and blue to green over smaller
    spots, where texture may alternate but colour should not. Tiles overlap by half.
    """
    from keras import ops

    levels = 255 * ops.cast(picture, "float32")
    colours = ops.stack([levels[..., 0] - levels[..., 1], levels[..., 2] - levels[..., 1]], axis=-1)
    return sum(
        weight * ops.mean(ops.square(ops.average_pool(alternating(pixels, *way), size, size // 2)))
        for pixels, size, weight in ((levels, TILE, 1), (colours, SPOT, DOTS))
        for way in ((0, 1), (1, 0), (1, 1))
    )


def alternating(pixels: Tensor, down: int, across: int) -> Tensor:
    """Pixels less the mean of their neighbours down or across or both, times 1 and -1 in turn."""
    from keras import ops

    if down:
        pixels = pixels[:, 1:-1] - 0.5 * (pixels[:, 2:] + pixels[:, :-2])
    if across:
        pixels = pixels[:, :, 1:-1] - 0.5 * (pixels[:, :, 2:] + pixels[:, :, :-2])
    rows, columns = (ops.arange(side, dtype="float32") for side in pixels.shape[1:3])
    return pixels * (2 * ((down * rows[:, None, None] + across * columns[:, None]) % 2) - 1)


def spectra(picture: Tensor) -> Tensor:
    """Power spectra of 80-px neighbourhoods, (N, H, W, C) -> (N, rows, columns, WINDOW, WINDOW), mean over colours.

    The mean of 4 x 4 tapered windows that overlap by half: of one alone a spectrum is mostly chance.
    """
    from keras import ops

    n, h, w, colours = picture.shape
    rows, columns, half = (h - WINDOW // 2) // WINDOW, (w - WINDOW // 2) // WINDOW, WINDOW // 2
    taper = 0.5 - 0.5 * ops.cos(2 * math.pi / WINDOW * ops.arange(1, WINDOW + 1, dtype="float32"))  # Hann's

    def side_by_side(down: int, across: int) -> Tensor:
        x = picture[:, down : down + rows * WINDOW, across : across + columns * WINDOW]
        x = ops.transpose(ops.reshape(x, (n, rows, WINDOW, columns, WINDOW, colours)), (0, 1, 3, 5, 2, 4))
        x = (x - ops.mean(x, axis=(-1, -2), keepdims=True)) * (taper[:, None] * taper)
        real, imaginary = ops.fft2((x, ops.zeros_like(x)))
        return ops.mean(ops.square(real) + ops.square(imaginary), axis=3)

    power = sum(side_by_side(down, across) for down in (0, half) for across in (0, half)) / 4
    power = 0.5 * (power[:, 1:] + power[:, :-1])
    return 0.5 * (power[:, :, 1:] + power[:, :, :-1])
