"""The network that `magenta`'s weights belong to, as Google's arbitrary-image-stylization-v1 computes it.

Ghiasi et al. 2017 (arXiv:1705.06830), with the departures of the published model: Inception-v3's convolutions end in
ReLU6, the bottleneck is the spatial mean of Mixed_6e itself (768 numbers, not 100), and there are 20 residual blocks
where the paper has 5. Nothing of a downloaded program is run: the weights are numbers, put into the functions below.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]  # by the names of the published variables, kernels as (H, W, in, out)
Tensor = Any

RESIDUAL_BLOCKS = 20
BATCH_EPSILON = 1e-3
INSTANCE_EPSILON = 1e-5

# Inception-v3's modules, branch by branch; the last branch of each begins with a pooling. Two names say what they do
# not do (1x1 where the kernel is 3x3, "Conv_1"): so they are spelled in the published model.
_FIVE = ("Conv2d_0a_1x1",), ("Conv2d_0a_1x1", "Conv2d_0b_5x5"), ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3")
_POOLED = (("Conv2d_0b_1x1",),)
_SEVEN = (
    ("Conv2d_0a_1x1",),
    ("Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"),
    ("Conv2d_0a_1x1", "Conv2d_0b_7x1", "Conv2d_0c_1x7", "Conv2d_0d_7x1", "Conv2d_0e_1x7"),
)
MODULES = {
    "Mixed_5b": _FIVE + _POOLED,
    "Mixed_5c": (_FIVE[0], ("Conv2d_0b_1x1", "Conv_1_0c_5x5"), _FIVE[2], *_POOLED),
    "Mixed_5d": _FIVE + _POOLED,
    "Mixed_6a": (("Conv2d_1a_1x1",), ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_1x1"), ()),
    "Mixed_6b": _SEVEN + _POOLED,
    "Mixed_6c": _SEVEN + _POOLED,
    "Mixed_6d": _SEVEN + _POOLED,
    "Mixed_6e": _SEVEN + _POOLED,
}


def predict_style(weights: Weights, style: Tensor) -> Tensor:
    """Bottlenecks (N, 1, 1, 768) of style pictures (N, S, S, 3), RGB in [0, 1]."""
    import tensorflow as tf

    features = _convolve(weights, "Conv2d_1a_3x3", style, stride=2, padding="VALID")
    features = _convolve(weights, "Conv2d_2a_3x3", features, padding="VALID")
    features = _convolve(weights, "Conv2d_2b_3x3", features)
    features = tf.nn.max_pool2d(features, 3, 2, "VALID")
    features = _convolve(weights, "Conv2d_3b_1x1", features, padding="VALID")
    features = _convolve(weights, "Conv2d_4a_3x3", features, padding="VALID")
    features = tf.nn.max_pool2d(features, 3, 2, "VALID")
    for module, branches in MODULES.items():
        features = _module(weights, module, branches, features)
    return tf.reduce_mean(features, (1, 2), keepdims=True)


def _module(weights: Weights, module: str, branches: tuple[tuple[str, ...], ...], features: Tensor) -> Tensor:
    import tensorflow as tf

    shrinks = module == "Mixed_6a"
    ends = []
    for number, names in enumerate(branches):
        end = features
        if number == len(branches) - 1:
            end = tf.nn.max_pool2d(end, 3, 2, "VALID") if shrinks else tf.nn.avg_pool2d(end, 3, 1, "SAME")
        for name in names:
            halves = name == "Conv2d_1a_1x1"
            layer = f"{module}/Branch_{number}/{name}"
            end = _convolve(weights, layer, end, stride=1 + halves, padding="VALID" if halves else "SAME")
        ends.append(end)
    return tf.concat(ends, axis=3)


def _convolve(weights: Weights, layer: str, features: Tensor, *, stride: int = 1, padding: str = "SAME") -> Tensor:
    import tensorflow as tf

    layer = f"InceptionV3/{layer}"
    features = tf.nn.conv2d(features, weights[f"{layer}/weights"], stride, padding)
    return tf.nn.relu6(_batch_norm(weights, layer, features))


def _batch_norm(weights: Weights, layer: str, features: Tensor) -> Tensor:
    """By the moments of the training data; shifted, not scaled."""
    import tensorflow as tf

    beta, mean, variance = (weights[f"{layer}/BatchNorm/{part}"] for part in ("beta", "moving_mean", "moving_variance"))
    normalised, *_ = tf.compat.v1.nn.fused_batch_norm(
        features, np.ones_like(beta), beta, mean, variance, epsilon=BATCH_EPSILON, is_training=False
    )
    return normalised


# The layers whose output is normalised by instance, in network order.
STYLED = (
    *(f"transformer/residual/residual{n}/conv{m}" for n in range(1, RESIDUAL_BLOCKS + 1) for m in (1, 2)),
    *(f"transformer/expand/conv{n}/conv" for n in (1, 2, 3)),
)


def read_numbers(weights: Weights, bottleneck: Tensor) -> Tensor:
    """Numbers (N, 10438) of bottlenecks (N, 1, 1, 768): of each styled layer its scales, then its shifts."""
    import tensorflow as tf

    maps = [f"style_params/{layer}/StyleNorm/{part}" for layer in STYLED for part in ("Conv_1", "Conv")]
    return tf.concat([_of_style(weights, layer, bottleneck)[:, 0, 0] for layer in maps], 1)


def transform(weights: Weights, photo: Tensor, numbers: Tensor) -> Tensor:
    """Stylize photos (N, H, W, 3), RGB in [0, 1], by numbers (N or 1, 10438).

    -> (N, H', W', 3) in [0, 1], H and W rounded up to a multiple of 4. Three convolutions shrink the photo to a quarter
    of its sides, residual blocks work there, three convolutions bring it back. From the residual blocks on features
    are normalised by instance, then scaled and shifted as the style says (Dumoulin 2017, Eq. 5).
    """
    import tensorflow as tf

    channels = [weights[f"{layer}/weights"].shape[3] for layer in STYLED]
    parts = tf.split(numbers[:, None, None, :], [size for size in channels for _ in range(2)], axis=3)
    styles = dict(zip(STYLED, zip(parts[::2], parts[1::2], strict=True), strict=True))

    def styled(layer: str, features: Tensor) -> Tensor:
        return _styled(_reflected(weights, layer, features), *styles[layer])

    features = photo
    for number, stride in ((1, 1), (2, 2), (3, 2)):
        layer = f"transformer/contract/conv{number}"
        features = _reflected(weights, layer, features, stride)
        features = tf.nn.relu(_batch_norm(weights, layer, features))
    for number in range(1, RESIDUAL_BLOCKS + 1):
        block = f"transformer/residual/residual{number}"
        inner = tf.nn.relu(styled(f"{block}/conv1", features))
        features = features + styled(f"{block}/conv2", inner)
    for number in (1, 2):
        features = tf.nn.relu(styled(f"transformer/expand/conv{number}/conv", _doubled(features)))
    return tf.nn.sigmoid(styled("transformer/expand/conv3/conv", features))


def _reflected(weights: Weights, layer: str, features: Tensor, stride: int = 1) -> Tensor:
    """A convolution of features that go on beyond their edge as in a mirror."""
    import tensorflow as tf

    kernel = weights[f"{layer}/weights"]
    beyond = kernel.shape[0] // 2
    padded = tf.pad(features, ((0, 0), (beyond, beyond), (beyond, beyond), (0, 0)), "REFLECT")
    return tf.nn.conv2d(padded, kernel, stride, "VALID")


def _styled(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Normalised by instance, then scaled and shifted, (N or 1, 1, 1, C) each."""
    import tensorflow as tf

    mean = tf.reduce_mean(features, (1, 2), keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(features, mean), (1, 2), keepdims=True)
    factor = tf.math.rsqrt(variance + INSTANCE_EPSILON) * scale
    return features * factor + (shift - mean * factor)


def _of_style(weights: Weights, layer: str, bottleneck: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.nn.conv2d(bottleneck, weights[f"{layer}/weights"], 1, "SAME") + weights[f"{layer}/biases"]


def _doubled(features: Tensor) -> Tensor:
    import tensorflow as tf

    sides = 2 * tf.shape(features)[1:3]
    return tf.raw_ops.ResizeNearestNeighbor(images=features, size=sides)
