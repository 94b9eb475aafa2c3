"""The first elementwise operations and paddings of a network moved to channels last.

Maps between passes are held in channels last, as OpenVINO's convolutions compute. A converted network has channels
first: turning a map at its input took longer than half a convolution, turning it right before the convolution is free.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines.openvino.feature_maps import Key, key_of

if TYPE_CHECKING:
    import openvino

ELEMENTWISE = {
    "Add", "Clamp", "Divide", "Elu", "Maximum", "Minimum", "Multiply", "Power", "Relu", "Sigmoid", "Sqrt", "Subtract",
    "Tanh",
}  # fmt: skip
TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def channels_last(model: "openvino.Model", is_map: Callable[[Any], bool]) -> None:
    """Move the transpositions to channels first as far behind the inputs as they go, in place.

    ``is_map(output)`` tells which tensors are (N, C, rows, columns).
    """
    lasts: dict[Key, Any] = {}  # the channels-last version of a map
    firsts: dict[Key, Any] = {}  # the channels-first version of a map that was moved to channels last
    for node in model.get_ordered_ops():
        values = node.input_values()
        keys = [key_of(value) for value in values]
        maps = [key for key, value in zip(keys, values, strict=True) if key in lasts or is_map(value)]
        if _order(node) == TO_FIRST and _is_input(values[0].get_node()):
            lasts[key_of(node.output(0))] = values[0]
        elif node.get_type_name() in (*ELEMENTWISE, "Pad") and maps and all(key in lasts for key in maps):
            for number, (key, value) in enumerate(zip(keys, values, strict=True)):
                node.input(number).replace_source_output(lasts[key] if key in lasts else _small(node, number, value))
            key = key_of(node.output(0))
            lasts[key], firsts[key] = node.output(0), transposed(node.output(0), TO_FIRST)
        else:
            for number, key in enumerate(keys):
                if key in firsts:
                    node.input(number).replace_source_output(firsts[key])
    for result in model.get_results():
        turned = result.input_value(0).get_node().input_value(0).get_node()
        if _order(turned) == TO_LAST and _order(back := turned.input_value(0).get_node()) == TO_FIRST:
            turned.output(0).replace(back.input_value(0))
    model.validate_nodes_and_infer_types()


def transposed(output: Any, order: list[int]) -> Any:
    """The output with its axes in another order."""
    import openvino
    from openvino import opset13 as ops

    return ops.transpose(output, ops.constant(order, openvino.Type.i64)).output(0)


def enlarged(x: Any, factors: list[float], axes: Any) -> Any:
    """The nearest neighbours, so many times as many along these axes."""
    from openvino import opset11

    return opset11.interpolate(
        x,
        np.array(factors, np.float32),
        mode="nearest",
        shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
        axes=axes,
    )


def _is_input(node: Any) -> bool:
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "Parameter")


def _order(node: Any) -> list[int] | None:
    """How a node transposes, or None."""
    if node.get_type_name() != "Transpose" or node.input_value(1).get_node().get_type_name() != "Constant":
        return None
    return [int(axis) for axis in node.input_value(1).get_node().data]


def _small(node: Any, number: int, value: Any) -> Any:
    """An input that is no map, for channels last: a value per channel, or where to pad."""
    import openvino
    from openvino import opset13 as ops

    if node.get_type_name() == "Pad":
        return ops.gather(value, ops.constant(TO_LAST, openvino.Type.i64), 0).output(0) if number in (1, 2) else value
    rank = value.get_partial_shape().rank.get_length()
    if rank == 3:
        return transposed(value, [1, 2, 0])
    return transposed(value, TO_LAST) if rank == 4 else value
