"""Rewrites of a converted photo half that compute the same numbers in less time on a CPU.

A CPU computes 16 channels or more at once, so a map of few channels wastes most of what each operation on it costs.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines.openvino.feature_maps import readers, spread_around
from arbitrary_nst.engines.openvino.layout import TO_FIRST, TO_LAST, transposed

if TYPE_CHECKING:
    import openvino

FULL_VECTOR = 16  # channels


def widen(transform: "openvino.Model", columns: int) -> None:
    """Let convolutions into 3 colours compute ``columns`` neighbouring pixels at once, in place.

    One convolution that makes 3 x columns channels, with the kernel shifted by a pixel for each, in steps of as many
    pixels makes the same numbers, which then lie in the same order. The photo's width must be a multiple of
    ``columns``.
    """
    from openvino import opset13 as ops

    for node in transform.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        kernel, options = _constant(node.input_value(1)), node.get_attributes()
        if kernel is None:
            continue
        colours, channels, height, width = kernel.shape
        steps, padding = options["strides"] + options["dilations"], options["pads_begin"] + options["pads_end"]
        plain = steps == [1, 1, 1, 1] and not any(padding) and options["auto_pad"] in ("explicit", "valid")
        if colours != 3 or width == 1 or not plain:
            continue
        wide = np.zeros((columns, colours, channels, height, width + columns - 1), np.float32)
        for column in range(columns):
            wide[column, ..., column : column + width] = kernel
        wide = wide.reshape(columns * colours, *wide.shape[2:])
        made = ops.convolution(node.input_value(0), wide, [1, columns], [0, 0], [0, 0], [1, 1])
        apart = ops.reshape(transposed(made, TO_LAST), np.array([0, 0, -1, colours]), special_zero=True)
        node.output(0).replace(transposed(apart, TO_FIRST))


def fuse_narrow_norms(transform: "openvino.Model") -> None:
    """Make each instance normalisation of 4 to 16 channels one operation, in place.

    A network may spell it out: x * s + (b - mean * s) with s = g / sqrt(variance + epsilon). Given the normalised map
    for x, 0 for its mean and 1 - epsilon for its variance, the same formula scales by g and shifts by b.
    """
    from openvino import opset13 as ops

    for mean in transform.get_ordered_ops():
        spread = spread_around(mean)
        if spread is None or not 3 < _channels(spread) <= FULL_VECTOR:
            continue
        node, epsilons = spread, []
        while len(users := readers(node)) == 1:
            node = users[0]
            if node.get_type_name() == "Add":
                epsilons += [number for value in node.input_values() if (number := _constant(value)) is not None]
        scales = {user.get_name() for user in users if user.get_type_name() == "Multiply"}
        source = mean.input_value(0)
        scaled = [port for port in source.get_target_inputs() if port.get_node().get_name() in scales]
        if len(epsilons) != 1 or not scaled:
            continue
        epsilon = epsilons[0].item()
        whole = ops.mvn(source, mean.input_value(1), True, epsilon, "inside_sqrt")
        for port in scaled:
            port.replace_source_output(whole.output(0))
        for moment, value in ((mean, 0.0), (spread, 1.0 - epsilon)):
            moment.output(0).replace(ops.constant(np.full([1] * 4, value, np.float32)).output(0))
    transform.validate_nodes_and_infer_types()


def _channels(moment: Any) -> int:
    """Numbers per photo in a mean over rows and columns."""
    return int(max(side.get_max_length() for side in list(moment.get_output_partial_shape(0))[1:]))


def _constant(value: Any) -> Any:
    """The array behind an input that does not depend on the network's, or None."""
    node = value.get_node()
    while node.get_type_name() in ("Convert", "Unsqueeze", "Reshape"):
        node = node.input_value(0).get_node()
    return node.data.reshape(value.get_shape()) if node.get_type_name() == "Constant" else None
