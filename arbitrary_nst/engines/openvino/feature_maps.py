"""Which of a network's tensors have rows and columns, and how they lie."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from arbitrary_nst.errors import EngineError

if TYPE_CHECKING:
    import openvino

Key = tuple[str, int]  # a tensor: the name of its node, and which of its outputs


@dataclass(frozen=True)
class Map:
    """A tensor with rows and columns. ``scale``: rows of it per row of the photo."""

    rows: int
    columns: int
    rank: int
    scale: float
    channels: int

    @property
    def channels_first(self) -> bool:
        """Whether it is (N, C, rows, columns)."""
        return (self.rank, self.rows, self.columns) == (4, 2, 3)

    @property
    def channels_last(self) -> "Map":
        """The map as it is held."""
        return replace(self, rows=1, columns=2) if self.channels_first else self

    @property
    def values(self) -> float:
        """Numbers per pixel of the photo."""
        return self.channels * self.scale**2


def key_of(output: Any) -> Key:
    """The key of a node's output."""
    return output.get_node().get_friendly_name(), output.get_index()


def readers(node: Any) -> list[Any]:
    """The nodes that read a node's first output."""
    return [target.get_node() for target in node.output(0).get_target_inputs()]


def spread_around(mean: Any) -> Any:
    """The mean of squared differences from this mean over the same map, or None; None for what is no mean, too."""
    if mean.get_type_name() != "ReduceMean":
        return None
    source = key_of(mean.input_value(0))
    spreads = [
        spread for difference in readers(mean)
        if difference.get_type_name() == "SquaredDifference"
        and source in [key_of(value) for value in difference.input_values()]
        for spread in readers(difference) if spread.get_type_name() == "ReduceMean"
    ]  # fmt: skip
    return spreads[0] if spreads else None


def find_maps(model: "openvino.Model", photo: str) -> dict[Key, Map]:
    """Every tensor with rows and columns, found by watching which axes grow with the photo."""
    base, taller, wider = (_shapes(model, photo, *size) for size in ((64, 64), (128, 64), (64, 128)))
    maps = {}
    for key, shape in base.items():
        rows = [axis for axis, side in enumerate(shape) if taller[key][axis] != side]
        columns = [axis for axis, side in enumerate(shape) if wider[key][axis] != side]
        if not rows and not columns:
            continue
        if len(rows) != 1 or len(columns) != 1 or rows == columns:
            raise uncut(f"{key[0]} mixes rows and columns")
        scale = (taller[key][rows[0]] - shape[rows[0]]) / 64
        channels = math.prod(side for axis, side in enumerate(shape) if axis not in (0, rows[0], columns[0]))
        maps[key] = Map(rows[0], columns[0], len(shape), scale, channels)
    return maps


def _shapes(model: "openvino.Model", photo: str, height: int, width: int) -> dict[Key, list[int]]:
    """Each tensor's shape for one photo of this size."""
    sized = model.clone()
    shapes = {}
    for node in sized.get_parameters():
        rest = [dimension.get_length() for dimension in list(node.get_partial_shape())[1:] if dimension.is_static]
        shapes[node.output(0)] = [1, height, width, 3] if node.get_friendly_name() == photo else [1, *rest]
    sized.reshape(shapes)
    return {
        key_of(output): list(output.get_shape())
        for node in sized.get_ordered_ops()
        for output in node.outputs()
        if output.get_partial_shape().is_static
    }


def uncut(why: str) -> EngineError:
    """What to raise for a model that cannot be cut."""
    return EngineError(f"this model cannot run in strips: {why}", "{max_size}, or more {max_memory}")
