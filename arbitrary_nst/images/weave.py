"""A network's weave taken away: waves that its cells hold up and down in turn, seen as dots once they are enlarged."""

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels

CELL = 4  # px that a network's coarsest cell spans; a weave repeats every two
WINDOW, HALF = 8 * CELL, 4 * CELL  # px that a spectrum is taken of, and from one window to the next
STEP = WINDOW // (2 * CELL)  # frequencies of a window from one of a weave's waves to the next
BY_CHANCE = 0.5  # what a frequency may have over its surroundings, in the logarithm of power
WOVEN = 0.1  # mean square of what all have over that, from which on a place counts as woven
FAINT = 0.05  # power of a wave of 0.3 levels in 255, of all colours
ROWS = 16  # of windows at a time: the spectra of a large picture at once would take gigabytes
SIDE = np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)
TAPER = SIDE[:, np.newaxis] * SIDE  # twice, as here, it adds up to 1 over windows that overlap by half

Places = tuple[NDArray[np.int64], NDArray[np.int64]]


def _half(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Places:
    """Where frequencies are in the half of a spectrum that a real picture needs."""
    rows, columns = rows % WINDOW, columns % WINDOW
    mirrored = columns > HALF
    return np.where(mirrored, -rows % WINDOW, rows), np.where(mirrored, WINDOW - columns, columns)


DOWN, ACROSS = (each.ravel() for each in np.mgrid[0:WINDOW:STEP, 0 : HALF + 1 : STEP])  # a weave's waves
BETWEEN = [  # halfway to the next, there and back, in four directions
    [_half(DOWN + sign * down, ACROSS + sign * across) for sign in (STEP // 2, -STEP // 2)]
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1))
]


def without_weave(drawn: Pixels, threads: int = 1) -> Pixels:
    """``drawn`` (h, w, 3) in [0, 1] without the waves by which a network's cells show; the same array where none do.

    Where in the spectrum of a place a frequency of the weave, 1 / (2 ``CELL``) or a multiple, stands out over those
    halfway to the next in every direction, as it does not along an edge, it is brought down to them. That is the
    measure ``mesh`` of ``scores.grids`` turned into a filter; strokes have other frequencies, and stay.
    """
    height, width = drawn.shape[:2]
    if min(height, width) < WINDOW:
        return drawn
    padded = np.pad(drawn, ((HALF, HALF - height % -HALF), (HALF, HALF - width % -HALF), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW), axis=(0, 1))[::HALF, ::HALF]
    rows, columns = windows.shape[:2]
    woven = np.zeros((rows + 1, HALF, columns + 1, HALF, 3), np.float32)
    for start in range(0, rows, ROWS):
        stop = min(start + ROWS, rows)
        before, after = max(start - 1, 0), min(stop + 1, rows)
        waves = _waves(windows[before:after], threads)[start - before : stop - before]
        for down in (0, 1):
            for across in (0, 1):
                part = waves[..., HALF * down : HALF * (down + 1), HALF * across : HALF * (across + 1)]
                woven[start + down : stop + down, :, across : columns + across] += part.transpose(0, 3, 1, 4, 2)
    if not woven.any():
        return drawn
    without: Pixels = drawn - woven.reshape((rows + 1) * HALF, -1, 3)[HALF : HALF + height, HALF : HALF + width]
    return np.clip(without, 0, 1, out=without)


def _waves(windows: Pixels, threads: int) -> Pixels:
    """What of windows is weave, tapered, (rows, columns, 3, WINDOW, WINDOW)."""
    from scipy.fft import irfft2, rfft2
    from scipy.ndimage import uniform_filter

    spectra = rfft2(windows * TAPER, workers=threads)
    power = (np.square(spectra.real) + np.square(spectra.imag)).sum(axis=2)
    level = np.log(uniform_filter(power, (3, 3, 1, 1)) + np.float32(FAINT))  # of one window most is chance
    around = np.max([0.5 * (level[..., *there] + level[..., *back]) for there, back in BETWEEN], axis=0)
    over = level[..., DOWN, ACROSS] - around
    over[over < BY_CHANCE] = 0
    over[..., 0] = 0  # a mean level is no wave
    places = np.square(over).mean(axis=-1) > WOVEN
    waves = np.zeros(windows.shape, np.float32)
    if places.any():
        taken = np.zeros((np.count_nonzero(places), *spectra.shape[3:]), np.float32)
        share = 1 - np.exp(-0.5 * over[places])
        for down in (-1, 0, 1):  # a taper spreads a wave to the frequencies beside its own
            for across in (-1, 0, 1):
                there = (ACROSS + across >= 0) & (ACROSS + across <= HALF)
                taken[:, (DOWN[there] + down) % WINDOW, ACROSS[there] + across] = share[:, there]
        waves[places] = irfft2(spectra[places] * taken[:, np.newaxis], (WINDOW, WINDOW), workers=threads) * TAPER
    return waves
