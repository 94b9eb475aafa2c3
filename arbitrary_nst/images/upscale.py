"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.islands import without_islands
from arbitrary_nst.images.photo import Pixels, resample, resize

RADIUS = 3  # px of the small picture: half the window in which one affine map is fitted
SMOOTH = 2e-3  # variance of luminance below which the photo counts as flat
SMOOTHED = 0.7  # of what weights 1-2-1 take away: with all, fine strokes are lost, with half, grids and grit begin
FAINT = 0.03  # detail of the photo below it is grain, and most of it is left out
CALM, STEEP = 0.02, 0.05  # change of the small photo per px up to which nothing is an edge; from which on it is one
# How much more the brightness changes along an edge's steepest way than across it, as a share of both, up to which
# nothing is straight and from which on it is; within 5 px, and within 11.
STRAIGHT = (0.3, 0.6), (0.2, 0.4)
GAINS = (0.0, 1.0, 2.0, 4.0)  # times the photo's detail that its edges may get, to be as steep as in the photo
BEYOND = 1.0  # times that detail by which an edge may leave what the drawn picture has around it
UNSURE = 0.05  # slope below which it is not told whether a drawn edge goes up where the photo's does, or down
HARDNESS = 0.6  # share of the enlargement by which an edge, a ramp of some px when enlarged, is made steeper
# What varies less than the first, in a window of 5 px, is no stroke's edge and stays soft; above the second it is one.
SOFT, HARD = 0.04, 0.10
KEPT = 0.5  # of what a screen would otherwise show differently from the drawn picture
# Of a tile of the result: what it needs stays in a core's cache, and no library starts threads of its own for it.
TILE_ROWS, TILE_COLUMNS = 64, 128
LOOKED_AT = 13  # one tile of so many tells how steep edges are
STEEPEST, FAINT_EDGE = 0.01, 8 / 255  # share of pixels that are hard edges; change per px below which none is
GREY = np.full(3, 1 / 3, np.float32)


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

    (H, W, 3), (h, w, 3) and (h, w, 3) in [0, 1] -> (H, W, 3). Three things are added up: the strokes, enlarged and
    made steep; what a screen would miss of the drawn picture, enlarged; and the detail that the photo has beyond what
    its small version, enlarged, has. ``threads`` are those it may keep busy; the result does not depend on them.

    Strokes: ``drawn`` is smoothed (SMOOTHED) first, as stripes of 2 px would be seen when enlarged. What that made soft
    is made steep again: a value moves away from the mean around it, HARDNESS * H / h times as far, but not beyond the
    least and the most around it, so nothing rings.

    Missed: the drawn picture less the strokes reduced to its size, KEPT of it (a step of back-projection, Irani and
    Peleg 1991).

    Detail: as in the fast guided filter (He and Sun 2015, arXiv:1505.00996) with the luminance as guide: in every
    window of the small picture each channel is fitted as a * luminance + b, and the detail is added a times. Departing
    from the paper, faint detail, grain, is left out, and on the photo's straight edges the mean a is at least a gain,
    or at most its negative: the gain with which the photo's hardest edges are as steep as in the photo.
    """
    with ThreadPoolExecutor(threads, "carry") as pool:
        carried = _Carried(photo, small, drawn, pool)
        gain = carried.gain(pool)
        list(pool.map(lambda rows: carried.fill(rows, gain), carried.rows))
    return carried.result


class _Carried:
    """A picture that is being carried up, tile by tile."""

    def __init__(self, photo: Pixels, small: Pixels, drawn: Pixels, pool: ThreadPoolExecutor) -> None:
        height, width = photo.shape[:2]
        scale = max(height / small.shape[0], width / small.shape[1])
        self._far = np.float32(min(1.0, 2 * max(0.0, scale - 1)))  # 0 where nothing is enlarged, 1 from 1.5 times on
        self._photo, self.result = photo, np.empty_like(photo)
        self.rows = bands(small.shape[0], height, TILE_ROWS)
        self._columns = bands(small.shape[1], width, TILE_COLUMNS)
        planes, guide = np.ascontiguousarray(np.moveaxis(drawn, 2, 0)), small.mean(axis=2, dtype=np.float32)
        strokes = planes + np.float32(SMOOTHED) * self._far * (_tent(planes) - planes)
        steep = steepening(strokes, HARDNESS * scale)
        missed = np.float32(KEPT) * self._far * (planes - _on_screen(strokes, steep, pool))
        self._cubic = np.concatenate([strokes, missed, guide[np.newaxis]])
        self._linear = np.concatenate([steep, slopes(guide, strokes)])

    def fill(self, rows: Band, gain: float) -> None:
        """A run of the result's rows."""
        for across in self._columns:
            self.result[rows.result, across.result] = np.moveaxis(self._tile(rows, across, gain), 0, -1)

    def gain(self, pool: ThreadPoolExecutor) -> float:
        """How many times the photo's detail its edges get: as many as make the steepest as steep as in the photo.

        One tile of ``LOOKED_AT`` is looked at, with each of ``GAINS``; between them the steepness is taken as linear.
        """
        tiles = [
            (rows, across)
            for i, rows in enumerate(self.rows)
            for across in self._columns[-3 * i % LOOKED_AT :: LOOKED_AT]
        ]
        photos = [np.moveaxis(self._photo[rows.result, across.result], -1, 0) for rows, across in tiles]
        own = [_steepness(tile) for tile in photos]
        seen = np.concatenate([each.ravel() for each in own])
        limit = max(np.quantile(seen, 1 - STEEPEST), FAINT_EDGE) if seen.size else np.inf
        hard = [(tile, each >= limit) for tile, each in zip(tiles, own, strict=True) if (each >= limit).any()]
        wanted = sum(float(each[each >= limit].sum()) for each in own)

        def steepness(gain: float) -> float:
            drawn = pool.map(lambda edge: self._tile(edge[0][0], edge[0][1], gain), hard)
            return sum(float(_steepness(tile)[edges].sum()) for tile, (_, edges) in zip(drawn, hard, strict=True))

        found = list[float]()
        for gain in GAINS:
            found.append(steepness(gain))
            if found[-1] >= wanted:
                break
        return float(np.interp(wanted, np.maximum.accumulate(found), GAINS[: len(found)]))

    def _tile(self, rows: Band, across: Band, gain: float) -> Pixels:
        """A part of the result, (3, rows, columns)."""
        source = slice(None), rows.source, across.source
        cubic = _enlarged(self._cubic[source], rows.cubic, across.cubic)
        linear = _enlarged(self._linear[source], rows.linear, across.linear)
        detail = _without_grain(self._photo[rows.result, across.result] @ GREY - cubic[6])
        values = _steepened(cubic[:3], linear)
        values += cubic[3:6]
        values += linear[10:13] * detail
        slope, edge, likely = linear[13], linear[14], linear[15]
        edge *= self._far * np.clip(detail, -likely, likely)
        values += edge * np.maximum(0, np.float32(gain) - np.abs(slope))
        beyond = np.float32(BEYOND) * np.abs(edge)
        np.clip(values, linear[3:6] - beyond, linear[6:9] + beyond, out=values)
        return np.clip(values, 0, 1, out=values)


