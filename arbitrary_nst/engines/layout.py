"""A network's elementwise operations and paddings moved to channels last.

OpenVINO's convolutions work in channels last and turn their inputs and outputs to and from it. A converted network has
channels first, which costs little inside one run; cut into many runs, the turning took longer than half a convolution.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openvino

ELEMENTWISE = {
    "Add", "Clamp", "Divide", "Elu", "Maximum", "Minimum", "Multiply", "Power", "Relu", "Sigmoid", "Sqrt", "Subtract",
    "Tanh",
}  # fmt: skip
TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def channels_last(model: "openvino.Model", is_map: Any) -> dict[tuple[str, int], tuple[str, int]]:
    """Change a network in place, ``is_map(output)`` telling which tensors are (N, C, rows, columns).

    Returns, for each map that now has a channels-last version, the name and output number of that version.
    """
    changed: set[str] = set()
    turned: dict[tuple[str, int], Any] = {}

    def last(output: Any) -> Any:
        """The channels-last version of a map."""
        key = output.get_node().get_friendly_name(), output.get_index()
        if key[0] in changed:
            return output
        if key not in turned:
            turned[key] = _transposed(output, TO_LAST)
        return turned[key]

    for node in model.get_ordered_ops():
        maps = [is_map(value) for value in node.input_values()]
        if node.get_type_name() in (*ELEMENTWISE, "Pad") and is_map(node.output(0)):
            for number, value in enumerate(node.input_values()):
                other = last(value) if maps[number] else _small(node, number, value)
                node.input(number).replace_source_output(other)
            changed.add(node.get_friendly_name())
        else:
            for number, value in enumerate(node.input_values()):
                if maps[number] and value.get_node().get_friendly_name() in changed:
                    node.input(number).replace_source_output(_transposed(value, TO_FIRST))
    model.validate_nodes_and_infer_types()
    return {key: (value.get_node().get_friendly_name(), 0) for key, value in turned.items()}


def _transposed(output: Any, order: list[int]) -> Any:
    import openvino
    from openvino import opset13 as ops

    return ops.transpose(output, ops.constant(order, openvino.Type.i64)).output(0)


def _small(node: Any, number: int, value: Any) -> Any:
    """An input that is no map, for channels last: a value per channel, or where to pad."""
    import openvino
    from openvino import opset13 as ops

    if node.get_type_name() == "Pad":
        return ops.gather(value, ops.constant(TO_LAST, openvino.Type.i64), 0).output(0) if number in (1, 2) else value
    rank = value.get_partial_shape().rank.get_length()
    if rank == 3:
        return _transposed(value, [1, 2, 0])
    return _transposed(value, TO_LAST) if rank == 4 else value
