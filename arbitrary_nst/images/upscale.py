"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels, resize
from arbitrary_nst.images.resampling import PRODUCT, resample
from arbitrary_nst.images.windows import box, over_five, quarters, tent, within

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
# Of a tile of the result, and of the small picture: what it needs stays in a core's cache.
TILE_ROWS, TILE_COLUMNS = 64, 128
ROWS_AT_ONCE, COLUMNS_AT_ONCE = 32, 64  # of a tile that one product enlarges: the fewer, the fewer zeros are multiplied
TOGETHER = 4  # tiles, one below the other, whose columns are enlarged together
SMALL_ROWS, SMALL_COLUMNS = 96, 192
REACH = 8  # px of the small picture, around a tile of it, that what is made there depends on
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


class Span(NamedTuple):
    """The rows or columns of a tile, as a band has them, and the bands that they are made by."""

    result: slice
    source: slice
    bands: list[Band]


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


class _Tile(NamedTuple):
    """A part of the result but for the gain of its edges: planes of equal shape.

    ``values`` (3, ...), the ``least`` and the ``most`` that they may become, what an ``edge`` adds to them for each 1
    of gain, and the ``slope`` (...) up to which there is a gain without.
    """

    values: Pixels
    least: Pixels
    most: Pixels
    edge: Pixels
    slope: Pixels

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> "_Tile":
        """Some of its pixels."""
        return _Tile(*(planes[..., rows, columns] for planes in self))

    def with_gain(self, gain: float) -> Pixels:
        """Its pixels in [0, 1]."""
        values = self.values + self.edge * np.clip(np.float32(gain) - self.slope, 0, None)
        return np.clip(within(values, self.least, self.most), 0, 1, out=values)


