"""Mean and variance of a map that comes in parts of whole rows."""

import math
from typing import TYPE_CHECKING

import numpy as np

from arbitrary_nst.engines.openvino.infer import Array, Compile, finish, start, tensor

if TYPE_CHECKING:
    import openvino


# About what is measured at a time, in bytes: with its copy in f32 it stays in the cache.
PIECE_BYTES = 4 * 1000**2


class RowMoments:
    """Measures rows by a small network, one for each shape that comes, which ``compile`` compiles."""

    def __init__(self, compile: Compile) -> None:
        self._compile = compile
        self._requests: dict[tuple[int, ...], openvino.InferRequest] = {}

    def __call__(self, part: Array, rows: int, columns: int) -> tuple[Array, Array]:
        """Mean and mean square of each row of a part with these axes, per channel: (rows, channels) each."""
        pieces = np.array_split(part, min(math.ceil(part.nbytes / PIECE_BYTES), part.shape[rows]), axis=rows)
        means, squares = zip(*(self._measured(piece, rows, columns) for piece in pieces), strict=True)
        return np.concatenate(means), np.concatenate(squares)

    def _measured(self, piece: Array, rows: int, columns: int) -> tuple[Array, Array]:
        if piece.shape not in self._requests:
            self._requests[piece.shape] = self._network(piece, columns).create_infer_request()
        request, inputs = self._requests[piece.shape], [tensor(piece)]
        start(request, inputs)
        finish(request)
        both = (np.array(request.get_output_tensor(number).data, np.float64) for number in range(2))
        means, norms = (np.moveaxis(each, rows, 0).reshape(piece.shape[rows], -1) for each in both)
        return means, norms**2 / piece.shape[columns]

    def _network(self, piece: Array, columns: int) -> "openvino.CompiledModel":
        import openvino
        from openvino import opset13 as ops

        element = openvino.Type.bf16 if piece.dtype == np.uint16 else openvino.Type.f32
        parameter, axis = ops.parameter(piece.shape, element), ops.constant([columns], openvino.Type.i64)
        values = ops.convert(parameter, "f32")
        mean = ops.reduce_mean(values, axis, keep_dims=True)
        norm = ops.reduce_l2(values, axis, keep_dims=True)  # twice as fast as squares and their mean
        return self._compile(openvino.Model([ops.result(mean), ops.result(norm)], [parameter]), "f32")


def combined(rows: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and variance of a map from the means and mean squares of its rows, in float64."""
    mean, square = (np.concatenate(column).mean(axis=0) for column in zip(*rows, strict=True))
    return mean, np.maximum(square - mean**2, 0)
