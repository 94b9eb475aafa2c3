"""A converted photo half, cut into passes that see one strip of the photo at a time.

Of all its operations only instance normalisation looks at the whole picture: at the mean of a map, and at that of its
squared deviations. Here each such pair becomes two inputs. What is left is local and can run strip by strip with real
neighbours, pass after pass: each pass measures the moments that the next one needs.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from arbitrary_nst.engines.openvino.feature_maps import Key, Map, find_maps, key_of, spread_around, uncut
from arbitrary_nst.engines.openvino.layout import TO_FIRST, TO_LAST, channels_last, transposed

if TYPE_CHECKING:
    import openvino

# A map of at most this many numbers per pixel of the photo is held between passes; a larger one is computed again.
HELD_VALUES = 16
# What may stand between photo and picture. Anything else might look further than is accounted for.
LOCAL = {
    "Add", "Clamp", "Concat", "Convert", "DepthToSpace", "Divide", "Elu", "Maximum", "Minimum", "Multiply", "PRelu",
    "Pad", "Power", "Relu", "Reshape", "Result", "ShapeOf", "Sigmoid", "Sqrt", "Squeeze", "StridedSlice", "Subtract",
    "Tanh", "Transpose", "Unsqueeze",
}  # fmt: skip

HeldType = Literal["f32", "bf16"]


@dataclass(frozen=True)
class Site:
    """An instance normalisation: the map it measures, and the inputs that take its mean and its variance."""

    measured: Key
    mean: str
    variance: str


@dataclass(frozen=True)
class Pass:
    """One local network.

    Its inputs go by name: the photo, the numbers and moments where it uses them, and each map of ``reads``. Its
    outputs: the maps of ``gives``, and from the last pass the picture. Of these maps ``writes`` are held and ``sites``
    are measured.
    ``halo`` is the number of neighbouring cells needed, ``values`` the largest map inside in numbers per pixel.
    """

    model: Any
    reads: list[Key]
    gives: list[Key]
    writes: list[Key]
    sites: list[Site]
    halo: int
    values: float
    is_last: bool


@dataclass(frozen=True)
class Cut:
    """The passes in order; every map as it is held, in channels last; photo rows per row of the coarsest map, a cell.

    ``photo`` and ``numbers`` are the names of the network's own inputs, ``held_type`` is what maps are held in.
    """

    passes: list[Pass]
    maps: dict[Key, Map]
    cell: int
    photo: str
    numbers: str
    held_type: HeldType


class _Graph:
    """The network as plain Python: who feeds whom, and what has rows and columns."""

    def __init__(self, model: "openvino.Model", photo: str) -> None:
        self.model, self.photo = model, photo
        self.order = [node.get_friendly_name() for node in model.get_ordered_ops()]
        self.nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
        self.kinds = {name: node.get_type_name() for name, node in self.nodes.items()}
        self.feeds = {name: [key_of(value) for value in node.input_values()] for name, node in self.nodes.items()}
        self.maps = find_maps(model, photo)

    def users(self, key: Key) -> list[str]:
        return [name for name in self.order if key in self.feeds[name]]


def cut(model: "openvino.Model", held_type: HeldType) -> Cut:
    """Cut a photo half, whose inputs are photo and numbers, changing it. Maps are held as ``held_type``.

    Raises EngineError where something in the network looks at the whole picture in another way.
    """
    photo, numbers = (node.get_friendly_name() for node in model.get_parameters())
    for number, node in enumerate(model.get_ordered_ops()):  # OpenVINO may give a new node an old one's name
        if node.get_type_name() != "Parameter":
            node.set_friendly_name(f"node {number}")
    maps = find_maps(model, photo)
    sites = _open_sites(model, maps)
    graph = _Graph(model, photo)
    for name in graph.order:
        _check_local(graph, name)
    stages = _stages(graph, sites)
    held = _held(graph, stages)
    cell = round(1 / min((graph.maps[key].scale for key in held), default=1))
    passes = [_pass(graph, stages, sites, held, stage, cell, held_type) for stage in range(max(stages.values()) + 1)]
    held_maps = {key: where.channels_last for key, where in graph.maps.items()}
    return Cut(passes, held_maps, cell, photo, numbers, held_type)


def _open_sites(model: "openvino.Model", maps: dict[Key, Map]) -> list[Site]:
    """Replace the moments of each normalisation by inputs."""
    import openvino
    from openvino import opset13 as ops

    sites: list[Site] = []

    def inputs(shape: Any) -> Any:
        shape = openvino.PartialShape(shape)
        pair = [ops.parameter(shape, openvino.Type.f32, name=f"{kind}_{len(sites)}") for kind in ("mean", "variance")]
        model.add_parameters(pair)
        return pair

    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        source = node.input_value(0) if kind in ("MVN", "ReduceMean") else None
        if source is None or key_of(source) not in maps:
            continue
        if kind == "MVN":
            where, shape = maps[key_of(source)], source.get_partial_shape()
            spatial = where.rows, where.columns
            mean, variance = inputs([openvino.Dimension(1) if a in spatial else side for a, side in enumerate(shape)])
            options = node.get_attributes()
            epsilon = ops.constant(options["eps"], openvino.Type.f32)
            if options["eps_mode"].lower() == "inside_sqrt":  # as it is spelled in files, and in memory
                deviation = ops.sqrt(ops.add(variance, epsilon))
            else:
                deviation = ops.add(ops.sqrt(variance), epsilon)
            node.output(0).replace(ops.divide(ops.subtract(source, mean), deviation).output(0))
        elif (spread := spread_around(node)) is not None:
            mean, variance = inputs(node.get_output_partial_shape(0))
            node.output(0).replace(mean.output(0))
            spread.output(0).replace(variance.output(0))
        elif source.get_node().get_type_name() == "SquaredDifference":
            continue  # the variance of a pair that is replaced already
        else:
            raise uncut(f"{node.get_friendly_name()} is a mean without its variance")
        sites.append(Site(key_of(source), mean.get_friendly_name(), variance.get_friendly_name()))
    model.validate_nodes_and_infer_types()
    return sites


def _check_local(graph: _Graph, name: str) -> None:
    """Raise where a node that sees a map is not known to be local."""
    kind, node = graph.kinds[name], graph.nodes[name]
    seen = [key for key in graph.feeds[name] if key in graph.maps]
    if not seen or kind in LOCAL or kind in ("Convolution", "GroupConvolution"):
        return
    if kind == "Interpolate" and node.get_attributes()["mode"] in ("nearest", "linear", "linear_onnx"):
        return
    if kind == "Tile" and graph.maps[seen[0]].scale == graph.maps[name, 0].scale:  # along other axes than the rows
        return
    raise uncut(f"{name} ({kind}) may look at the whole picture")


def _stages(graph: _Graph, sites: list[Site]) -> dict[str, int]:
    """How many passes must have run before a node can be computed."""
    measured_by = {moment: site.measured[0] for site in sites for moment in (site.mean, site.variance)}
    stages = dict.fromkeys(graph.order, 0)
    while True:
        before = dict(stages)
        for name in graph.order:
            if name in measured_by:
                stages[name] = stages[measured_by[name]] + 1
            else:
                stages[name] = max((stages[feed] for feed, _ in graph.feeds[name]), default=0)
        if stages == before:
            return stages


def _held(graph: _Graph, stages: dict[str, int]) -> list[Key]:
    """Maps that a later pass needs and that are small enough to keep."""
    return [
        key
        for key, where in graph.maps.items()
        if where.values <= HELD_VALUES
        and key[0] != graph.photo
        and any(stages[user] > stages[key[0]] for user in graph.users(key))
    ]


def _pass(
    graph: _Graph,
    stages: dict[str, int],
    sites: list[Site],
    held: list[Key],
    stage: int,
    cell: int,
    held_type: HeldType,
) -> Pass:
    import openvino
    from openvino import opset13 as ops

    measured = [site for site in sites if stages[site.measured[0]] == stage]
    writes = [key for key in held if stages[key[0]] == stage]
    last = stage == max(stages.values())
    results = graph.feeds[graph.model.get_results()[0].get_friendly_name()] if last else []
    gives = [*dict.fromkeys([*writes, *(site.measured for site in measured)])]
    targets = [*gives, *results]
    known = {key for key in held if stages[key[0]] < stage}
    halos, reached = _halos(graph, targets, known)

    element = openvino.Type.f32 if held_type == "f32" else openvino.Type.bf16
    model = graph.model.clone()
    nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
    reads = [key for key in halos if key in known]
    parameters = [nodes[name] for name in reached if graph.kinds[name] == "Parameter"]
    for key in reads:
        output, first = nodes[key[0]].output(key[1]), graph.maps[key].channels_first
        shape = list(output.get_partial_shape())
        shape = openvino.PartialShape([shape[axis] for axis in TO_LAST] if first else shape)
        parameter = ops.parameter(shape, element, name=input_name(key))
        value = ops.convert(parameter, "f32").output(0)
        output.replace(transposed(value, TO_FIRST) if first else value)
        parameters.append(parameter)
    outputs = [nodes[name].output(port) for name, port in gives]
    outputs = [
        ops.convert(transposed(output, TO_LAST) if graph.maps[key].channels_first else output, held_type)
        for key, output in zip(gives, outputs, strict=True)
    ]
    outputs += [nodes[name].output(port) for name, port in results]
    model = openvino.Model([ops.result(output) for output in outputs], parameters)
    channels_last(model, lambda output: (where := graph.maps.get(key_of(output))) is not None and where.channels_first)
    per_cell = {key: graph.maps[key].scale * cell for key in halos}
    halo = max((math.ceil(rows / per_cell[key]) for key, rows in halos.items()), default=0)
    values = max(graph.maps[name, 0].values for name in reached if (name, 0) in graph.maps)
    return Pass(model, reads, gives, writes, measured, halo, values, last)


def input_name(key: Key) -> str:
    """The name of the input that takes a held map."""
    return f"held:{key[0]}:{key[1]}"


def _halos(graph: _Graph, targets: list[Key], known: set[Key]) -> tuple[dict[Key, int], list[str]]:
    """Rows beyond its own that each map read needs, and the nodes between the maps read and the targets."""
    needs: dict[Key, int] = dict.fromkeys(targets, 0)
    reached = []
    for name in reversed(graph.order):
        wanted = [key for key in needs if key[0] == name and key not in known]
        if not wanted:
            continue
        reached.append(name)
        halo = max(needs[key] for key in wanted)
        for feed in graph.feeds[name]:
            rows = _halo_before(graph, name, feed, halo) if feed in graph.maps else 0
            needs[feed] = max(needs.get(feed, 0), rows)
    return {key: rows for key, rows in needs.items() if key in known or key == (graph.photo, 0)}, reached


def _halo_before(graph: _Graph, name: str, feed: Key, halo: int) -> int:
    """Rows of a node's input beyond its own that ``halo`` rows of its output need."""
    kind, node = graph.kinds[name], graph.nodes[name]
    if kind in ("Convolution", "GroupConvolution"):
        # axes of a convolution are N, C, rows, columns, and its kernel ends in rows, columns
        options = node.get_attributes()
        kernel = node.input_value(1).get_partial_shape()[-2].get_length()
        stride, dilation = options["strides"][0], options["dilations"][0]
        return int(halo * stride + math.ceil(dilation * (kernel - 1) / 2) + stride - 1)
    after = graph.maps.get((name, 0))
    if after is None:
        return 0  # only its shape is read
    rows = math.ceil(halo * graph.maps[feed].scale / after.scale)
    blurs = kind == "Interpolate" and node.get_attributes()["mode"] != "nearest"
    return rows + int(blurs)
