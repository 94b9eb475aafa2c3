"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.enlarging import CUBIC, LINEAR, Span, spans, taller, wider
from arbitrary_nst.images.islands import without_islands
from arbitrary_nst.images.photo import GREY, Pixels, resize
from arbitrary_nst.images.resampling import PRODUCT, resample
from arbitrary_nst.images.steepening import on_edges, on_screen, slopes, steepened, steepening
from arbitrary_nst.images.windows import tent, within

SMOOTHED = 0.7  # of what weights 1-2-1 take away: with all, fine strokes are lost, with half, grids and grit begin
FAINT = 0.03  # detail of the photo below it is grain, and most of it is left out
GAINS = (0.0, 1.0, 2.0, 4.0)  # times the photo's detail that its edges may get, to be as steep as in the photo
BEYOND = 1.0  # times that detail by which an edge may leave what the drawn picture has around it
HARDNESS = 0.6  # share of the enlargement by which an edge, a ramp of some px when enlarged, is made steeper
KEPT = 0.5  # of what a screen would otherwise show differently from the drawn picture
# Of a tile of the result, and of the small picture: what it needs stays in a core's cache.
TILE_ROWS, TILE_COLUMNS = 64, 128
ROWS_AT_ONCE, COLUMNS_AT_ONCE = 32, 64  # of a tile that one product enlarges: the fewer, the fewer zeros are multiplied
TOGETHER = 4  # tiles, one below the other, whose columns are enlarged together
SMALL_ROWS, SMALL_COLUMNS = 96, 192
REACH = 8  # px of the small picture, around a tile of it, that what is made there depends on
LOOKED_AT = 13  # one tile of so many tells how steep edges are
STEEPEST, FAINT_EDGE = 0.01, 8 / 255  # share of pixels that are hard edges; change per px below which none is


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


Place = tuple[slice, slice]  # rows and columns


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
        pixels: Pixels = np.clip(within(values, self.least, self.most), 0, 1, out=values)
        return pixels


class _Carried:
    """A picture that is being carried up, tile by tile."""

    def __init__(self, photo: Pixels, small: Pixels, drawn: Pixels, pool: ThreadPoolExecutor) -> None:
        (height, width), (low, narrow) = photo.shape[:2], small.shape[:2]
        self._scale = max(height / low, width / narrow)
        # 0 where nothing is enlarged, 1 from 1.5 times on
        self._far = np.float32(min(1.0, 2 * max(0.0, self._scale - 1)))
        self._photo, self._small, self._drawn, self.result = photo, small, drawn, np.empty_like(photo)
        self._cubic, self._linear, self._edge = (np.empty((*n, low, narrow), np.float32) for n in ((7,), (16,), ()))
        corners = list(itertools.product(range(0, low, SMALL_ROWS), range(0, narrow, SMALL_COLUMNS)))
        list(pool.map(lambda corner: self._find_edges(*corner), corners))
        self._edge = without_islands(self._edge)  # of the whole: a tile does not see how long an edge goes on
        list(pool.map(lambda corner: self._make(*corner), corners))
        at_once = COLUMNS_AT_ONCE if self._scale > 2 else COLUMNS_AT_ONCE // 2
        self._columns, rows = spans(narrow, width, TILE_COLUMNS, at_once), spans(low, height, TILE_ROWS, ROWS_AT_ONCE)
        longest = max(span.source.stop - span.source.start for span in rows)
        largest = max(band.weights[LINEAR].size for span in self._columns for band in span.bands)
        together = max(1, min(PRODUCT // (longest * largest), TOGETHER))
        self.rows = [rows[first : first + together] for first in range(0, len(rows), together)]

    def _find_edges(self, top: int, left: int) -> None:
        """Where the photo has edges, of a tile."""
        tile, seen, inner = self._places(top, left)
        self._edge[tile] = on_edges(self._small[seen] @ GREY)[inner]

    def _places(self, top: int, left: int) -> tuple[Place, Place, Place]:
        """A tile of the small picture, the tile with what it depends on around, and where it is in that."""
        low, narrow = self._edge.shape
        bottom, right = min(top + SMALL_ROWS, low), min(left + SMALL_COLUMNS, narrow)
        first, before = max(0, top - REACH), max(0, left - REACH)
        seen = slice(first, bottom + REACH), slice(before, right + REACH)
        return np.s_[top:bottom, left:right], seen, np.s_[top - first : bottom - first, left - before : right - before]

    def _make(self, top: int, left: int) -> None:
        """What is enlarged, of a tile of the small picture."""
        place, seen, inner_place = self._places(top, left)
        tile, inner = (..., *place), (..., *inner_place)
        planes, guide = _planes(self._drawn[seen]), self._small[seen] @ GREY
        strokes = planes + np.float32(SMOOTHED) * self._far * (tent(planes) - planes)
        steep = steepening(strokes, HARDNESS * self._scale)
        missed = np.float32(KEPT) * self._far * (planes - on_screen(strokes, steep))
        np.concatenate([strokes[inner], missed[inner], guide[np.newaxis][inner]], out=self._cubic[tile])
        np.concatenate([steep[inner], slopes(guide, strokes, self._edge[seen])[inner]], out=self._linear[tile])

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
            around = rows + np.array([[1], [1], [2], [0]]), columns + np.array([[2], [0], [1], [1]])
            edges = next(self._tiles([tile[0]], tile[1])).at(*around)
            drawn = (edges.with_gain(gain) for gain in GAINS)
            return np.array([_length_of(each[:, 0] - each[:, 1], each[:, 2] - each[:, 3]).sum() for each in drawn])

        found = np.sum([*pool.map(steepness, tiles, own), np.zeros(len(GAINS))], axis=0)
        return float(np.interp(wanted, np.maximum.accumulate(found), GAINS))

    def _tiles(self, rows: list[Span], across: Span) -> Iterator[_Tile]:
        """Parts of the result, one below the other."""
        source = slice(rows[0].source.start, rows[-1].source.stop)
        cubic, linear = wider(self._cubic[:, source], across, CUBIC), wider(self._linear[:, source], across, LINEAR)
        for run in rows:
            enlarged = taller(cubic, source.start, run, CUBIC), taller(linear, source.start, run, LINEAR)
            yield self._tile(self._photo[run.result, across.result], *enlarged)

    def _tile(self, photo: Pixels, cubic: Pixels, linear: Pixels) -> _Tile:
        """A part of the result, of the photo there and of what was enlarged, which it uses up."""
        detail = _without_grain(photo @ GREY - cubic[6])
        values = steepened(cubic[:3], linear)
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


def _planes(pixels: Pixels) -> Pixels:
    """(H, W, 3) -> (3, H, W)."""
    planes: Pixels = np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
    return planes


def _steepness(planes: Pixels) -> Pixels:
    """Change per px at each inner pixel, (3, H, W) -> (H - 2, W - 2), by central differences; of all colours."""
    return _length_of(planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2], planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1])


def _length_of(across: Pixels, down: Pixels) -> Pixels:
    """Change per px of differences (3, ...) over two."""
    steep: Pixels = np.sqrt((across * across + down * down).sum(axis=0) / np.float32(12))
    return steep


def _without_grain(detail: Pixels) -> Pixels:
    """Detail of which what is small beside FAINT is left out; in place."""
    square = detail * detail
    detail *= square
    square += np.float32(FAINT**2)
    detail /= square
    return detail
