"""A photo half with weights of its own: the model's, and what a style has learnt beyond them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.engines import Weights
from arbitrary_nst.engines.openvino.feature_maps import readers
from arbitrary_nst.errors import OptionError
from arbitrary_nst.model_zoo.networks import PHOTO_LAYERS, weight_name

if TYPE_CHECKING:
    import openvino


def add_weights(transform: "openvino.Model", differences: Weights) -> None:
    """Add ``differences``, by the names of ``Style.weights``, to the weights of a photo half of `mini`, in place.

    Raises OptionError where they are not those of this network.
    """
    places = _places(transform)
    if unknown := sorted(differences.keys() - places.keys()):
        raise OptionError(f"style: weights of {unknown[0][:60]!r}, which the model has not", "learn it anew")
    for name, difference in differences.items():
        port, values = places[name]
        turned = difference.transpose(3, 2, 0, 1) if difference.ndim == 4 else difference
        if turned.size != values.size or (difference.ndim == 4 and turned.shape != values.shape):
            raise OptionError(f"style: {name} is {difference.shape}, not of the model's shape", "learn it anew")
        _set(port, values + turned.reshape(values.shape))


def _places(transform: "openvino.Model") -> dict[str, tuple[Any, NDArray[np.float32]]]:
    """Where each weight is used, and what it is, in OpenVINO's order of axes."""
    convolutions = [node for node in transform.get_ordered_ops() if node.get_type_name() == "Convolution"]
    if len(convolutions) != len(PHOTO_LAYERS):
        raise OptionError("style: has weights of its own, which this model cannot take", "{model=mini}")
    places = {}
    for layer, node in zip(PHOTO_LAYERS, convolutions, strict=True):
        (added,) = readers(node)
        (bias,) = (port for port in added.inputs() if port.get_source_output().get_node() != node)
        for part, port in (("kernel", node.input(1)), ("bias", bias)):
            places[weight_name(layer, part)] = port, _values(port.get_source_output().get_node())
    return places


def _values(node: Any) -> NDArray[np.float32]:
    while node.get_type_name() == "Convert":  # from f16, as they are kept
        node = node.input_value(0).get_node()
    return np.asarray(node.data, np.float32)


def _set(port: Any, values: NDArray[np.float32]) -> None:
    from openvino import opset13 as ops

    port.replace_source_output(ops.constant(np.ascontiguousarray(values, np.float32)).output(0))
