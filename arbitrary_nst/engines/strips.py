"""A photo of any size through a cut network, strip by strip, with the result of the uncut run.

Strips are full rows. The maps between two passes are held whole, at most a few of them at a time: a pass may write
over the maps it reads, because a strip is written only after the next one has read its neighbours.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.engines import Pixels
from arbitrary_nst.engines.cut import Cut, Key, Map, Pass, input_name

if TYPE_CHECKING:
    import openvino

# About what computing one strip may take, in bytes. Thinner strips compute more neighbours twice.
STRIP_BYTES = 200 * 1000**2
# A strip has at least so many times its neighbours on one side: what is computed twice stays below an eighth.
HALOS = 16
# Bytes that a strip takes per number of the largest map in it: that map, the next, and OpenVINO's copies.
BYTES_PER_VALUE = 10

Array = NDArray[Any]
Input = tuple["openvino.Tensor", Array]


@dataclass
class _Work:
    """One photo on its way: the maps held and the small inputs so far, and the picture being filled."""

    photo: Pixels
    height: int
    width: int
    small: dict[str, Array]
    held: dict[Key, Array]
    picture: Pixels


@dataclass(frozen=True)
class _Strip:
    """The cells that a strip sees, neighbours included, and those of them that count."""

    seen: slice
    counted: slice


class Strips:
    """A cut network.

    ``compile`` makes a compiled model of a pass; ``start`` begins a request on its inputs, in order; ``wait`` ends it.
    """

    def __init__(
        self,
        cut: Cut,
        compile: Callable[[Any], "openvino.CompiledModel"],
        start: Callable[["openvino.InferRequest", list[Input]], None],
        wait: Callable[["openvino.InferRequest"], None],
    ) -> None:
        self._cut, self._compile, self._start, self._wait = cut, compile, start, wait
        self._last_read = {key: number for number, plan in enumerate(cut.passes) for key in plan.reads}

    def transform(self, photo: Pixels, bottleneck: Array, size: tuple[int, int], strip_bytes: int) -> Pixels:
        """Stylize a photo (H, W, 3) by a bottleneck in the network's own shape -> (H, W, 3).

        ``size`` is the height and width that the network takes; what the photo lacks of it is reflected.
        """
        work = _Work(photo, *size, {self._cut.bottleneck: bottleneck}, {}, np.empty(photo.shape, np.float32))
        for number, plan in enumerate(self._cut.passes):
            dying = [key for key in plan.reads if self._last_read[key] == number]
            written: dict[Key, Array] = {}
            moments = self._run(plan, work, written, [work.held[key] for key in dying], strip_bytes)
            names = [name for site in plan.sites for name in (site.mean, site.variance)]
            work.small |= dict(zip(names, moments, strict=True))
            work.held = {key: held for key, held in work.held.items() if key not in dying} | written
        return work.picture

    def memory(self, height: int, width: int, strip_bytes: int) -> int:
        """About how many bytes ``transform`` takes for a photo of this size, the picture included."""
        alive: set[Key] = set()
        most = 0.0
        for number, plan in enumerate(self._cut.passes):
            fresh = [self._cut.maps[key].values for key in plan.writes]
            for key in plan.reads:  # a map may take a dead one's place, if it has its size
                if self._last_read[key] == number and self._cut.maps[key].values in fresh:
                    fresh.remove(self._cut.maps[key].values)
            most = max(most, sum(self._cut.maps[key].values for key in alive) + sum(fresh))
            alive = {key for key in alive if self._last_read[key] > number} | set(plan.writes)
        wide = max(plan.values * (2 + HALOS) * plan.halo for plan in self._cut.passes) * self._cut.cell * width
        strip = min(max(strip_bytes, int(wide) * BYTES_PER_VALUE), height * width * BYTES_PER_VALUE * 64)
        held = height * width * most * (4 if self._cut.held_type == "f32" else 2)
        return int(held) + height * width * 3 * 4 + strip

    def _run(
        self, plan: Pass, work: _Work, written: dict[Key, Array], free: list[Array], strip_bytes: int
    ) -> list[Array]:
        """One pass over all strips: the mean and variance of each of its sites.

        Fills ``written``, on top of the arrays of ``free`` where shapes agree. A strip is written while the second
        after it is computed: only then has its other neighbour been read for certain.
        """
        strips = self._strips(plan, work, strip_bytes)
        network = self._compile(self._sized(plan, work, strips[0]))
        requests = [network.create_infer_request() for _ in range(3)]
        by_row: list[list[tuple[Array, Array]]] = [[] for _ in plan.sites]
        waiting: deque[tuple[Any, _Strip]] = deque()
        for number, strip in enumerate(strips):
            request = requests[number % 3]
            inputs = self._inputs(network, work, strip.seen)  # OpenVINO reads them where they are: keep them
            self._start(request, inputs)
            if len(waiting) == 2:
                self._keep(*waiting.popleft(), plan, work, written, free)
            self._wait(request)
            for site, rows in zip(plan.sites, by_row, strict=True):
                where = self._cut.maps[site.measured]
                part = _part(_output(request, plan.gives.index(site.measured)), where, _inner(strip, self._per(where)))
                rows.append(self._row_moments(part, where))
            waiting.append((request, strip))
        for request, strip in waiting:
            self._keep(request, strip, plan, work, written, free)
        return [moment for rows in by_row for moment in _moments(rows)]

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

    def _sized(self, plan: Pass, work: _Work, strip: _Strip) -> "openvino.Model":
        """The pass for strips of this size. The photo's last strip may lack rows, so there they stay open."""
        import openvino

        sizes: dict[Any, Any] = {}
        for node in plan.model.get_parameters():
            name, shape = node.get_friendly_name(), node.get_partial_shape()
            sizes[node.output(0)] = openvino.PartialShape([1, *list(shape)[1:]])
            if name == self._cut.photo:
                sizes[node.output(0)] = openvino.PartialShape([1, -1, work.width, 3])
            for key in plan.reads:
                if name == input_name(key):
                    held, where = list(work.held[key].shape), self._cut.maps[key]
                    held[where.rows] = (strip.seen.stop - strip.seen.start) * self._per(where)
                    sizes[node.output(0)] = openvino.PartialShape(held)
        model = plan.model.clone()
        model.reshape({model.get_parameters()[i].output(0): size for i, size in enumerate(sizes.values())})
        return model

    def _inputs(self, network: "openvino.CompiledModel", work: _Work, seen: slice) -> list[Input]:
        """What a strip needs, in the order of the network's inputs."""
        held = {input_name(key): (array, self._cut.maps[key]) for key, array in work.held.items()}
        inputs = []
        for port in network.inputs:
            name = port.get_node().get_friendly_name()
            if name == self._cut.photo:
                array: Array = _photo_rows(work, _rows(seen, self._cut.cell))
            elif name in held:
                array, where = held[name]
                array = _part(array, where, _rows(seen, self._per(where)))
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
        written: dict[Key, Array],
        free: list[Array],
    ) -> None:
        """Write what a strip computed: its rows of the maps, or of the picture."""
        for key in plan.writes:
            where = self._cut.maps[key]
            part = _part(_output(request, plan.gives.index(key)), where, _inner(strip, self._per(where)))
            if key not in written:
                shape = list(part.shape)
                shape[where.rows] = -(-work.height // self._cut.cell) * self._per(where)
                written[key] = _room(tuple(shape), part.dtype, free)
            _part(written[key], where, _rows(strip.counted, self._per(where)))[:] = part
        if plan.is_last:
            picture = work.picture[_rows(strip.counted, self._cut.cell)]
            first = _inner(strip, self._cut.cell).start
            picture[:] = _output(request, len(plan.gives))[0, first : first + len(picture), : picture.shape[1]]

    def _per(self, where: Map) -> int:
        """Rows of a map per cell."""
        return round(self._cut.cell * where.scale)

    def _row_moments(self, part: Array, where: Map) -> tuple[Array, Array]:
        """Mean and variance of each row of a map, per channel: (rows, channels) each."""
        request = self._measure(where).create_infer_request()
        inputs = [tensor(part)]
        self._start(request, inputs)
        self._wait(request)
        both = (np.array(request.get_output_tensor(number).data, np.float64) for number in range(2))
        means, variances = (np.moveaxis(each, where.rows, 0).reshape(part.shape[where.rows], -1) for each in both)
        return means, variances

    @cache  # noqa: B019 - as long as the engine
    def _measure(self, where: Map) -> "openvino.CompiledModel":
        import openvino
        from openvino import opset13 as ops

        element = openvino.Type.f32 if self._cut.held_type == "f32" else openvino.Type.bf16
        part = ops.parameter(openvino.PartialShape([-1] * where.rank), element)
        columns = ops.constant([where.columns], openvino.Type.i64)
        values = ops.convert(part, "f32")
        mean = ops.reduce_mean(values, columns, keep_dims=True)
        variance = ops.reduce_mean(ops.squared_difference(values, mean), columns, keep_dims=True)
        return self._compile(openvino.Model([ops.result(mean), ops.result(variance)], [part]))


def _rows(cells: slice, per_cell: int) -> slice:
    """The rows of a map, or of the photo, that belong to cells."""
    return slice(cells.start * per_cell, cells.stop * per_cell)


def _inner(strip: _Strip, per_cell: int) -> slice:
    """The rows that count, among those that a strip sees."""
    first = strip.seen.start
    return _rows(slice(strip.counted.start - first, strip.counted.stop - first), per_cell)


def _part(array: Array, where: Map, rows: slice) -> Array:
    """Some rows of a map."""
    return array[(slice(None),) * where.rows + (rows,)]


def _moments(rows: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and variance of a map from those of its rows, which all have one length."""
    means, variances = (np.concatenate(column) for column in zip(*rows, strict=True))
    return means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)


def _room(shape: tuple[int, ...], dtype: "np.dtype[Any]", free: list[Array]) -> Array:
    """An array to fill, one of ``free`` if it fits."""
    for number, array in enumerate(free):
        if array.shape == shape:
            return free.pop(number)
    return np.empty(shape, dtype)


def tensor(array: Array) -> Input:
    """The array for OpenVINO, without a copy where it allows that, and what must outlive its use.

    16-bit integers stand for bf16.
    """
    import openvino

    array = array if array.flags.c_contiguous and array.flags.writeable else array.copy()
    if array.dtype == np.uint16:
        shared = openvino.Tensor(array, openvino.Shape(array.shape), openvino.Type.bf16)
    else:
        shared = openvino.Tensor(array, shared_memory=True)
    return shared, array


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
