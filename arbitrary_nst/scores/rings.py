"""Wood grain: lines of a picture that follow the iso-lines of a smooth gradient, one for each step of 8 bits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.scores.levels import LEVELS, luminance

TILE = 64  # px, half of it from one tile to the next: small enough for iso-lines to be straight
SMOOTH = 1.5  # levels: RMS of what a plane leaves over of a smooth tile
RISE = 1.0  # levels across a tile: with less there are no iso-lines


def rings(photo: Pixels, picture: Pixels) -> float | None:
    """RMS in levels of what runs along the photo's iso-lines in the picture, where the photo is a smooth gradient.

    Both (H, W, 3) in [0, 1], of one size. In each tile of ``TILE`` px that the photo fills with a plane, what the
    picture has over a plane of its own is averaged along the iso-lines; the energy of these means, less that of means
    across them, which a texture without direction has as well. 0 where nothing follows the gradient. None where the
    photo has no such tile.
    """
    energies = [
        np.mean([_along(rest, across) - _along(rest, along) for rest in _without_planes(picture[tile])])
        for tile, across, along in _smooth_tiles(photo)
    ]
    if not energies:
        return None
    return float(np.sqrt(max(0.0, float(np.mean(energies)))))


Place = NDArray[np.int64]  # the line that each pixel of a tile is on, (TILE, TILE)


def _smooth_tiles(photo: Pixels) -> Iterator[tuple[tuple[slice, slice], Place, Place]]:
    """Tiles where the photo is a slope; and the numbers of the lines that their pixels are on: iso-lines, and steepest
    lines."""
    grey = luminance(photo)
    height, width = grey.shape
    for top in range(0, height - TILE + 1, TILE // 2):
        for left in range(0, width - TILE + 1, TILE // 2):
            tile = slice(top, top + TILE), slice(left, left + TILE)
            rest, down, across = _without_plane(grey[tile])
            rise = float(np.hypot(down, across))
            if rise * TILE < RISE or float(np.sqrt((rest * rest).mean())) > SMOOTH:
                continue
            yield tile, _lines(down / rise, across / rise), _lines(-across / rise, down / rise)


def _lines(down: float, across: float) -> Place:
    """Pixels by how far they are along a direction, in whole px."""
    far = down * ROWS[:, None] + across * ROWS[None, :]
    places: Place = np.floor(far - far.min()).astype(np.int64)
    return places


def _along(rest: Pixels, lines: Place) -> float:
    """Energy of the means along lines, each by its length."""
    counts = np.bincount(lines.ravel())
    sums = np.bincount(lines.ravel(), rest.ravel())
    return float((sums[counts > 0] ** 2 / counts[counts > 0]).sum() / rest.size)


ROWS = np.arange(TILE, dtype=np.float32) - np.float32((TILE - 1) / 2)
SQUARES = float((ROWS * ROWS).sum()) * TILE


def _without_plane(tile: Pixels) -> tuple[Pixels, float, float]:
    """What the best plane leaves over, and how it rises downwards and to the right, per px."""
    down, across = float((tile.sum(axis=1) @ ROWS) / SQUARES), float((tile.sum(axis=0) @ ROWS) / SQUARES)
    rest = tile - tile.mean() - np.float32(down) * ROWS[:, None] - np.float32(across) * ROWS[None, :]
    return rest, down, across


def _without_planes(tile: Pixels) -> Iterator[Pixels]:
    """Each colour, in levels."""
    for channel in range(tile.shape[2]):
        yield _without_plane(tile[..., channel] * np.float32(LEVELS))[0]
