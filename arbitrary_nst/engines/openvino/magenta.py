"""The network of ``networks.magenta`` in OpenVINO's operations: `magenta` is converted without TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.engines.openvino.layout import TO_FIRST, TO_LAST, enlarged, transposed
from arbitrary_nst.model_zoo.networks.magenta import (
    BATCH_EPSILON,
    INSTANCE_EPSILON,
    MODULES,
    RESIDUAL_BLOCKS,
    STYLED,
)

if TYPE_CHECKING:
    import openvino

Weights = Mapping[str, NDArray[np.float32]]
Node = Any


def halves_of_weights(weights: Weights) -> list["openvino.Model"]:
    """Style pictures (N, S, S, 3) to numbers (N, D), and photos (N, H, W, 3) and numbers to pictures."""
    import openvino
    from openvino import opset13 as ops

    style = ops.parameter([-1, -1, -1, 3], np.float32, name="style")
    photo = ops.parameter([-1, -1, -1, 3], np.float32, name="photo")
    sizes = [weights[f"{layer}/weights"].shape[3] for layer in STYLED for _ in range(2)]
    numbers = ops.parameter([-1, sum(sizes)], np.float32, name="numbers")
    drawn = _transform(weights, transposed(photo, TO_FIRST), numbers, sizes)
    return [
        openvino.Model([ops.result(_predict_style(weights, transposed(style, TO_FIRST)))], [style], "predict_style"),
        openvino.Model([ops.result(transposed(drawn, TO_LAST))], [photo, numbers], "transform"),
    ]


def _predict_style(weights: Weights, x: Node) -> Node:
    from openvino import opset13 as ops

    x = _inception(weights, "Conv2d_1a_3x3", x, 2, "valid")
    x = _inception(weights, "Conv2d_2a_3x3", x, 1, "valid")
    x = _max_pool(_inception(weights, "Conv2d_2b_3x3", x))
    x = _inception(weights, "Conv2d_3b_1x1", x, 1, "valid")
    x = _max_pool(_inception(weights, "Conv2d_4a_3x3", x, 1, "valid"))
    for module, branches in MODULES.items():
        x = _module(weights, module, branches, x)
    bottleneck = ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)
    maps = [f"style_params/{layer}/StyleNorm/{part}" for layer in STYLED for part in ("Conv_1", "Conv")]
    read = [_biased(_convolved(bottleneck, weights[f"{name}/weights"]), weights[f"{name}/biases"]) for name in maps]
    return ops.concat([ops.reshape(part, np.array([0, -1]), special_zero=True) for part in read], 1)


def _module(weights: Weights, module: str, branches: Sequence[tuple[str, ...]], x: Node) -> Node:
    from openvino import opset13 as ops

    ends = []
    for number, names in enumerate(branches):
        end = x
        if number == len(branches) - 1:
            end = _max_pool(end) if module == "Mixed_6a" else _avg_pool(end)
        for name in names:
            halves = name == "Conv2d_1a_1x1"
            layer = f"{module}/Branch_{number}/{name}"
            end = _inception(weights, layer, end, 1 + halves, "valid" if halves else "same_upper")
        ends.append(end)
    return ops.concat(ends, 1)


def _inception(weights: Weights, layer: str, x: Node, stride: int = 1, padding: str = "same_upper") -> Node:
    from openvino import opset13 as ops

    return ops.clamp(_batch_normed(weights, f"InceptionV3/{layer}", x, stride, padding), 0.0, 6.0)


def _batch_normed(weights: Weights, layer: str, x: Node, stride: int, padding: str) -> Node:
    """A convolution, normalised by the moments of the training data, which its kernel and a bias take in."""
    beta, mean, variance = (weights[f"{layer}/BatchNorm/{part}"] for part in ("beta", "moving_mean", "moving_variance"))
    factor = 1 / np.sqrt(variance.astype(np.float64) + BATCH_EPSILON)
    kernel = (weights[f"{layer}/weights"] * factor).astype(np.float32)
    return _biased(_convolved(x, kernel, stride, padding), (beta - mean * factor).astype(np.float32))


def _convolved(x: Node, kernel: NDArray[np.float32], stride: int = 1, padding: str = "valid") -> Node:
    """By a kernel (h, w, in, out)."""
    from openvino import opset13 as ops

    turned = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
    return ops.convolution(x, turned, [stride, stride], [0, 0], [0, 0], [1, 1], auto_pad=padding)


def _biased(x: Node, bias: NDArray[np.float32]) -> Node:
    from openvino import opset13 as ops

    return ops.add(x, bias.reshape(1, -1, 1, 1))


def _max_pool(x: Node) -> Node:
    from openvino import opset13 as ops

    return ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3], auto_pad="valid").output(0)


def _avg_pool(x: Node) -> Node:
    from openvino import opset13 as ops

    return ops.avg_pool(x, [1, 1], [1, 1], [1, 1], [3, 3], exclude_pad=True)


def _transform(weights: Weights, x: Node, numbers: Node, sizes: list[int]) -> Node:
    from openvino import opset13 as ops

    spread = ops.reshape(numbers, np.array([0, -1, 1, 1]), special_zero=True)
    parts = iter(ops.variadic_split(spread, np.array(1), np.array(sizes)).outputs())

    def styled(layer: str, x: Node) -> Node:
        return _styled(_convolved(_reflected(weights, layer, x), weights[f"{layer}/weights"]), next(parts), next(parts))

    for number, stride in ((1, 1), (2, 2), (3, 2)):
        layer = f"transformer/contract/conv{number}"
        x = ops.relu(_batch_normed(weights, layer, _reflected(weights, layer, x), stride, "valid"))
    for number in range(1, RESIDUAL_BLOCKS + 1):
        block = f"transformer/residual/residual{number}"
        x = ops.add(x, styled(f"{block}/conv2", ops.relu(styled(f"{block}/conv1", x))))
    for number in (1, 2):
        x = ops.relu(styled(f"transformer/expand/conv{number}/conv", enlarged(x, [2, 2], np.array([2, 3]))))
    return ops.sigmoid(styled("transformer/expand/conv3/conv", x))


def _reflected(weights: Weights, layer: str, x: Node) -> Node:
    from openvino import opset13 as ops

    beyond = weights[f"{layer}/weights"].shape[0] // 2
    sides = np.array([0, 0, beyond, beyond])
    return ops.pad(x, sides, sides, "reflect")


def _styled(x: Node, scale: Node, shift: Node) -> Node:
    """Spelled out as TensorFlow's converter does: what is made of it for strips and narrow maps knows this form."""
    from openvino import opset13 as ops

    axes = np.array([2, 3])
    mean = ops.reduce_mean(x, axes, keep_dims=True)
    variance = ops.reduce_mean(ops.squared_difference(x, mean), axes, keep_dims=True)
    epsilon, power = (np.full((1, 1, 1, 1), value, np.float32) for value in (INSTANCE_EPSILON, -0.5))
    factor = ops.multiply(ops.power(ops.add(variance, epsilon), power), scale)
    return ops.add(ops.multiply(x, factor), ops.subtract(shift, ops.multiply(mean, factor)))
