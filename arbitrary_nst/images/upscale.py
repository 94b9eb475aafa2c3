"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels, resample, resize

RADIUS = 3  # px of the small picture: half the window in which one affine map is fitted
SMOOTH = 2e-3  # variance of luminance below which the photo counts as flat
# An edge of the small picture is a ramp of some px when enlarged; it is made steeper by this share of the enlargement.
HARDNESS = 0.6
# What varies less than the first, in a window of 5 px, is no stroke's edge and stays soft; above the second it is one.
SOFT, HARD = 0.04, 0.10
# Of a tile of the result: what it needs stays in a core's cache, and no library starts threads of its own for it.
TILE_ROWS, TILE_COLUMNS = 64, 128


class Band(NamedTuple):
    """A run of the result's rows or columns, the small picture's that it is made of, and (result, small) weights.

    ``cubic`` is sharp and goes a little beyond the values it lies between, ``linear`` stays among them.
    """

    result: slice
    source: slice
    cubic: Pixels
    linear: Pixels


def add_change(full: Pixels, small: Pixels) -> Pixels:
    """The change from ``full`` to ``small``, a smaller version of it, enlarged and added to ``full``.

    (H, W, 3) and (h, w, 3) in [0, 1] -> (H, W, 3): full + up(small - down(full)). Right where the two share their
    edges, as a refined picture does with the one it began from.
    """
    if small.shape == full.shape:
        return np.clip(small, 0, 1)
    before = resize(full, (small.shape[0], small.shape[1]))
    change = resample(np.clip(small, 0, 1) - before, (full.shape[0], full.shape[1]))
    carried: Pixels = np.clip(full + change, 0, 1)
    return carried


def guided(photo: Pixels, small: Pixels, drawn: Pixels, threads: int = 1) -> Pixels:
    """``drawn``, the stylized ``small`` version of ``photo``, at the photo's size, with its edges and hard strokes.

    (H, W, 3), (h, w, 3) and (h, w, 3) in [0, 1] -> (H, W, 3). Fast guided filter (He and Sun 2015, arXiv:1505.00996)
    with the luminance as guide: in every window of the small picture each channel is fitted as a * luminance + b; a and
    b are enlarged and applied to the photo's luminance. What the fit leaves over, the strokes, is enlarged as it is.

    Departing from the paper, ``drawn`` is smoothed by weights 1-2-1 first, as a network's stripes of 2 px would be seen
    when enlarged, and edges that this and the enlargement made soft are made steep again: a value moves away from the
    mean around it, HARDNESS * H / h times as far, but not beyond the least and the most around it, so nothing rings.
    ``threads`` are those it may keep busy; the result does not depend on them.
    """
    height, width = photo.shape[:2]
    scale = max(height / small.shape[0], width / small.shape[1])
    smooth = _tent(np.ascontiguousarray(np.moveaxis(drawn, 2, 0)))
    fits, edges = affine_fits(small, smooth), steepening(smooth, HARDNESS * scale)
    columns = bands(small.shape[1], width, TILE_COLUMNS)
    third = np.full(3, 1 / 3, np.float32)
    out = np.empty_like(photo)

    def fill(rows: Band) -> None:
        for across in columns:
            source = slice(None), rows.source, across.source
            fit = rows.cubic @ (fits[source] @ across.cubic.T)
            edge = rows.linear @ (edges[source] @ across.linear.T)
            values = fit[:3] * (photo[rows.result, across.result] @ third)
            values += fit[3:]
            values *= edge[9]
            values += edge[:3]
            np.clip(values, edge[3:6], edge[6:9], out=values)
            out[rows.result, across.result] = np.moveaxis(values, 0, -1)

    with ThreadPoolExecutor(threads, "carry") as pool:
        list(pool.map(fill, bands(small.shape[0], height, TILE_ROWS)))
    np.clip(out, 0, 1, out=out)
    return out


