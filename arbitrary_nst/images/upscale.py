"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels, resample, resize

RADIUS = 3  # px of the small picture: half the window in which one affine map is fitted
SMOOTH = 2e-3  # variance of luminance below which the photo counts as flat
SMOOTHED = 0.7  # of what weights 1-2-1 take away: with all, fine strokes are lost, with half, grids and grit begin
FAINT = 0.03  # detail of the photo below it is grain, and most of it is left out
# Change of the small photo's luminance per px below which nothing is an edge, and above which it is one; how much more
# the brightness changes along an edge's steepest way than across it, as a share of both.
CALM, STEEP = 0.02, 0.05
ROUND, STRAIGHT = 0.3, 0.6
DRAWN = 1.5  # times the photo's detail that its edges get at least; what then goes too far is cut off
UNSURE = 0.05  # slope below which it is not told whether a drawn edge goes up where the photo's does, or down
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
    with the luminance as guide: in every window of the small picture each channel is fitted as a * luminance + b. So
    the enlarged ``drawn`` gets a times the detail that the photo has beyond what its small version, enlarged, has.

    Departing from the paper, ``drawn`` is smoothed (SMOOTHED) first, as a network's stripes of 2 px would be seen
    when enlarged; on the photo's straight edges the mean a is at least DRAWN, or at most -DRAWN, so that they are about
    as steep as the photo's; its faint detail, grain, is left out; and what the enlargement made soft is made steep
    again: a value moves away from the mean around it, HARDNESS * H / h times as far, but not beyond the least and the
    most around it, so nothing rings. ``threads`` are those it may keep busy; the result does not depend on them.
    """
    height, width = photo.shape[:2]
    scale = max(height / small.shape[0], width / small.shape[1])
    guide: Pixels = small.mean(axis=2, dtype=np.float32)
    smooth = _smoothed(np.ascontiguousarray(np.moveaxis(drawn, 2, 0)), scale)
    planes, edges = np.stack([*slopes(guide, smooth), *smooth, guide]), steepening(smooth, HARDNESS * scale)
    columns = bands(small.shape[1], width, TILE_COLUMNS)
    third = np.full(3, 1 / 3, np.float32)
    out = np.empty_like(photo)

    def fill(rows: Band) -> None:
        for across in columns:
            source = slice(None), rows.source, across.source
            plane = rows.cubic @ (planes[source] @ across.cubic.T)
            edge = rows.linear @ (edges[source] @ across.linear.T)
            values = plane[:3] * _without_grain(photo[rows.result, across.result] @ third - plane[6])
            values += plane[3:6]
            values *= edge[9]
            values += edge[:3]
            np.clip(values, edge[3:6], edge[6:9], out=values)
            out[rows.result, across.result] = np.moveaxis(values, 0, -1)

    with ThreadPoolExecutor(threads, "carry") as pool:
        list(pool.map(fill, bands(small.shape[0], height, TILE_ROWS)))
    np.clip(out, 0, 1, out=out)
    return out


def slopes(guide: Pixels, channels: Pixels) -> Pixels:
    """How many times the photo's detail each channel gets: (h, w) and (3, h, w) -> (3, h, w)."""
    mean = _box(guide)
    variance: Pixels = _box(guide * guide) - mean * mean
    fitted = np.empty_like(channels)
    for slope, plane in zip(fitted, channels, strict=True):
        slope[:] = _box((_box(guide * plane) - mean * _box(plane)) / (variance + np.float32(SMOOTH)))
    whole = fitted.mean(axis=0)
    fitted += on_edges(guide) * np.clip(whole / UNSURE, -1, 1) * np.maximum(0, DRAWN - np.abs(whole))
    return fitted


def on_edges(guide: Pixels) -> Pixels:
    """1 on straight edges of a luminance, 0 where it is calm or texture, by its structure tensor: (h, w) -> (h, w)."""
    padded = np.pad(guide, 1, mode="edge")
    down, across = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1]), 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    dd, da, aa = _tent(_tent(np.stack([down * down, down * across, across * across])))
    both = dd + aa
    straight = np.sqrt(np.square(dd - aa) + 4 * da * da) / (both + np.float32(1e-5))
    edge: Pixels = np.clip((np.sqrt(both) - np.float32(CALM)) / np.float32(STEEP - CALM), 0, 1)
    edge *= np.clip((straight - np.float32(ROUND)) / np.float32(STRAIGHT - ROUND), 0, 1)
    return edge


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


def _without_grain(detail: Pixels) -> Pixels:
    """Detail of which what is small beside FAINT is left out."""
    square = detail * detail
    detail *= square
    square += np.float32(FAINT**2)
    detail /= square
    return detail


def _smoothed(planes: Pixels, scale: float) -> Pixels:
    """With fainter stripes of 2 px: (C, h, w) -> (C, h, w). Enlarged by little they hardly show."""
    share = np.float32(SMOOTHED * min(1.0, 2 * max(0.0, scale - 1)))
    return planes + share * (_tent(planes) - planes)


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
