"""A model cut between its halves at the style's numbers: what the photo half multiplies and shifts its maps by.

As published, a style half ends in a bottleneck, and the photo half reads its scales and shifts from that, by linear
maps. Here the maps go to the style half: a style is its scales and shifts (Dumoulin 2017, Eq. 5), which can be learnt,
and the photo half has less to do.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines.openvino.feature_maps import Key, key_of

if TYPE_CHECKING:
    import openvino


def cut_at_numbers(predict: "openvino.Model", transform: "openvino.Model") -> list["openvino.Model"]:
    """Style pictures to numbers (N, D), and photos and numbers to pictures.

    ``predict`` makes what ``transform`` takes beside the photo. Numbers are in network order: of each normalisation its
    scales, then its shifts. Both are left as they are.
    """
    return [_style_half(predict.clone(), transform.clone()), _photo_half(transform.clone())]


def _style_half(predict: "openvino.Model", transform: "openvino.Model") -> "openvino.Model":
    import openvino
    from openvino import opset13 as ops

    parts = _read_from_style(transform)
    bottleneck = predict.get_results()[0].input_value(0)
    _, taken = transform.get_parameters()  # beside the photo
    taken.output(0).replace(bottleneck)
    numbers = ops.concat([ops.reshape(part, ops.constant([0, -1]), special_zero=True) for part in parts], 1)
    return openvino.Model([ops.result(numbers)], predict.get_parameters(), "predict_style")


def _photo_half(transform: "openvino.Model") -> "openvino.Model":
    """Each part goes through a convolution of one place with weights of 1.

    So it comes in the order of a map's channels, and OpenVINO applies scale, shift and what follows in one pass: a mere
    slice of the numbers took the whole network a quarter more time.
    """
    import openvino
    from openvino import opset13 as ops

    parts, (photo, _) = _read_from_style(transform), transform.get_parameters()
    sizes = [_count(part) for part in parts]
    numbers = ops.parameter(openvino.PartialShape([-1, sum(sizes)]), openvino.Type.f32, name="numbers")
    spread = ops.reshape(numbers, ops.constant([0, -1, 1, 1]), special_zero=True)
    pieces = ops.variadic_split(spread, ops.constant(1), ops.constant(sizes)).outputs()
    for part, piece, size in zip(parts, pieces, sizes, strict=True):
        ones = ops.constant(np.ones((size, 1, 1, 1, 1), np.float32))
        ordered = ops.group_convolution(piece, ones, [1, 1], [0, 0], [0, 0], [1, 1])
        shape = [0, *(side.get_length() for side in list(part.get_partial_shape())[1:])]
        if shape != [0, size, 1, 1]:
            ordered = ops.reshape(ordered, ops.constant(shape), special_zero=True)
        for port in part.get_target_inputs():
            port.replace_source_output(ordered.output(0))
    return openvino.Model(transform.get_results(), [photo, numbers], "transform")


def _read_from_style(transform: "openvino.Model") -> list[Any]:
    """What depends on the style alone and is used where the photo comes in, in the order of use."""
    seeing, reading = (_dependent(transform, source) for source in transform.get_parameters())
    parts: dict[Key, Any] = {}
    for node in transform.get_ordered_ops():
        if node.get_friendly_name() not in seeing:
            continue
        for value in node.input_values():
            if (name := value.get_node().get_friendly_name()) in reading and name not in seeing:
                parts.setdefault(key_of(value), value)
    return list(parts.values())


def _dependent(model: "openvino.Model", source: Any) -> set[str]:
    """Names of the nodes that a source has a say in, itself included."""
    found = {source.get_friendly_name()}
    for node in model.get_ordered_ops():
        if any(value.get_node().get_friendly_name() in found for value in node.input_values()):
            found.add(node.get_friendly_name())
    return found


def _count(part: Any) -> int:
    """Numbers per style."""
    return int(np.prod([side.get_length() for side in list(part.get_partial_shape())[1:]]))