class _Carried:
    """A picture that is being carried up, tile by tile."""

    def __init__(self, photo: Pixels, small: Pixels, drawn: Pixels, pool: ThreadPoolExecutor) -> None:
        (height, width), (low, narrow) = photo.shape[:2], small.shape[:2]
        self._scale = max(height / low, width / narrow)
        self._far = np.float32(
            min(1.0, 2 * max(0.0, self._scale - 1))
        )  # 0 where nothing is enlarged, 1 from 1.5 times on
        self._photo, self._small, self._drawn, self.result = photo, small, drawn, np.empty_like(photo)
        self._cubic, self._linear = (np.empty((planes, low, narrow), np.float32) for planes in (7, 16))
        parts = [(top, left) for top in range(0, low, SMALL_ROWS) for left in range(0, narrow, SMALL_COLUMNS)]
        list(pool.map(self._make, parts))
        self._columns = _spans(
            narrow, width, TILE_COLUMNS, COLUMNS_AT_ONCE if self._scale > 2 else COLUMNS_AT_ONCE // 2
        )
        rows = _spans(low, height, TILE_ROWS, ROWS_AT_ONCE)
        once = max(span.source.stop - span.source.start for span in rows)
        once *= max(band.linear.size for span in self._columns for band in span.bands)
        together = max(1, min(PRODUCT // once, TOGETHER))
        self.rows = [rows[first : first + together] for first in range(0, len(rows), together)]

    def _make(self, corner: tuple[int, int]) -> None:
        """What is enlarged, of a tile of the small picture."""
        top, left = (max(0, start - REACH) for start in corner)
        here = np.s_[top : corner[0] + SMALL_ROWS + REACH, left : corner[1] + SMALL_COLUMNS + REACH]
        inner = np.s_[:, corner[0] - top :, corner[1] - left :][:1] + tuple(
            slice(start - first, start - first + side)
            for start, first, side in zip(corner, (top, left), (SMALL_ROWS, SMALL_COLUMNS), strict=True)
        )
        planes, guide = np.ascontiguousarray(np.moveaxis(self._drawn[here], 2, 0)), self._small[here] @ GREY
        strokes = planes + np.float32(SMOOTHED) * self._far * (tent(planes) - planes)
        steep = steepening(strokes, HARDNESS * self._scale)
        missed = np.float32(KEPT) * self._far * (planes - _on_screen(strokes, steep))
        place = np.s_[:, corner[0] : corner[0] + SMALL_ROWS, corner[1] : corner[1] + SMALL_COLUMNS]
        for made, parts in (
            (self._cubic[place], (strokes, missed, guide[np.newaxis])),
            (self._linear[place], (steep, slopes(guide, strokes))),
        ):
            np.concatenate([part[inner] for part in parts], out=made)

    def fill(self, rows: list[Span], gain: float) -> None:
        """Some runs of the result's rows, one below the other."""
        for across in self._columns:
            for run, tile in zip(rows, self._tiles(rows, across), strict=True):
                target, values = self.result[run.result, across.result], tile.with_gain(gain)
                for channel in range(3):  # one by one: much faster than with the axis moved
                    target[..., channel] = values[channel]

    def gain(self, pool: ThreadPoolExecutor) -> float:
        """How many times the photo's detail its edges get: as many as make the steepest as steep as in the photo.

        One tile of ``LOOKED_AT`` is looked at, with each of ``GAINS``; between them the steepness is taken as linear.
        """
        runs = [run for rows in self.rows for run in rows]
        tiles = [
            (run, across) for i, run in enumerate(runs) for across in self._columns[-3 * i % LOOKED_AT :: LOOKED_AT]
        ]
        own = list(pool.map(lambda tile: _steepness(_planes(self._photo[tile[0].result, tile[1].result])), tiles))
        seen = np.concatenate([each.ravel() for each in own])
        limit = max(np.quantile(seen, 1 - STEEPEST), FAINT_EDGE) if seen.size else np.inf
        wanted = float(seen[seen >= limit].sum())

        def steepness(tile: tuple[Span, Span], own: Pixels) -> NDArray[np.float64]:
            """Of the edges in a tile, added up, with each gain."""
            rows, columns = np.nonzero(own >= limit)
            if not rows.size:
                return np.zeros(len(GAINS))
            around = (
                np.stack([rows + 1, rows + 1, rows + 2, rows]),
                np.stack([columns + 2, columns, columns + 1, columns + 1]),
            )
            edges = next(self._tiles([tile[0]], tile[1])).at(*around)
            drawn = (edges.with_gain(gain) for gain in GAINS)
            return np.array([_length_of(each[:, 0] - each[:, 1], each[:, 2] - each[:, 3]).sum() for each in drawn])

        found = np.sum([*pool.map(steepness, tiles, own), np.zeros(len(GAINS))], axis=0)
        return float(np.interp(wanted, np.maximum.accumulate(found), GAINS))

    def _tiles(self, rows: list[Span], across: Span) -> Iterator[_Tile]:
        """Parts of the result, one below the other."""
        source = slice(rows[0].source.start, rows[-1].source.stop)
        cubic = _across(self._cubic[:, source], across, lambda band: band.cubic)
        linear = _across(self._linear[:, source], across, lambda band: band.linear)
        for run in rows:
            photo = self._photo[run.result, across.result]
            yield self._tile(
                photo,
                _down(cubic, source.start, run, lambda band: band.cubic),
                _down(linear, source.start, run, lambda band: band.linear),
            )

    def _tile(self, photo: Pixels, cubic: Pixels, linear: Pixels) -> _Tile:
        """A part of the result, of the photo there and of what was enlarged, which it uses up."""
        detail = _without_grain(photo @ GREY - cubic[6])
        values = _steepened(cubic[:3], linear)
        values += cubic[3:6]
        slope, edge, likely = linear[13], linear[14], linear[15]
        linear[10:13] *= detail
        values += linear[10:13]
        edge *= self._far
        edge *= within(detail.copy(), -likely, likely)
        beyond = np.float32(BEYOND) * np.abs(edge)
        linear[3:6] -= beyond
        linear[6:9] += beyond
        return _Tile(values, linear[3:6], linear[6:9], edge, np.abs(slope, out=slope))


def _across(planes: Pixels, span: Span, weights: Callable[[Band], Pixels]) -> Pixels:
    """Columns of planes (C, h, w) enlarged: (C, h, columns)."""
    made = np.empty((*planes.shape[:2], span.result.stop - span.result.start), np.float32)
    for band in span.bands:
        place = slice(band.result.start - span.result.start, band.result.stop - span.result.start)
        np.matmul(planes[..., band.source], weights(band).T, out=made[..., place])
    return made


def _down(planes: Pixels, first: int, span: Span, weights: Callable[[Band], Pixels]) -> Pixels:
    """Rows of planes (C, h, columns), of which ``first`` is the first, enlarged: (C, rows, columns)."""
    made = np.empty((len(planes), span.result.stop - span.result.start, planes.shape[2]), np.float32)
    for band in span.bands:
        place = slice(band.result.start - span.result.start, band.result.stop - span.result.start)
        source = slice(band.source.start - first, band.source.stop - first)
        np.matmul(weights(band), planes[:, source], out=made[:, place])
    return made


def _on_screen(strokes: Pixels, steep: Pixels) -> Pixels:
    """Strokes carried up and reduced to their size again, (3, h, w): they are carried to twice that, which tells."""
    total = np.zeros_like(strokes)
    for lines, steep_lines in zip(quarters(strokes, 1, CUBIC), quarters(steep, 1, LINEAR), strict=True):
        for values, here in zip(quarters(lines, 2, CUBIC), quarters(steep_lines, 2, LINEAR), strict=True):
            total += _steepened(values, here)
    total *= np.float32(0.25)
    return total


def _steepened(values: Pixels, steep: Pixels) -> Pixels:
    """Enlarged strokes (3, H, W) with what ``steepening`` says, enlarged too."""
    values *= steep[9]
    values += steep[:3]
    return within(values, steep[3:6], steep[6:9])


def _planes(pixels: Pixels) -> Pixels:
    """(H, W, 3) -> (3, H, W)."""
    return np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def _steepness(planes: Pixels) -> Pixels:
    """Change per px at each inner pixel, (3, H, W) -> (H - 2, W - 2), by central differences; of all colours."""
    return _length_of(planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2], planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1])


