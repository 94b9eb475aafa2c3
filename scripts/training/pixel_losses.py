"""Losses that need no network: distance to the teacher's picture, and three of the grid of the photo network's cells.

``mesh`` and ``stripe`` can be differentiated; as measures of one picture they are in ``arbitrary_nst.scores.grids``.
"""

import numpy as np
from keras import ops

from arbitrary_nst.scores.grids import BY_CHANCE, CELL, FAINT, TILE, WINDOW

SPOT = 8  # px of a neighbourhood that a coloured dot covers, as ``TILE`` is of a stripe
DOTS = 0.1  # what such dots cost, where stripes cost 1


def distillation(picture, target):
    """L1 on pixels and on their differences to the right and downwards."""

    def l1(a, b):
        return ops.mean(ops.abs(a - b))

    across = l1(picture[:, :, 1:] - picture[:, :, :-1], target[:, :, 1:] - target[:, :, :-1])
    down = l1(picture[:, 1:] - picture[:, :-1], target[:, 1:] - target[:, :-1])
    return l1(picture, target) + across + down


def grid(picture):
    """How unevenly edges are spread over the rows and columns of the networks' cells: 0 where no grid shows.

    The differences to the right and downwards, upwards and downwards steps apart, have a mean for each place in a cell
    of ``CELL`` pixels; the mean square deviation of these from their own mean, as a share of it.
    """

    def uneven(lines):
        steps = lines[1:] - lines[:-1]
        steps = ops.relu(ops.stack([steps, -steps]))
        count = steps.shape[1] // CELL * CELL
        by_place = ops.mean(ops.reshape(steps[:, :count], (2, count // CELL, CELL, -1)), axis=(1, 3))
        usual = ops.mean(by_place, axis=1, keepdims=True)
        return ops.mean(ops.square((by_place - usual) / (usual + 1e-4)))

    picture = ops.cast(picture, "float32")
    return 0.5 * (uneven(ops.transpose(picture, (1, 0, 2, 3))) + uneven(ops.transpose(picture, (2, 0, 1, 3))))


def mesh(picture):
    """How far fine detail repeats every two cells, (N, H, W, 3), H and W at least 80 -> 0 where no weave shows.

    Patterns that the coarsest cells hold up and down in turn have the frequencies 1 / (2 ``CELL``) and its multiples.
    In the power spectrum of each place: the logarithm of what such a frequency has over those halfway to the next, in
    the direction where that is least, as along the line of an edge there is no peak; squared, and the mean of all.
    """
    level = ops.log(spectra(ops.cast(picture, "float32")) + FAINT)
    step = WINDOW // (2 * CELL)

    def halfway(*way):
        there, back = ([sign * step // 2 * part for part in way] for sign in (1, -1))
        return 0.5 * (ops.roll(level, there, (3, 4)) + ops.roll(level, back, (3, 4)))

    around = ops.max(ops.stack([halfway(*way) for way in ((0, 1), (1, 0), (1, 1), (1, -1))]), axis=0)
    peaks = ops.square(ops.relu(level - around - BY_CHANCE))[..., ::step, ::step]
    return ops.mean(peaks) - ops.mean(peaks[..., 0, 0]) / (WINDOW // step) ** 2  # a mean level is no wave


def stripe(picture):
    """How far neighbouring pixels differ in turn, (N, H, W, 3) in [0, 1] -> 0 where no column, row or dot stands out.

    What a pixel has over the mean of its neighbours, with a sign that changes from each to the next, in levels of 255:
    across, down, and in both directions at once. Its mean over a tile is what ``scores.grids.stripe`` measures. The
    mean square of these over tiles and colours, and that of the difference of red and blue to green over smaller
    spots, where texture may alternate but colour should not. Tiles overlap by half.
    """
    levels = 255 * ops.cast(picture, "float32")
    colours = ops.stack([levels[..., 0] - levels[..., 1], levels[..., 2] - levels[..., 1]], axis=-1)
    return sum(
        weight * ops.mean(ops.square(ops.average_pool(alternating(pixels, *way), size, size // 2)))
        for pixels, size, weight in ((levels, TILE, 1), (colours, SPOT, DOTS))
        for way in ((0, 1), (1, 0), (1, 1))
    )


def alternating(pixels, down, across):
    """Pixels less the mean of their neighbours down or across or both, times 1 and -1 in turn."""
    if down:
        pixels = pixels[:, 1:-1] - 0.5 * (pixels[:, 2:] + pixels[:, :-2])
    if across:
        pixels = pixels[:, :, 1:-1] - 0.5 * (pixels[:, :, 2:] + pixels[:, :, :-2])
    rows, columns = np.ogrid[: pixels.shape[1], : pixels.shape[2]]
    return pixels * (-1.0 + 2 * ((down * rows + across * columns) % 2)).astype(np.float32)[..., None]


def spectra(picture):
    """Power spectra of 80-px neighbourhoods, (N, H, W, C) -> (N, rows, columns, WINDOW, WINDOW), mean over colours.

    The mean of 4 x 4 tapered windows that overlap by half: of one alone a spectrum is mostly chance.
    """
    n, h, w, colours = picture.shape
    rows, columns, half = (h - WINDOW // 2) // WINDOW, (w - WINDOW // 2) // WINDOW, WINDOW // 2
    taper = np.hanning(WINDOW + 1)[1:].astype(np.float32)

    def side_by_side(down, across):
        x = picture[:, down : down + rows * WINDOW, across : across + columns * WINDOW]
        x = ops.transpose(ops.reshape(x, (n, rows, WINDOW, columns, WINDOW, colours)), (0, 1, 3, 5, 2, 4))
        x = (x - ops.mean(x, axis=(-1, -2), keepdims=True)) * (taper[:, None] * taper)
        real, imaginary = ops.fft2((x, ops.zeros_like(x)))
        return ops.mean(ops.square(real) + ops.square(imaginary), axis=3)

    power = sum(side_by_side(down, across) for down in (0, half) for across in (0, half)) / 4
    power = 0.5 * (power[:, 1:] + power[:, :-1])
    return 0.5 * (power[:, :, 1:] + power[:, :, :-1])