def affine_fits(small: Pixels, channels: Pixels) -> Pixels:
    """Slopes of the three channels, then what is to be added to slope * luminance for the drawn values: (6, h, w)."""
    guide: Pixels = small.mean(axis=2, dtype=np.float32)
    mean = _box(guide)
    variance: Pixels = _box(guide * guide) - mean * mean
    slopes, offsets = [], []
    for plane in channels:
        average = _box(plane)
        fitted = (_box(guide * plane) - mean * average) / (variance + np.float32(SMOOTH))
        slopes.append(_box(fitted))
        offsets.append(plane - slopes[-1] * guide)  # the fit's own offset, and what the fit leaves over
    return np.stack(slopes + offsets)


def steepening(channels: Pixels, most_gain: float) -> Pixels:
    """What makes soft edges steep, (10, h, w): (1 - gain) * mean, the least and the most of each channel, the gain.

    A value v becomes gain * v + (1 - gain) * mean, kept within the least and the most.
    """
    least, most = (_neighbours(_neighbours(channels, pick), pick) for pick in (np.minimum, np.maximum))
    edge = np.clip(((most - least).max(axis=0) - SOFT) / (HARD - SOFT), 0, 1)
    gain = (1 + max(0.0, most_gain - 1) * edge).astype(np.float32)
    mean = _tent(_tent(channels))
    return np.stack([*((1 - gain) * mean), *least, *most, gain])


def bands(small: int, full: int, length: int) -> list[Band]:
    """How ``full`` rows or columns are made of ``small`` ones, by cubic convolution (Keys 1981, a = -1/2) or linearly.

    Each band has ``length`` of the result, the last what is left; sources beyond the ends repeat the outermost.
    """
    places = (np.arange(full) + 0.5) * small / full - 0.5
    taps = np.floor(places).astype(int)[:, np.newaxis] + np.arange(-1, 3)
    distances = np.abs(places[:, np.newaxis] - taps)
    kernels = _cubic(distances), np.clip(1 - distances, 0, 1)
    taps = np.clip(taps, 0, small - 1)
    made = []
    for start in range(0, full, length):
        part = slice(start, min(start + length, full))
        first, last = int(taps[part].min()), int(taps[part].max()) + 1
        weights = np.zeros((2, part.stop - start, last - first), np.float32)
        rows = np.arange(part.stop - start)[:, np.newaxis]
        for matrix, shares in zip(weights, kernels, strict=True):
            np.add.at(matrix, (rows, taps[part] - first), shares[part])
        made.append(Band(part, slice(first, last), *weights))
    return made


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def _box(plane: Pixels) -> Pixels:
    """The mean over a window of 2 * RADIUS + 1 px, edges repeated: (h, w) -> (h, w)."""
    for _ in range(2):  # down, then across
        height = plane.shape[0]
        padded = np.pad(plane, ((RADIUS, RADIUS), (0, 0)), mode="edge")
        total = padded[:height].copy()
        for offset in range(1, 2 * RADIUS + 1):
            total += padded[offset : offset + height]
        plane = total.T
    mean: Pixels = np.ascontiguousarray(plane) / np.float32((2 * RADIUS + 1) ** 2)
    return mean


def _tent(planes: Pixels) -> Pixels:
    """Weighted 1-2-1 down and across, edges repeated: (C, h, w) -> (C, h, w)."""
    for axis in (1, 2):
        before, here, after = _shifted(planes, axis)
        planes = np.float32(0.25) * (before + after) + np.float32(0.5) * here
    return planes


def _neighbours(planes: Pixels, pick: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The least or the most in windows of 3 x 3 px: (C, h, w) -> (C, h, w)."""
    for axis in (1, 2):
        before, here, after = _shifted(planes, axis)
        planes = pick(pick(before, after), here)
    return planes


def _shifted(planes: Pixels, axis: int) -> list[Pixels]:
    """The planes one back, as they are, and one on along an axis, edges repeated."""
    side = planes.shape[axis]
    padded = np.pad(planes, [(1, 1) if each == axis else (0, 0) for each in range(3)], mode="edge")
    return [padded[(slice(None),) * axis + (slice(start, start + side),)] for start in range(3)]
