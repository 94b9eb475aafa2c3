"""OpenVINO's operations in PyTorch, as far as our models use them; each as its reference defines it.

Maps are (N, C, H, W). Sizes and axes are tuples of integers, so that nothing waits for a GPU to tell them.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

Settings = Mapping[str, Any]
Sizes = tuple[int, ...]


def convolution(settings: Settings, x: Any, kernel: Any, bias: Any = None) -> Any:
    """In the kernel's precision; a kernel widened by empty channels makes ``channels``."""
    groups = 1
    if kernel.ndim == 5:  # (groups, out, in, h, w)
        groups, kernel = kernel.shape[0], kernel.flatten(0, 1)
    x = _padded(settings, x.to(kernel.dtype), kernel.shape[2:])
    x = F.pad(x, (0, 0, 0, 0, 0, kernel.shape[1] * groups - x.shape[1])) if "channels" in settings else x
    made = F.conv2d(x, kernel, bias, settings["strides"], 0, settings["dilations"], groups)
    return made[:, : settings.get("channels")]


def _padded(settings: Settings, x: Any, window: Any) -> Any:
    before, after = settings["pads_begin"], settings["pads_end"]
    if settings["auto_pad"] == "valid":
        return x
    if settings["auto_pad"] in ("same_upper", "same_lower"):
        strides = settings["strides"]
        dilations = settings.get("dilations", (1, 1))
        wanted = [
            max(0, (math.ceil(side / stride) - 1) * stride + (size - 1) * dilation + 1 - side)
            for side, size, stride, dilation in zip(x.shape[2:], window, strides, dilations, strict=True)
        ]
        less, more = [each // 2 for each in wanted], [each - each // 2 for each in wanted]
        before, after = (less, more) if settings["auto_pad"] == "same_upper" else (more, less)
    return F.pad(x, (before[1], after[1], before[0], after[0])) if any((*before, *after)) else x


def max_pool(settings: Settings, x: Any) -> Any:
    """Beyond the edge lies nothing."""
    assert settings["auto_pad"] == "valid" or not any((*settings["pads_begin"], *settings["pads_end"]))
    return F.max_pool2d(x, settings["kernel"], settings["strides"])


def avg_pool(settings: Settings, x: Any) -> Any:
    """Of what lies within the picture, where ``exclude-pad`` says so."""
    window = settings["kernel"]
    total = F.avg_pool2d(_padded(settings, x, window), window, settings["strides"], divisor_override=1)
    if not settings.get("exclude-pad", settings.get("exclude_pad")):
        return total / math.prod(window)
    inside = _padded(settings, torch.ones_like(x[:1, :1]), window)
    return total / F.avg_pool2d(inside, window, settings["strides"], divisor_override=1)


def pad(settings: Settings, x: Any, before: Sizes, after: Sizes, value: Any = None) -> Any:
    """Of maps at their sides; with ``relu``, of what is above 0 of them."""
    assert not any((*before[:2], *after[:2]))
    sides = (before[3], after[3], before[2], after[2])
    mode = {"reflect": "reflect", "edge": "replicate", "constant": "constant"}[settings["pad_mode"]]
    relu = settings.get("relu", False)
    if mode == "reflect" and x.is_cuda and any(sides):
        return _reflected(x, sides, relu)
    x = torch.relu(x) if relu else x
    return F.pad(x, sides, mode) if any(sides) else x


def _reflected(x: Any, sides: Sizes, relu: bool = False) -> Any:
    """With channels last in memory, where PyTorch's own brings them first on a GPU, and convolutions last again."""
    left, right, top, bottom = sides
    n, c, h, w = x.shape
    size = (n, c, h + top + bottom, w + left + right)
    made = torch.empty(size, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    middle = made[..., top : top + h, left : left + w]
    torch.clamp_min(x, 0, out=middle) if relu else middle.copy_(x)
    for far in range(1, top + 1):
        made[:, :, top - far] = made[:, :, top + far]
    for far in range(1, bottom + 1):
        made[:, :, top + h - 1 + far] = made[:, :, top + h - 1 - far]
    for far in range(1, left + 1):
        made[..., left - far] = made[..., left + far]
    for far in range(1, right + 1):
        made[..., left + w - 1 + far] = made[..., left + w - 1 - far]
    return made


def style_norm(x: Any, scale: Any, shift: Any, epsilon: float) -> Any:
    """Normalised by instance, then scaled and shifted, (N or 1, C, 1, 1) each: sums in f32, the result as ``x`` is."""
    if len(x) == 1 == len(scale) == len(shift):  # the moments of a batch of one are those of its instance
        return F.batch_norm(x, None, None, scale.flatten(), shift.flatten(), training=True, eps=epsilon)
    variance, mean = torch.var_mean(x.float(), (2, 3), correction=0, keepdim=True)
    factor = torch.rsqrt(variance + epsilon) * scale
    return torch.addcmul(shift - mean * factor, x.float(), factor).to(x.dtype)


def mvn(settings: Settings, x: Any, axes: Sizes) -> Any:
    """Normalised over some axes."""
    variance, mean = torch.var_mean(x.float(), axes, correction=0, keepdim=True)
    epsilon = settings["eps"]
    deviation = (
        (variance + epsilon).sqrt() if settings["eps_mode"].lower() == "inside_sqrt" else variance.sqrt() + epsilon
    )
    return ((x.float() - mean) / deviation).to(x.dtype)


def mean(settings: Settings, x: Any, axes: Sizes) -> Any:
    """In f32, whatever the maps are in."""
    return x.float().mean(axes, keepdim=settings["keep_dims"])


def interpolate(settings: Settings, x: Any, *how: Any) -> Any:
    """Nearest neighbours, by whole factors or to whole multiples of the size."""
    sizes, axes = how[0], how[-1]  # before OpenVINO's eleventh set of operations: sizes, scales, axes
    by_scale = settings["shape_calculation_mode"] == "scales"
    if len(how) == 3 and by_scale:
        sizes = how[1]
    if axes == (1, 2):  # channels last
        return interpolate(settings, x.permute(0, 3, 1, 2), sizes, (2, 3)).permute(0, 2, 3, 1)
    assert settings["mode"] == "nearest" and axes == (2, 3)
    numbers = [float(each) for each in sizes]
    factors = numbers if by_scale else [a / b for a, b in zip(numbers, x.shape[2:], strict=True)]
    assert all(factor == int(factor) for factor in factors)
    if all(factor == 1 for factor in factors):
        return x
    return F.interpolate(x, scale_factor=[int(factor) for factor in factors], mode="nearest")


def fake_quantize(settings: Settings, x: Any, low: Any, high: Any, out_low: Any, out_high: Any) -> Any:
    """To one of ``levels`` values, and back."""
    steps = settings["levels"] - 1
    level = torch.round((torch.minimum(torch.maximum(x, low), high) - low) / (high - low) * steps)
    return level / steps * (out_high - out_low) + out_low


def depth_to_space(settings: Settings, x: Any) -> Any:
    """(N, 4 C, H, W) -> (N, C, 2 H, 2 W), blocks or channels first; with channels last in memory."""
    block = settings["block_size"]
    n, channels, h, w = x.shape
    few = channels // block**2
    x = x.permute(0, 2, 3, 1)
    if settings["mode"] == "blocks_first":
        x = x.reshape(n, h, w, block, block, few).permute(0, 1, 3, 2, 4, 5)
    else:
        x = x.reshape(n, h, w, few, block, block).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(n, h * block, w * block, few).permute(0, 3, 1, 2)


def reshape(settings: Settings, x: Any, shape: Sizes) -> Any:
    """A 0 keeps a side where ``special_zero`` says so."""
    if settings["special_zero"]:
        shape = tuple(x.shape[axis] if side == 0 else side for axis, side in enumerate(shape))
    return x.reshape(shape)


def strided_slice(settings: Settings, x: Any, begin: Sizes, end: Sizes, steps: Any = None) -> Any:
    """Of a tensor, or of a tuple of sizes."""
    steps = steps or (1,) * len(begin)
    index: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, steps, strict=True)):
        if _flag(settings, "new_axis_mask", axis):
            index.append(None)
        elif _flag(settings, "shrink_axis_mask", axis):
            index.append(first)
        else:
            start = None if _flag(settings, "begin_mask", axis) else first
            stop = None if _flag(settings, "end_mask", axis) else last
            index.append(slice(start, stop, step))
    if isinstance(x, tuple):
        found = x[index[0]]
        return found if isinstance(found, tuple) else (found,)
    return x[tuple(index)]


