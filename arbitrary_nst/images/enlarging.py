"""Rows and columns of a larger picture from those of a small one, as matrix products."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels

CUBIC, LINEAR = 0, 1  # of a band's weights: sharp, a little beyond the values they lie between; and among them


class Band(NamedTuple):
    """A run of the result's rows or columns, the small picture's that it is made of, and (result, small) weights."""

    result: slice
    source: slice
    weights: tuple[Pixels, Pixels]


class Span(NamedTuple):
    """A longer run, as a band has it, and the bands that it is made by: the shorter, the fewer weights are 0."""

    result: slice
    source: slice
    bands: list[Band]

    def within(self, band: Band) -> slice:
        """Where a band lies in it."""
        return slice(band.result.start - self.result.start, band.result.stop - self.result.start)


def spans(small: int, full: int, length: int, at_once: int) -> list[Span]:
    """``bands`` of ``at_once`` in spans of ``length``, which is a multiple of it."""
    made, several = bands(small, full, at_once), length // at_once
    groups = [made[first : first + several] for first in range(0, len(made), several)]
    return [
        Span(slice(first.result.start, last.result.stop), slice(first.source.start, last.source.stop), group)
        for group in groups
        for first, last in [(group[0], group[-1])]
    ]


def wider(planes: Pixels, span: Span, kind: int) -> Pixels:
    """Columns of planes (C, h, w) enlarged: (C, h, columns)."""
    made = np.empty((*planes.shape[:2], span.result.stop - span.result.start), np.float32)
    for band in span.bands:
        np.matmul(planes[..., band.source], band.weights[kind].T, out=made[..., span.within(band)])
    return made


def taller(planes: Pixels, first: int, span: Span, kind: int) -> Pixels:
    """Rows of planes (C, h, columns), of which ``first`` is the first, enlarged: (C, rows, columns)."""
    made = np.empty((len(planes), span.result.stop - span.result.start, planes.shape[2]), np.float32)
    for band in span.bands:
        source = slice(band.source.start - first, band.source.stop - first)
        np.matmul(band.weights[kind], planes[:, source], out=made[:, span.within(band)])
    return made


def bands(small: int, full: int, length: int) -> list[Band]:
    """How ``full`` rows or columns are made of ``small`` ones, by cubic convolution (Keys 1981, a = -1/2) or linearly.

    Each band has ``length`` of the result, the last what is left; sources beyond the ends repeat the outermost.
    """
    places = (np.arange(full) + 0.5) * small / full - 0.5
    taps = np.floor(places).astype(int)[:, np.newaxis] + np.arange(-1, 3)
    distances = np.abs(places[:, np.newaxis] - taps)
    kernels = cubic(distances), np.clip(1 - distances, 0, 1)
    taps = np.clip(taps, 0, small - 1)
    made = []
    for start in range(0, full, length):
        part = slice(start, min(start + length, full))
        first, last = int(taps[part].min()), int(taps[part].max()) + 1
        weights = np.zeros((2, part.stop - start, last - first), np.float32)
        rows = np.arange(part.stop - start)[:, np.newaxis]
        for matrix, shares in zip(weights, kernels, strict=True):
            np.add.at(matrix, (rows, taps[part] - first), shares[part])
        made.append(Band(part, slice(first, last), (weights[CUBIC], weights[LINEAR])))
    return made


def cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights at distances in px."""
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))
