"""The networks of `mini`, in Keras 3: style picture to bottleneck to numbers, photo and numbers to picture.

The photo network spends its arithmetic at a quarter of the photo's resolution, with channels a multiple of 16, which
is what a CPU's vector units take at once. Two subpixel convolutions bring the detail back; each makes a flat picture of
a flat one (``Even``), so flat areas show no grid.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

Tensor = Any
Shape = tuple[Any, ...]  # None where a side is open

BOTTLENECK = 100  # as many as the teacher's, which it learns to predict first
STYLE_LEVELS = ((32, 0), (48, 1), (96, 2), (128, 3), (160, 2))  # channels, and residual convolutions after the first
# Of the photo network: channels in the middle and towards either end, residual blocks; and the channels of its style
# normalisations, in network order.
BODY, NARROW, BLOCKS = 48, 16, 4
NORM_CHANNELS = (BODY,) * (1 + 2 * BLOCKS) + (NARROW,)
# What is added to a variance. The photo's own may be small where it is faint. Behind a normalisation a map's deviation
# is known, whatever the photo: 1 to 15 in the blocks, 20 to 30 before the last; much less is rounding, which would
# come out of a flat photo as a screen.
EPSILON, EPSILON_BLOCK, EPSILON_LAST = 1e-5, 1e-2, 10.0


def moments(features: Tensor, epsilon: float = EPSILON) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over height and width, (N, H, W, C) -> 2 x (N, 1, 1, C)."""
    mean = ops.mean(features, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(features - mean), axis=(1, 2), keepdims=True)
    return mean, ops.sqrt(variance + epsilon)


class ReflectConv(layers.Layer):  # type: ignore[misc]
    """A convolution over a reflect-padded input: no dark or coloured seam at the borders."""

    def __init__(self, filters: int, size: int = 3, stride: int = 1, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name)
        self.pad = size // 2
        self.conv = layers.Conv2D(filters, size, stride, "valid", name="conv", **options)

    def build(self, shape: Shape) -> None:
        """Make the convolution's weights."""
        self.conv.build(shape)

    def call(self, x: Tensor) -> Tensor:
        """(N, H, W, C) -> (N, H / stride, W / stride, filters)."""
        p = self.pad
        return self.conv(ops.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), mode="reflect"))

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Of the input's shape."""
        n, h, w, _ = shape
        stride = self.conv.strides[0]
        return n, h and (h - 1) // stride + 1, w and (w - 1) // stride + 1, self.conv.filters


class StyleNorm(layers.Layer):  # type: ignore[misc]
    """Instance normalisation, then a scale and a shift per channel: the style's (Dumoulin 2017, Eq. 5)."""

    def __init__(self, epsilon: float, name: str | None = None) -> None:
        super().__init__(name=name)
        self.epsilon = epsilon

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Features (N, H, W, C), scales and shifts (N, 1, 1, C) -> (N, H, W, C)."""
        x, scale, shift = inputs
        mean, deviation = moments(x, self.epsilon)
        return (x - mean) / deviation * scale + shift


class ReadNumbers(layers.Layer):  # type: ignore[misc]
    """Bottleneck to numbers: an affine map for the scales of each style normalisation, and one for its shifts.

    They are convolutions of one place because the weights were first learnt so; files keep them in that shape.
    """

    def __init__(self, channels: Sequence[int], name: str | None = None) -> None:
        super().__init__(name=name)
        start = keras.initializers.RandomNormal(0, 0.02)
        self.scales, self.shifts = (
            [
                layers.Conv2D(count, 1, kernel_initializer=start, bias_initializer=bias, name=f"{kind}_{number}")
                for number, count in enumerate(channels)
            ]
            for kind, bias in (("scale", "ones"), ("shift", "zeros"))
        )

    @property
    def maps(self) -> list[Any]:
        """In the order of the numbers that they make."""
        return [each for pair in zip(self.scales, self.shifts, strict=True) for each in pair]

    def build(self, shape: Shape) -> None:
        """Make the weights of all maps."""
        for each in self.maps:
            each.build((None, 1, 1, shape[-1]))

    def call(self, bottleneck: Tensor) -> Tensor:
        """(N, BOTTLENECK) -> (N, 2 x all channels)."""
        return ops.concatenate(self.each(bottleneck), axis=-1)[:, 0, 0]

    def each(self, bottleneck: Tensor) -> list[Tensor]:
        """The same not yet put together: (N, 1, 1, channels) each."""
        code = bottleneck[:, None, None, :]
        return [read(code) for read in self.maps]

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Of the bottleneck's shape."""
        return shape[0], sum(each.filters for each in self.maps)