def _on_screen(strokes: Pixels, steep: Pixels, pool: ThreadPoolExecutor) -> Pixels:
    """Strokes carried up and reduced to their size again, (3, h, w): they are carried to twice that, which tells."""
    height, width = strokes.shape[1:]
    columns, shown = bands(width, 2 * width, TILE_COLUMNS), np.empty_like(strokes)

    def fill(rows: Band) -> None:
        for across in columns:
            source = slice(None), rows.source, across.source
            values = _enlarged(strokes[source], rows.cubic, across.cubic)
            values = _steepened(values, _enlarged(steep[source], rows.linear, across.linear))
            down = values[:, ::2] + values[:, 1::2]
            top, left = rows.result.start // 2, across.result.start // 2
            shown[:, top : top + down.shape[1], left : left + down.shape[2] // 2] = down[..., ::2] + down[..., 1::2]

    list(pool.map(fill, bands(height, 2 * height, TILE_ROWS)))
    return np.float32(0.25) * shown


def _enlarged(planes: Pixels, down: Pixels, across: Pixels) -> Pixels:
    """By the weights of bands of rows and columns: (C, h, w) -> (C, H, W)."""
    enlarged: Pixels = np.matmul(down, np.matmul(planes, across.T))
    return enlarged


def _steepened(values: Pixels, steep: Pixels) -> Pixels:
    """Enlarged strokes (3, H, W) with what ``steepening`` says, enlarged too."""
    values *= steep[9]
    values += steep[:3]
    return np.clip(values, steep[3:6], steep[6:9], out=values)


def _steepness(planes: Pixels) -> Pixels:
    """Change per px at each inner pixel, (3, H, W) -> (H - 2, W - 2), by central differences; of all colours."""
    across, down = planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2], planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1]
    steep: Pixels = np.sqrt((across * across + down * down).sum(axis=0) / np.float32(12))
    return steep


def slopes(guide: Pixels, channels: Pixels) -> Pixels:
    """How many times the photo's detail each channel gets: (h, w) and (3, h, w) -> (6, h, w).

    The last three are the mean of those; how much of an edge there is where that shall be as large as a gain: 1 where
    the photo has an edge that is drawn as it is, -1 where dark and light are drawn the other way about; and how much of
    the detail can be an edge's: half of what the small photo varies by in 5 x 5 px. What is more is texture.
    """
    mean = _box(guide)
    variance: Pixels = _box(guide * guide) - mean * mean
    fitted = np.empty_like(channels)
    for slope, plane in zip(fitted, channels, strict=True):
        slope[:] = _box((_box(guide * plane) - mean * _box(plane)) / (variance + np.float32(SMOOTH)))
    whole = fitted.mean(axis=0)
    least, most = (_neighbours(_neighbours(guide[np.newaxis], pick), pick)[0] for pick in (np.minimum, np.maximum))
    return np.stack([*fitted, whole, on_edges(guide) * np.clip(whole / UNSURE, -1, 1), (most - least) / 2])


def on_edges(guide: Pixels) -> Pixels:
    """1 on straight edges of a luminance, 0 where it is calm or texture, by its structure tensor: (h, w) -> (h, w)."""
    padded = np.pad(guide, 1, mode="edge")
    down, across = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1]), 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    near = _tent(_tent(np.stack([down * down, down * across, across * across])))
    edge: Pixels = np.clip((np.sqrt(near[0] + near[2]) - np.float32(CALM)) / np.float32(STEEP - CALM), 0, 1)
    wide = np.stack([_box(plane) for plane in near])  # what is straight for some px only is texture
    for (dd, da, aa), (round_, straight) in zip((near, wide), STRAIGHT, strict=True):
        along = np.sqrt(np.square(dd - aa) + 4 * da * da) / (dd + aa + np.float32(1e-5))
        edge *= np.clip((along - np.float32(round_)) / np.float32(straight - round_), 0, 1)
    return without_islands(edge)


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
    return detail * (square / (square + np.float32(FAINT**2)))


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