def _flag(settings: Settings, name: str, axis: int) -> bool:
    flags = settings.get(name) or ()
    return axis < len(flags) and bool(flags[axis])


def _squared_difference(settings: Settings, x: Any, y: Any) -> Any:
    return (x.float() - y) ** 2


def _unsqueeze(settings: Settings, x: Any, axes: Sizes) -> Any:
    if isinstance(x, tuple):
        return x
    for axis in sorted(axes):
        x = x.unsqueeze(axis)
    return x


def _squeeze(settings: Settings, x: Any, axes: Sizes) -> Any:
    return x if isinstance(x, tuple) else x.squeeze(axes)


def _concat(settings: Settings, *parts: Any) -> Any:
    if isinstance(parts[0], tuple):
        return sum(parts, ())
    return torch.cat(parts, settings["axis"])


def _multiply(settings: Settings, x: Any, y: Any) -> Any:
    if isinstance(x, tuple) and isinstance(y, tuple):
        return tuple(int(each) for each in np.multiply(x, y))
    return x * y


def _convert(settings: Settings, x: Any) -> Any:
    if isinstance(x, tuple) or not settings["destination_type"].startswith("f"):
        return x
    return x.float()


def _split(settings: Settings, x: Any, axis: Sizes, lengths: Sizes | None = None) -> Any:
    if lengths is None:
        return torch.chunk(x, settings["num_splits"], axis[0])
    return torch.split(x, lengths, axis[0])


