"""A model that OpenVINO has read, as a ``Program`` for another library to run."""

from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines import Weights
from arbitrary_nst.engines.openvino.convert import published_halves
from arbitrary_nst.engines.openvino.numbers import cut_at_numbers
from arbitrary_nst.engines.openvino.photo_weights import add_weights
from arbitrary_nst.engines.program import Program, Step
from arbitrary_nst.model_zoo import Model

if TYPE_CHECKING:
    import openvino


def halves_of(model: Model) -> "list[openvino.Model]":
    """The style half, pictures (N, S, S, 3) to numbers (N, D), and the photo half, without what is rewritten for CPUs.

    Raises ModelError.
    """
    return cut_at_numbers(*published_halves(model))


def photo_program(transform: "openvino.Model", differences: Weights | None = None) -> Program:
    """Photos (N, H, W, 3) and numbers (N, D) to pictures, drawn with ``differences`` added to the weights.

    Raises OptionError for weights of another network.
    """
    if differences:
        transform = transform.clone()
        add_weights(transform, differences)
    return program_of(transform)


def program_of(model: "openvino.Model") -> Program:
    """Any model of one result, its inputs in the model's order.

    Values go by OpenVINO's own names: those that people gave may come twice, where two models were put together.
    """
    names: dict[Any, str] = {}
    steps, constants = [], {}
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind == "Result":
            continue
        outputs = tuple(f"{node.get_name()}:{port}" for port in range(node.get_output_size()))
        for port, name in enumerate(outputs):
            names[node.get_name(), port] = name
        if kind == "Constant":
            constants[outputs[0]] = _plain(np.array(node.data))
        elif kind != "Parameter":
            inputs = tuple(_name(names, value) for value in node.input_values())
            steps.append(Step(kind, inputs, outputs, dict(node.get_attributes())))
    inputs = tuple(_name(names, parameter.output(0)) for parameter in model.get_parameters())
    return Program(inputs, _name(names, model.get_results()[0].input_value(0)), tuple(steps), constants)


def _name(names: dict[Any, str], value: Any) -> str:
    return names[value.get_node().get_name(), value.get_index()]


def _plain(array: Any) -> Any:
    """Sizes as int64: other libraries tell floats from integers, not kinds of integers."""
    return array.astype(np.int64) if array.dtype in (np.int32, np.uint64) else array