class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """(N, H, W, 4 C) -> (N, 2H, 2W, C)."""

    def call(self, x: Tensor) -> Tensor:
        """Neighbouring channels become neighbouring pixels."""
        n, h, w, c = ops.shape(x)
        x = ops.transpose(x, (0, 3, 1, 2))  # as OpenVINO's convolutions leave it: one transposition is left of two
        x = ops.transpose(ops.reshape(x, (n, 2, 2, c // 4, h, w)), (0, 4, 1, 5, 2, 3))
        return ops.reshape(x, (n, 2 * h, 2 * w, c // 4))

    def compute_output_shape(self, shape: Shape) -> Shape:
        """Of the input's shape."""
        n, h, w, c = shape
        return n, h and 2 * h, w and 2 * w, c // 4


class DepthToSpaceWithin(DepthToSpace):
    """The same between two convolutions, where OpenVINO does it faster as one operation."""

    def call(self, x: Tensor) -> Tensor:
        """Neighbouring channels become neighbouring pixels."""
        if keras.backend.backend() != "tensorflow":
            return super().call(x)
        import tensorflow as tf

        return tf.nn.depth_to_space(x, 2)


class Even(keras.constraints.Constraint):  # type: ignore[misc]
    """The four subpixels of a channel answer a constant map alike: a flat area shows no checkerboard.

    For the kernel and for the bias of a convolution before ``DepthToSpace``: what the taps of a subpixel sum to is
    brought to the mean of the four.
    """

    def __call__(self, w: Tensor) -> Tensor:
        """The kernel (h, w, in, 4 C) or bias (4 C,), made even."""
        *taps, channels = w.shape
        parts = ops.reshape(w, (math.prod(taps[:2]), *taps[2:], 4, channels // 4))
        total = ops.sum(parts, axis=0, keepdims=True)
        excess = total - ops.mean(total, axis=-2, keepdims=True)
        return ops.reshape(parts - excess / parts.shape[0], w.shape)


def assign(variable: Any, value: Any) -> None:
    """Set a variable, within its constraint: Keras itself constrains only what an optimiser has stepped."""
    variable.assign(variable.constraint(value) if variable.constraint else value)


def style_net() -> Any:
    """(N, S, S, 3) RGB in [0, 1] -> (N, BOTTLENECK): channel means and deviations of five strided levels.

    The residual convolutions begin at zero, so a network trained without them goes on from where it was.
    """
    picture = keras.Input((None, None, 3), name="style")
    x = picture - 0.5
    statistics = []
    for level, (channels, more) in enumerate(STYLE_LEVELS):
        x = ops.relu(ReflectConv(channels, 5 if level == 0 else 3, 2, name=f"style_{level}")(x))
        for number in range(more):
            x = ops.relu(x + ReflectConv(channels, kernel_initializer="zeros", name=f"residual_{level}_{number}")(x))
        mean, deviation = moments(x)
        statistics += [mean[:, 0, 0], deviation[:, 0, 0]]
    x = layers.LayerNormalization(name="statistics_norm")(ops.concatenate(statistics, axis=-1))
    x = layers.Dense(320, "relu", name="statistics")(x)
    x = layers.Dense(BOTTLENECK, name="bottleneck")(x)
    return keras.Model(picture, x, name="predict_style")


def read_numbers() -> Any:
    """(N, BOTTLENECK) -> (N, 896): of each style normalisation in network order its scales, then its shifts."""
    bottleneck = keras.Input((BOTTLENECK,), name="bottleneck")
    return keras.Model(bottleneck, ReadNumbers(NORM_CHANNELS, name="maps")(bottleneck), name="read_numbers")


def transfer_net() -> Any:
    """(N, H, W, 3) RGB in [0, 1] and numbers (N, 896) -> (N, H, W, 3) in [0, 1]; H and W multiples of 4."""
    photo = keras.Input((None, None, 3), name="photo")
    numbers = keras.Input((2 * sum(NORM_CHANNELS),), name="numbers")
    even = {"kernel_constraint": Even(), "bias_constraint": Even()}
    sizes = np.repeat(NORM_CHANNELS, 2)
    parts = iter([numbers[:, None, None, end - size : end] for end, size in zip(np.cumsum(sizes), sizes, strict=True)])

    def styled(x: Tensor, name: str, epsilon: float) -> Tensor:
        return StyleNorm(epsilon, name=f"{name}_norm")([x, next(parts), next(parts)])

    def step(x: Tensor, name: str, stride: int = 1, epsilon: float = EPSILON_BLOCK) -> Tensor:
        return styled(ReflectConv(BODY, 3, stride, name=name)(x), name, epsilon)

    centred = photo - ops.convert_to_tensor(
        np.full(3, 0.5, np.float32)
    )  # by colour: OpenVINO would take a single number out of turn
    x = ops.relu(ReflectConv(NARROW, 5, 2, name="contract_2")(centred))
    x = ops.relu(step(x, "contract_4", 2, EPSILON))
    for block in range(BLOCKS):
        x = x + step(ops.relu(step(x, f"block_{block}_a")), f"block_{block}_b")
    x = DepthToSpaceWithin(name="halves")(ReflectConv(4 * NARROW, name="subpixels_2", **even)(x))
    x = ops.relu(styled(x, "expand_2", EPSILON_LAST))
    x = ReflectConv(12, name="subpixels_1", **even)(x)
    x = ops.sigmoid(x)  # here a convolution's last step, behind the pixels a pass of its own
    x = DepthToSpace(name="pixels")(x)
    return keras.Model([photo, numbers], x, name="transform")


def style_norms(transfer: Any) -> list[StyleNorm]:
    """A transfer network's style normalisations, in order."""
    return [layer for layer in transfer.layers if isinstance(layer, StyleNorm)]


def photo_net(read: Any = None, transfer: Any = None) -> Any:
    """``read_numbers`` and ``transfer_net`` as one, photo and bottleneck to picture: what is trained and kept in files.

    It shares the weights of networks that it is given. Scales and shifts go on into the normalisations without being
    put together and taken apart again.
    """
    read, transfer = read or read_numbers(), transfer or transfer_net()
    parts = [part for norm in style_norms(transfer) for part in norm.input[1:]]
    draw = keras.Model([transfer.input[0], *parts], transfer.output, name="draw")
    photo, bottleneck = keras.Input((None, None, 3), name="photo"), keras.Input((BOTTLENECK,), name="bottleneck")
    numbers = read.get_layer("maps").each(bottleneck)
    return keras.Model([photo, bottleneck], draw([photo, *numbers]), name="transform")


def number_maps(photo_net: Any) -> list[Any]:
    """The layers that read the numbers, in the numbers' order."""
    return [layer for layer in photo_net.layers if layer.name.startswith(("scale_", "shift_"))]


def stored_variables(photo_net: Any) -> list[Any]:
    """Its variables in the order in which files keep them: that of use."""
    maps, variables = iter(number_maps(photo_net)), []
    for layer in photo_net.get_layer("draw").layers:
        owners = [next(maps), next(maps)] if isinstance(layer, StyleNorm) else [layer]
        variables += [variable for owner in owners for variable in owner.variables]
    return variables