def _matmul(settings: Settings, x: Any, y: Any) -> Any:
    x = x.transpose(-1, -2) if settings["transpose_a"] else x
    return x @ (y.transpose(-1, -2) if settings["transpose_b"] else y)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda settings, x, y: x + y,
    "AvgPool": avg_pool,
    "Clamp": lambda settings, x: x.clamp(settings["min"], settings["max"]),
    "Concat": _concat,
    "Convert": _convert,
    "Convolution": convolution,
    "DepthToSpace": depth_to_space,
    "Divide": lambda settings, x, y: x / y,
    "FakeQuantize": fake_quantize,
    "Gather": lambda settings, x, index, axis: tuple(x[each] for each in index),
    "GroupConvolution": convolution,
    "Interpolate": interpolate,
    "MVN": mvn,
    "MatMul": _matmul,
    "MaxPool": max_pool,
    "Multiply": _multiply,
    "Pad": pad,
    "Power": lambda settings, x, y: x**y,
    "ReduceMean": mean,
    "Relu": lambda settings, x: torch.relu(x),
    "Reshape": reshape,
    "ShapeOf": lambda settings, x: tuple(x.shape),
    "Sigmoid": lambda settings, x: torch.sigmoid(x.float()),
    "Split": _split,
    "Sqrt": lambda settings, x: x.sqrt(),
    "SquaredDifference": _squared_difference,
    "Squeeze": _squeeze,
    "StridedSlice": strided_slice,
    "StyleNorm": lambda settings, x, scale, shift: style_norm(x, scale, shift, settings["epsilon"]),
    "Subtract": lambda settings, x, y: x - y,
    "Transpose": lambda settings, x, order: x.permute(order),
    "Unsqueeze": _unsqueeze,
    "VariadicSplit": _split,
}
