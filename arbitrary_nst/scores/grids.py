"""What a network's cells leave in its pictures: stripes of two pixels, and a mesh that repeats every two cells."""

from typing import Any, NamedTuple

import numpy as np

from arbitrary_nst.images.weave import BY_CHANCE, CELL, WINDOW
from arbitrary_nst.refinement.cells import FAINT, SMALLEST, TILE

Array = np.ndarray[Any, Any]

GREEN = 1  # the colour that an eye sees detail by


class Stripe(NamedTuple):
    """Levels of 255 between the pixels of a stripe and those beside them: of all tiles (RMS), and of the worst."""

    mean: float
    worst: float


def stripe(picture: Array) -> Stripe:
    """How far every second column or row stands out, (H, W, 3) RGB in [0, 1] -> levels of 255, the worse way's.

    What green has over the mean of its two neighbours, with a sign that changes from pixel to pixel, has a mean over
    each tile of ``TILE`` x ``TILE`` px: a stripe of two levels' difference has 2, an edge or a slope nearly 0, fine
    texture what it has by chance (photos about 1). 0 for a picture that holds no tile.
    """
    green = 255 * np.asarray(picture, np.float32)[..., GREEN]
    ways = [_alternating(lines) for lines in (green, green.T)]
    tiles = [_tile_means(each) for each in ways]
    if not tiles[0].size or not tiles[1].size:
        return Stripe(0.0, 0.0)
    rms = max(float(np.sqrt(np.mean(np.square(each)))) for each in tiles)
    return Stripe(rms, max(float(np.abs(each).max()) for each in tiles))


def _alternating(rows: Array) -> Array:
    """Values less the mean of both neighbours in their row, times 1 and -1 in turn: (H, W) -> (H, W - 2)."""
    over: Array = rows[:, 1:-1] - 0.5 * (rows[:, :-2] + rows[:, 2:])
    over[:, 1::2] *= -1
    return over


def _tile_means(values: Array) -> Array:
    down, across = (side // TILE for side in values.shape)
    tiles = values[: down * TILE, : across * TILE].reshape(down, TILE, across, TILE)
    means: Array = tiles.mean(axis=(1, 3))
    return means


def mesh(picture: Array) -> float:
    """How far fine detail repeats every two cells, (H, W, 3) RGB in [0, 1] -> 0 where no weave shows, above 0.1 much.

    Patterns that cells of ``CELL`` px hold up and down in turn have the frequencies 1 / (2 ``CELL``) and its multiples.
    In the power spectrum of each place: the logarithm of what such a frequency has over those halfway to the next, in
    the direction where that is least, as along the line of an edge there is no peak; squared, and the mean of all.
    0 for a picture with a side under ``SMALLEST`` px.
    """
    if min(picture.shape[:2]) < SMALLEST:
        return 0.0
    level = np.log(_spectra(np.asarray(picture, np.float32)) + FAINT)
    step = WINDOW // (2 * CELL)

    def halfway(*way: int) -> Array:
        there, back = ([sign * step // 2 * part for part in way] for sign in (1, -1))
        both: Array = 0.5 * (np.roll(level, there, (-2, -1)) + np.roll(level, back, (-2, -1)))
        return both

    around = np.max([halfway(*way) for way in ((0, 1), (1, 0), (1, 1), (1, -1))], axis=0)
    peaks = np.square(np.maximum(level - around - BY_CHANCE, 0))[..., ::step, ::step]
    waves = peaks.mean() - peaks[..., 0, 0].mean() / (WINDOW // step) ** 2  # a mean level is no wave
    return float(waves)


def _spectra(picture: Array) -> Array:
    """Power spectra of neighbourhoods of ``SMALLEST`` px, (H, W, C) -> (rows, columns, WINDOW, WINDOW), mean over C.

    The mean of 4 x 4 tapered windows that overlap by half: of one alone a spectrum is mostly chance.
    """
    half = WINDOW // 2
    rows, columns = ((side - half) // WINDOW for side in picture.shape[:2])
    taper = np.hanning(WINDOW + 1)[1:].astype(np.float32)

    def side_by_side(down: int, across: int) -> Array:
        x = picture[down : down + rows * WINDOW, across : across + columns * WINDOW]
        x = x.reshape(rows, WINDOW, columns, WINDOW, -1).transpose(0, 2, 4, 1, 3)
        x = (x - x.mean(axis=(-1, -2), keepdims=True)) * (taper[:, None] * taper)
        power: Array = np.square(np.abs(np.fft.fft2(x))).mean(axis=2)
        return power

    power: Array = np.mean([side_by_side(down, across) for down in (0, half) for across in (0, half)], axis=0)
    power = 0.5 * (power[1:] + power[:-1])
    around: Array = 0.5 * (power[:, 1:] + power[:, :-1])
    return around
