"""A photo of any size through a cut network, strip by strip, with the result of the uncut run.

Strips are full rows. The maps between two passes are held whole, at most a few of them at a time: a pass may write
over the maps it reads, because a strip is written only after the next one has read its neighbours. A map is held in
planes, one for each of its rows in a cell, so that a map of one resolution can take the place of one of another.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines import Pixels
from arbitrary_nst.engines.openvino.feature_maps import Key, Map
from arbitrary_nst.engines.openvino.infer import Array, Compile, Feed, finish, start, tensor
from arbitrary_nst.engines.openvino.moments import RowMoments, combined
from arbitrary_nst.engines.openvino.passes import Cut, Pass, input_name

if TYPE_CHECKING:
    import openvino

# A strip has at least so many times its neighbours on one side: what is computed twice stays below an eighth.
HALOS = 16
# Bytes that a strip takes per number of the largest map in it: that map, the next, and OpenVINO's copies.
BYTES_PER_VALUE = 10


@dataclass
class _Work:
    """One photo on its way: the maps held and the small inputs so far, and the picture being filled."""

    photo: Pixels
    height: int
    width: int
    small: dict[str, Array]
    held: dict[Key, list[Array]]
    picture: Pixels
    measure: RowMoments


@dataclass(frozen=True)
class _Strip:
    """The cells that a strip sees, neighbours included, and those of them that count."""

    seen: slice
    counted: slice


class Strips:
    """A cut network, whose passes ``compile`` compiles."""

    def __init__(self, cut: Cut, compile: Compile) -> None:
        self._cut, self._compile = cut, compile
        self._last_read = {key: number for number, plan in enumerate(cut.passes) for key in plan.reads}

    def transform(self, photo: Pixels, numbers: Array, size: tuple[int, int], strip_bytes: int) -> Pixels:
        """Stylize a photo (H, W, 3) by a style's numbers (1, D) -> (H, W, 3).

        ``size`` is the height and width that the network takes; what the photo lacks of it is reflected.
        """
        measure = RowMoments(self._compile)
        work = _Work(photo, *size, {self._cut.numbers: numbers}, {}, np.empty(photo.shape, np.float32), measure)
        for number, plan in enumerate(self._cut.passes):
            dying = [key for key in plan.reads if self._last_read[key] == number]
            written: dict[Key, list[Array]] = {}
            free = [plane for key in dying for plane in work.held[key]]
            moments = self._run(plan, work, written, free, strip_bytes)
            names = [name for site in plan.sites for name in (site.mean, site.variance)]
            work.small |= dict(zip(names, moments, strict=True))
            work.held = {key: held for key, held in work.held.items() if key not in dying} | written
        return work.picture

    def memory(self, height: int, width: int, strip_bytes: int) -> int:
        """About how many bytes ``transform`` takes for a photo of this size, the picture included."""

        def planes(keys: Iterable[Key]) -> list[float]:
            maps = [self._cut.maps[key] for key in keys]
            return [where.values / self._per(where) for where in maps for _ in range(self._per(where))]

        alive: set[Key] = set()
        most = 0.0
        for number, plan in enumerate(self._cut.passes):
            fresh = planes(plan.writes)
            for size in planes(key for key in plan.reads if self._last_read[key] == number):
                if size in fresh:  # takes the dead one's place
                    fresh.remove(size)
            most = max(most, sum(planes(alive)) + sum(fresh))
            alive = {key for key in alive if self._last_read[key] > number} | set(plan.writes)
        wide = max(plan.values * (2 + HALOS) * plan.halo for plan in self._cut.passes) * self._cut.cell * width
        strip = min(max(strip_bytes, int(wide) * BYTES_PER_VALUE), height * width * BYTES_PER_VALUE * 64)
        held = height * width * most * (4 if self._cut.held_type == "f32" else 2)
        return int(held) + height * width * 3 * 4 + strip

    def _run(
        self, plan: Pass, work: _Work, written: dict[Key, list[Array]], free: list[Array], strip_bytes: int
    ) -> list[Array]:
        """One pass over all strips: the mean and variance of each of its sites.

        Fills ``written``, on top of the arrays of ``free`` where shapes agree. A strip is written while the second
        after it is computed: only then has its other neighbour been read for certain.
        """
        strips = self._strips(plan, work, strip_bytes)
        network = self._network(plan, work, strips[0].seen)
        requests = [network.create_infer_request() for _ in range(3)]
        by_row: list[list[tuple[Array, Array]]] = [[] for _ in plan.sites]
        waiting: deque[tuple[Any, _Strip]] = deque()
        inputs = self._inputs(network, work, strips[0].seen)
        for number, strip in enumerate(strips):
            request = requests[number % 3]
            start(request, inputs)  # OpenVINO reads them where they are: keep them
            upcoming = self._inputs(network, work, strips[number + 1].seen) if number + 1 < len(strips) else []
            if len(waiting) == 2:
                self._keep(*waiting.popleft(), plan, work, written, free)
            finish(request)
            for site, rows in zip(plan.sites, by_row, strict=True):
                where = self._cut.maps[site.measured]
                part = _part(_output(request, plan.gives.index(site.measured)), where, _inner(strip, self._per(where)))
                rows.append(work.measure(part, where.rows, where.columns))
            waiting.append((request, strip))
            inputs = upcoming
        for request, strip in waiting:
            self._keep(request, strip, plan, work, written, free)
        return [moment for rows in by_row for moment in combined(rows)]

    def _strips(self, plan: Pass, work: _Work, strip_bytes: int) -> list[_Strip]:
        """Strips of one size, sliding back at the end, so that the network is compiled for one only."""
        cell = self._cut.cell
        cells = -(-work.height // cell)
        step = int(strip_bytes / (plan.values * BYTES_PER_VALUE * work.width * cell))
        step = min(max(step, HALOS * plan.halo, 1), cells)
        length = min(step + 2 * plan.halo, cells)
        starts = [min(max(first - plan.halo, 0), cells - length) for first in range(0, cells, step)]
        return [
            _Strip(slice(start, start + length), slice(first, min(first + step, cells)))
            for start, first in zip(starts, range(0, cells, step), strict=True)
        ]

    def _network(self, plan: Pass, work: _Work, seen: slice) -> "openvino.CompiledModel":
        """The pass for strips of this size. The photo's last strip may lack rows, so there they stay open."""
        import openvino

        shapes = {}
        model = plan.model.clone()
        for node in model.get_parameters():
            name, shape = node.get_friendly_name(), [1, *list(node.get_partial_shape())[1:]]
            if name == self._cut.photo:
                shape = [1, -1, work.width, 3]
            for key in plan.reads:
                if name == input_name(key):
                    where, shape = self._cut.maps[key], list(work.held[key][0].shape)
                    shape[where.rows] = (seen.stop - seen.start) * self._per(where)
            shapes[node.output(0)] = openvino.PartialShape(shape)
        model.reshape(shapes)
        return self._compile(model, self._cut.held_type)

    def _inputs(self, network: "openvino.CompiledModel", work: _Work, seen: slice) -> list[Feed]:
        """What a strip needs, in the order of the network's inputs."""
        held = {input_name(key): (planes, self._cut.maps[key]) for key, planes in work.held.items()}
        inputs = []
        for port in network.inputs:
            name = port.get_node().get_friendly_name()
            if name == self._cut.photo:
                array: Array = _photo_rows(work, _rows(seen, self._cut.cell))
            elif name in held:
                array = _cells(*held[name], seen)
            else:
                array = work.small[name].reshape(port.get_shape()).astype(np.float32)
            inputs.append(tensor(array))
        return inputs

    def _keep(
        self,
        request: "openvino.InferRequest",
        strip: _Strip,
        plan: Pass,
        work: _Work,
        written: dict[Key, list[Array]],
        free: list[Array],
    ) -> None:
        """Write what a strip computed: its rows of the maps, or of the picture."""
        for key in plan.writes:
            where = self._cut.maps[key]
            part = _part(_output(request, plan.gives.index(key)), where, _inner(strip, self._per(where)))
            if key not in written:
                shape = list(part.shape)
                shape[where.rows] = -(-work.height // self._cut.cell)
                written[key] = [_room(tuple(shape), where.rows, part.dtype, free) for _ in range(self._per(where))]
            for number, plane in enumerate(written[key]):
                _part(plane, where, strip.counted)[:] = _part(part, where, slice(number, None, self._per(where)))
        if plan.is_last:
            picture = work.picture[_rows(strip.counted, self._cut.cell)]
            first = _inner(strip, self._cut.cell).start
            picture[:] = _output(request, len(plan.gives))[0, first : first + len(picture), : picture.shape[1]]

    def _per(self, where: Map) -> int:
        """Rows of a map per cell."""
        return round(self._cut.cell * where.scale)


def _rows(cells: slice, per_cell: int) -> slice:
    """The rows of a map, or of the photo, that belong to cells."""
    return slice(cells.start * per_cell, cells.stop * per_cell)


def _inner(strip: _Strip, per_cell: int) -> slice:
    """The rows that count, among those that a strip sees."""
    first = strip.seen.start
    return _rows(slice(strip.counted.start - first, strip.counted.stop - first), per_cell)


def _cells(planes: list[Array], where: Map, cells: slice) -> Array:
    """The rows of a held map that belong to cells."""
    parts = [_part(plane, where, cells) for plane in planes]
    if len(parts) == 1:
        return parts[0]
    shape = list(parts[0].shape)
    shape[where.rows] *= len(parts)
    return np.stack(parts, axis=where.rows + 1).reshape(shape)


def _part(array: Array, where: Map, rows: slice) -> Array:
    """Some rows of a map."""
    return array[(slice(None),) * where.rows + (rows,)]


def _room(shape: tuple[int, ...], rows: int, dtype: "np.dtype[Any]", free: list[Array]) -> Array:
    """An array to fill, one of ``free`` if its rows are as many and as long."""
    for number, array in enumerate(free):
        if array.size == math.prod(shape) and array.shape[: rows + 1] == shape[: rows + 1]:
            return free.pop(number).reshape(shape)
    return np.empty(shape, dtype)


def _output(request: "openvino.InferRequest", number: int) -> Array:
    """An output, valid until the request's next run; bf16 as 16-bit integers."""
    data = np.asarray(request.get_output_tensor(number).data)
    return data.view(np.uint16) if data.dtype.itemsize == 2 else data


def _photo_rows(work: _Work, rows: slice) -> Pixels:
    """Rows of the photo as the network takes it: reflected where it has no more."""
    part = work.photo[rows]
    below, beside = min(rows.stop, work.height) - rows.start - len(part), work.width - part.shape[1]
    if below:
        lines = np.pad(np.arange(len(work.photo)), (0, work.height - len(work.photo)), mode="reflect")
        part = work.photo[lines[rows]]
    return np.pad(part, ((0, 0), (0, beside), (0, 0)), mode="reflect")[np.newaxis] if beside else part[np.newaxis]
