"""The weights of a network of ours, read back from its OpenVINO model into Keras: to learn on with."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import ModelError

if TYPE_CHECKING:
    import openvino

Array = NDArray[np.float32]

STORED = ("Convert", "Multiply", "Reshape")  # what a kernel in f16 or int8 goes through before it is used
LEAST = 9  # numbers; fewer are constants of the network, such as the middle grey


def stored_weights(model: "openvino.Model") -> Iterator[Array]:
    """In f32, in the order in which they are used, which is Keras's."""
    for op in model.get_ordered_ops():
        if op.get_type_name() in STORED and _kernel(op.output(0)) is not None:
            continue  # a kernel, or its codes and their scale, belong to what uses them
        arrays = [_kernel(value) for value in op.input_values()]
        yield from (array for array in arrays if array is not None and array.size >= LEAST)


def take_back(variables: Sequence[Any], model: "openvino.Model") -> None:
    """Assign the weights of an OpenVINO model to Keras's variables of the same network, each within its constraint.

    Raises ModelError where they are not those of this network.
    """
    from arbitrary_nst.model_zoo.networks import mini

    weights = list(stored_weights(model))
    if len(weights) != len(variables):
        raise ModelError(f"{model.friendly_name}: {len(weights)} arrays of weights, not {len(variables)}")
    for variable, array in zip(variables, weights, strict=True):
        turned = array.transpose(2, 3, 1, 0) if len(variable.shape) == 4 == array.ndim else array.T
        if turned.size != np.prod(variable.shape):
            raise ModelError(f"{model.friendly_name}: no weights of shape {tuple(variable.shape)} for {variable.path}")
        mini.assign(variable, turned.reshape(variable.shape))


def _constant(value: Any) -> Array | None:
    """The array behind an input, in f32, or None."""
    node = value.get_node()
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    stored = node.get_type_name() == "Constant" and node.data.dtype in (np.float32, np.float16, np.int8)
    return node.data.astype(np.float32) if stored else None


def _kernel(value: Any) -> Array | None:
    """The weights behind an input, scaled if they are int8, or None."""
    node = value.get_node()
    if node.get_type_name() == "Reshape":
        inner = _kernel(node.input_value(0))
        return None if inner is None else inner.reshape(value.get_shape())
    if node.get_type_name() == "Multiply":
        codes, scale = (_constant(each) for each in node.input_values())
        return None if codes is None or scale is None else codes * scale
    return _constant(value)