def _length_of(across: Pixels, down: Pixels) -> Pixels:
    """Change per px of differences (3, ...) over two."""
    steep: Pixels = np.sqrt((across * across + down * down).sum(axis=0) / np.float32(12))
    return steep


def slopes(guide: Pixels, channels: Pixels) -> Pixels:
    """How many times the photo's detail each channel gets: (h, w) and (3, h, w) -> (6, h, w).

    The last three are the mean of those; how much of an edge there is where that shall be as large as a gain: 1 where
    the photo has an edge that is drawn as it is, -1 where dark and light are drawn the other way about; and how much of
    the detail can be an edge's: half of what the small photo varies by in 5 x 5 px. What is more is texture.
    """
    products = guide * channels
    mean, square, *means = box(np.stack([guide, guide * guide, *channels, *products]))
    variance = square - mean * mean + np.float32(SMOOTH)
    fitted = box((np.stack(means[3:]) - mean * np.stack(means[:3])) / variance)
    whole = fitted.mean(axis=0)
    least, most = (over_five(guide[np.newaxis], pick)[0] for pick in (np.minimum, np.maximum))
    return np.stack([*fitted, whole, on_edges(guide) * np.clip(whole / UNSURE, -1, 1), (most - least) / 2])


def on_edges(guide: Pixels) -> Pixels:
    """1 on straight edges of a luminance, 0 where it is calm or texture, by its structure tensor: (h, w) -> (h, w)."""
    padded = np.pad(guide, 1, mode="edge")
    down, across = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1]), 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    near = tent(tent(np.stack([down * down, down * across, across * across])))
    edge: Pixels = np.clip((np.sqrt(near[0] + near[2]) - np.float32(CALM)) / np.float32(STEEP - CALM), 0, 1)
    wide = box(near)  # what is straight for some px only is texture
    for (dd, da, aa), (round_, straight) in zip((near, wide), STRAIGHT, strict=True):
        along = np.sqrt(np.square(dd - aa) + 4 * da * da) / (dd + aa + np.float32(1e-5))
        edge *= np.clip((along - np.float32(round_)) / np.float32(straight - round_), 0, 1)
    return edge


def steepening(channels: Pixels, most_gain: float) -> Pixels:
    """What makes soft edges steep, (10, h, w): (1 - gain) * mean, the least and the most of each channel, the gain.

    A value v becomes gain * v + (1 - gain) * mean, kept within the least and the most.
    """
    least, most = (over_five(channels, pick) for pick in (np.minimum, np.maximum))
    edge = np.clip(((most - least).max(axis=0) - SOFT) / (HARD - SOFT), 0, 1)
    gain = (1 + max(0.0, most_gain - 1) * edge).astype(np.float32)
    mean = tent(tent(channels))
    return np.stack([*((1 - gain) * mean), *least, *most, gain])


def _spans(small: int, full: int, length: int, at_once: int) -> list[Span]:
    made, several = bands(small, full, at_once), length // at_once
    groups = [made[first : first + several] for first in range(0, len(made), several)]
    return [
        Span(
            slice(group[0].result.start, group[-1].result.stop),
            slice(group[0].source.start, group[-1].source.stop),
            group,
        )
        for group in groups
    ]


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


def _without_grain(detail: Pixels) -> Pixels:
    """Detail of which what is small beside FAINT is left out; in place."""
    square = detail * detail
    detail *= square
    square += np.float32(FAINT**2)
    detail /= square
    return detail


# Of the pixels around a place a quarter of a pixel before one of them.
CUBIC = tuple(_cubic(np.array([1.75, 0.75, 0.25, 1.25])).tolist())
LINEAR = (0.25, 0.75)
