"""An ONNX graph as it is written, node by node."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, helper, numpy_helper

Shape = list[str | int]


class Graph:
    """Nodes over named values. A constant is written once it is used, and known by its name before."""

    def __init__(self, constants: dict[str, NDArray[Any]]) -> None:
        self.constants = dict(constants)
        self.channels: dict[str, int] = {}  # of maps and numbers, where they are known
        self._nodes: list[NodeProto] = []
        self._names: dict[str, str] = {}  # values that go by another name than the program's

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        """A node; the name of its output."""
        return self.add_several(kind, *inputs, outputs=1, **settings)[0]

    def add_several(self, kind: str, *inputs: str, outputs: int, **settings: Any) -> list[str]:
        """A node; the names of its outputs."""
        names = [f"{kind.lower()}_{len(self._nodes)}{f'_{port}' * (outputs > 1)}" for port in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, name=f"{kind}_{len(self._nodes)}", **settings))
        return names

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """The name of a new constant."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(values, dtype)
        return name

    def integers(self, values: Any) -> str:
        """The name of a new constant of sizes or axes."""
        return self.constant(values, np.int64)

    def proto(self, name: str, inputs: dict[str, Shape], output: str, made: str, shape: Shape) -> GraphProto:
        """The graph whose value ``made`` is its ``output``; inputs and output are f32, of shapes that may be names."""
        self._nodes[-1].output[list(self._nodes[-1].output).index(made)] = output
        used = {name for node in self._nodes for name in node.input}
        weights = [numpy_helper.from_array(_plain(array), key) for key, array in self.constants.items() if key in used]
        given = [helper.make_tensor_value_info(key, helper.TensorProto.FLOAT, sides) for key, sides in inputs.items()]
        result = helper.make_tensor_value_info(output, helper.TensorProto.FLOAT, shape)
        return helper.make_graph(self._nodes, name, given, [result], weights)


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, np.float32) if array.dtype.kind == "f" else np.asarray(array, np.int64)
