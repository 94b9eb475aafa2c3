"""OpenVINO's operations as ONNX nodes, as far as our models use them.

Each takes the graph, the operation's settings and the names of its inputs, and gives the name of its output, or a list
of several. Maps are (N, C, H, W), sizes and axes 64-bit integers.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from arbitrary_nst.engines.onnx.graph import Graph

Settings = Mapping[str, Any]
LAST = np.iinfo(np.int64).max


def _plainly(kind: str) -> Callable[..., str]:
    """An operation that ONNX has as it is."""
    return lambda graph, settings, *inputs: graph.add(kind, *inputs)


def convolution(graph: Graph, settings: Settings, x: str, kernel: str) -> str:
    """Grouped ones have kernels (groups, out, in, h, w)."""
    weights, groups = graph.constants[kernel], 1
    if weights.ndim == 5:
        groups, weights = len(weights), weights.reshape(-1, *weights.shape[2:])
        kernel = graph.constant(weights)
    sides = _sides(settings, weights.shape[2:], settings["strides"])
    return graph.add(
        "Conv", x, kernel, group=groups, strides=settings["strides"], dilations=settings["dilations"], **sides
    )


def _sides(settings: Settings, window: Any, strides: Any) -> dict[str, Any]:
    """What lies beyond the edge. With a stride of 1 it does not depend on the size, which more runtimes take."""
    kind = settings["auto_pad"]
    if kind == "same_upper" and all(stride == 1 for stride in strides):
        assert settings.get("dilations", [1, 1]) == [1, 1]
        before = [(size - 1) // 2 for size in window]
        return {"pads": [*before, *(size - 1 - less for size, less in zip(window, before, strict=True))]}
    if kind in ("same_upper", "same_lower"):
        return {"auto_pad": kind.upper()}
    return {"pads": [0] * 4 if kind == "valid" else [*settings["pads_begin"], *settings["pads_end"]]}


def max_pool(graph: Graph, settings: Settings, x: str) -> list[str]:
    """The places of the maxima nobody asks for."""
    window, strides = settings["kernel"], settings["strides"]
    return [graph.add("MaxPool", x, kernel_shape=window, strides=strides, **_sides(settings, window, strides))]


def avg_pool(graph: Graph, settings: Settings, x: str) -> str:
    """Of what lies within the picture, where ``exclude-pad`` says so."""
    window, strides = settings["kernel"], settings["strides"]
    outside = not settings.get("exclude-pad", settings.get("exclude_pad"))
    sides = _sides(settings, window, strides)
    return graph.add("AveragePool", x, kernel_shape=window, strides=strides, count_include_pad=int(outside), **sides)


def pad(graph: Graph, settings: Settings, x: str, before: str, after: str, value: str | None = None) -> str:
    """By constant widths."""
    widths = graph.integers(np.concatenate([graph.constants[before], graph.constants[after]]))
    filled = [value] if value and settings["pad_mode"] == "constant" else []
    return graph.add("Pad", x, widths, *filled, mode=settings["pad_mode"])


def style_norm(graph: Graph, settings: Settings, x: str, scale: str, shift: str) -> str:
    """Normalised by instance, then scaled and shifted; by a style that is known in one node."""
    epsilon = settings["epsilon"]
    if scale in graph.constants and shift in graph.constants:
        own = [graph.constant(graph.constants[name].ravel()) for name in (scale, shift)]
        return graph.add("InstanceNormalization", x, *own, epsilon=epsilon)
    count = graph.channels[scale]
    plain = graph.constant(np.ones(count)), graph.constant(np.zeros(count))
    normal = graph.add("InstanceNormalization", x, *plain, epsilon=epsilon)
    return graph.add("Add", graph.add("Mul", normal, scale), shift)


def interpolate(graph: Graph, settings: Settings, x: str, scales: str, axes: str) -> str:
    """Nearest neighbours, by whole factors."""
    assert settings["mode"] == "nearest" and settings["shape_calculation_mode"] == "scales"
    factors = np.ones(4)
    factors[graph.constants[axes]] = graph.constants[scales]
    how: dict[str, Any] = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return graph.add("Resize", x, "", graph.constant(factors), **how)


def fake_quantize(graph: Graph, settings: Settings, x: str, low: str, high: str, out_low: str, out_high: str) -> str:
    """To one of ``levels`` values, and back."""
    least, most, out_least, out_most = (graph.constants[name] for name in (low, high, out_low, out_high))
    steps = settings["levels"] - 1
    held = graph.add("Min", graph.add("Max", x, low), high)
    level = graph.add("Round", graph.add("Mul", graph.add("Sub", held, low), graph.constant(steps / (most - least))))
    return graph.add("Add", graph.add("Mul", level, graph.constant((out_most - out_least) / steps)), out_low)


def mean(graph: Graph, settings: Settings, x: str, axes: str) -> str:
    """Over constant axes."""
    return graph.add("ReduceMean", x, axes=graph.constants[axes].ravel().tolist(), keepdims=int(settings["keep_dims"]))


def depth_to_space(graph: Graph, settings: Settings, x: str) -> str:
    """(N, 4 C, H, W) -> (N, C, 2 H, 2 W)."""
    mode = {"blocks_first": "DCR", "depth_first": "CRD"}[settings["mode"]]
    return graph.add("DepthToSpace", x, blocksize=settings["block_size"], mode=mode)


def reshape(graph: Graph, settings: Settings, x: str, shape: str) -> str:
    """A 0 keeps a side."""
    assert settings["special_zero"] or shape not in graph.constants or graph.constants[shape].all()
    made = graph.add("Reshape", x, shape)
    if x in graph.channels:
        graph.channels[made] = graph.channels[x]
    return made


def split(graph: Graph, settings: Settings, x: str, axis: str, lengths: str) -> list[str]:
    """Into pieces of constant lengths."""
    sizes = graph.constants[lengths].tolist()
    parts = graph.add_several("Split", x, lengths, outputs=len(sizes), axis=int(graph.constants[axis]))
    graph.channels |= zip(parts, sizes, strict=True)
    return parts


def strided_slice(graph: Graph, settings: Settings, x: str, begin: str, end: str, steps: str | None = None) -> str:
    """Of a map or of a list of sizes: NumPy's x[:, 2:5, 0, None], an entry of the masks for each."""
    first, last = (graph.constants[name].tolist() for name in (begin, end))
    step = graph.constants[steps].tolist() if steps else [1] * len(first)
    assert not any(settings.get("ellipsis_mask") or ())
    cuts, shrunk, added = list[tuple[int, int, int, int]](), list[int](), list[int]()
    for entry, by in enumerate(step):
        axis = entry - len(added)
        if _flag(settings, "new_axis_mask", entry):
            added.append(entry - len(shrunk))
        elif _flag(settings, "shrink_axis_mask", entry):
            shrunk.append(axis)
            cuts.append((first[entry], first[entry] + 1 or LAST, axis, 1))
        else:
            start = 0 if _flag(settings, "begin_mask", entry) else first[entry]
            stop = LAST if _flag(settings, "end_mask", entry) else last[entry]
            if (start, stop, by) != (0, LAST, 1):
                cuts.append((start, stop, axis, by))
    if cuts:
        x = graph.add("Slice", x, *map(graph.integers, zip(*cuts, strict=True)))
    x = graph.add("Squeeze", x, graph.integers(shrunk)) if shrunk else x
    return graph.add("Unsqueeze", x, graph.integers(added)) if added else x


def _flag(settings: Settings, name: str, entry: int) -> bool:
    flags = settings.get(name) or ()
    return entry < len(flags) and bool(flags[entry])


def _squared_difference(graph: Graph, settings: Settings, x: str, y: str) -> str:
    apart = graph.add("Sub", x, y)
    return graph.add("Mul", apart, apart)


def _clamp(graph: Graph, settings: Settings, x: str) -> str:
    return graph.add("Clip", x, graph.constant(settings["min"]), graph.constant(settings["max"]))


def _matmul(graph: Graph, settings: Settings, x: str, y: str) -> str:
    assert not settings["transpose_a"]
    return graph.add("MatMul", x, graph.constant(graph.constants[y].T) if settings["transpose_b"] else y)


def _convert(graph: Graph, settings: Settings, x: str) -> str:
    """To f32, which all maps are, or to integers, which all are 64 bits."""
    return x


OPERATIONS: dict[str, Callable[..., str | list[str]]] = {
    "Add": _plainly("Add"),
    "AvgPool": avg_pool,
    "Clamp": _clamp,
    "Concat": lambda graph, settings, *parts: graph.add("Concat", *parts, axis=settings["axis"]),
    "Convert": _convert,
    "Convolution": convolution,
    "DepthToSpace": depth_to_space,
    "Divide": _plainly("Div"),
    "FakeQuantize": fake_quantize,
    "Gather": lambda graph, settings, x, index, axis: graph.add("Gather", x, index, axis=int(graph.constants[axis])),
    "GroupConvolution": convolution,
    "Interpolate": interpolate,
    "MatMul": _matmul,
    "MaxPool": max_pool,
    "Multiply": _plainly("Mul"),
    "Pad": pad,
    "Power": _plainly("Pow"),
    "ReduceMean": mean,
    "Relu": _plainly("Relu"),
    "Reshape": reshape,
    "ShapeOf": _plainly("Shape"),
    "Sigmoid": _plainly("Sigmoid"),
    "Sqrt": _plainly("Sqrt"),
    "SquaredDifference": _squared_difference,
    "Squeeze": _plainly("Squeeze"),
    "StridedSlice": strided_slice,
    "StyleNorm": style_norm,
    "Subtract": _plainly("Sub"),
    "Transpose": lambda graph, settings, x, order: graph.add("Transpose", x, perm=graph.constants[order].tolist()),
    "Unsqueeze": _plainly("Unsqueeze"),
    "VariadicSplit": split,
}
