"""A trained `mini` as two OpenVINO models, free of sizes, and their figures on its card.

Weights are f16, and the style network's largest kernels int8: with a scale per output channel in convolutions, and
per output and 16 inputs in its dense layer, whose rounding would move the bottleneck by more than 0.01 otherwise. What
is constrained to be even stays so: see ``evenly_rounded``.
"""

import hashlib
import os
import re
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from arbitrary_nst.engines.openvino import openvino, stored_weights
from arbitrary_nst.model_zoo.networks import mini
from arbitrary_nst.model_zoo.networks.rounding import evenly_rounded

INT8_WEIGHTS = 80_000  # a kernel with so many of them is stored in int8
GROUP = 16  # inputs of a dense layer that share a scale


def export(style_net, photo_net, folder: Path, card: Path | None = None) -> None:
    """Write predict_style and transform into ``folder``; note sizes and SHA-256 on ``card``."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = {"predict_style": (style_net, ["style"]), "transform": (photo_net, ["photo", "bottleneck"])}
    for name, (net, inputs) in halves.items():
        with rounded_even(net):
            model = converted(net, inputs)
        for port, label in zip(model.inputs, inputs, strict=True):
            port.get_tensor().set_names({label})
        if net is style_net:
            compress(model)
        path = folder / f"{name}.xml"
        openvino.save_model(model, path, compress_to_fp16=True)
        path.write_text(re.sub(r">\s+<", "><", path.read_text(encoding="utf-8")), encoding="utf-8")  # a sixth less
    if card is not None:
        write_figures(card, folder)


def converted(net, inputs):
    """The network in f32 as an OpenVINO model, traced by TensorFlow; N, H and W stay open."""
    if keras.backend.backend() != "tensorflow":
        raise SystemExit("export: needs KERAS_BACKEND=tensorflow; the checkpoint of any backend will do")
    import tensorflow as tf

    shapes = {"style": (None, None, None, 3), "photo": (None, None, None, 3), "bottleneck": (None, mini.BOTTLENECK)}
    specs = [tf.TensorSpec(shapes[name], tf.float32, name=name) for name in inputs]
    function = tf.function(lambda *tensors: net(list(tensors) if len(tensors) > 1 else tensors[0]))
    return openvino.convert_model(function.get_concrete_function(*specs))


@contextmanager
def rounded_even(net):
    """The network with what ``mini.Even`` constrains rounded evenly, for as long as it is converted."""
    held = {id(v): v for v in net.variables if isinstance(v.constraint, mini.Even)}.values()
    before = [np.asarray(variable).copy() for variable in held]
    for variable, array in zip(held, before, strict=True):
        variable.assign(evenly_rounded(array))
    yield
    for variable, array in zip(held, before, strict=True):
        variable.assign(array)


def compress(model) -> None:
    """Store the kernels of convolutions and dense layers in f16, the larger ones in int8, in place."""
    ov = openvino.opset13

    for node in model.get_ordered_ops():
        if node.get_type_name() not in ("Convolution", "MatMul"):
            continue
        kernel = node.input_value(1).get_node().data
        if kernel.size >= INT8_WEIGHTS:
            groups = kernel.reshape(len(kernel), -1, GROUP if kernel.ndim == 2 else kernel[0].size)
            scale = np.maximum(np.abs(groups).max(axis=-1, keepdims=True) / 127, 1e-9)
            codes = ov.constant(np.round(groups / scale).astype(np.int8))
            stored = ov.multiply(ov.convert(codes, "f32"), ov.constant(scale))
            stored = ov.reshape(stored, ov.constant(np.array(kernel.shape)), special_zero=False)
        else:
            stored = ov.convert(ov.constant(kernel.astype(np.float16)), "f32")
        node.input(1).replace_source_output(stored.output(0))


def take_back(folder: Path, style_net, photo_net) -> None:
    """Assign the weights of an export to the networks, brought to what a network constrains them to."""
    stored = {"predict_style": style_net.variables, "transform": mini.stored_variables(photo_net)}
    for name, variables in stored.items():
        stored_weights.take_back(variables, openvino.Core().read_model(folder / f"{name}.xml"))


def exported(folder: Path):
    """The two networks of an export."""
    networks = mini.style_net(), mini.photo_net()
    take_back(folder, *networks)
    return networks


def averaged(model):
    """The two networks with the moving average of their weights, as new models."""
    averages = model.optimizer._model_variables_moving_average
    average = {id(v): a for v, a in zip(model.trainable_variables, averages, strict=True)}
    copies = mini.style_net(), mini.photo_net()
    for copy, net in zip(copies, (model.predict_style, model.transform), strict=True):
        for mine, theirs in zip(copy.variables, net.variables, strict=True):
            mini.assign(mine, average.get(id(theirs), theirs))  # Keras averages before it constrains
    return copies


def mean(networks, others, share) -> None:
    """Assign the mean of both pairs' weights to the first, whose ``share`` it holds: what two trainings learnt.

    Above 1 the first goes on in the direction in which it lies from the other.
    """
    for net, other in zip(networks, others, strict=True):
        for mine, theirs in zip(net.variables, other.variables, strict=True):
            mini.assign(mine, share * mine + (1 - share) * theirs)


def stretch(style_net, styles, factor) -> None:
    """Move the network's bottlenecks away from their mean over ``styles`` by a factor, in its last layer."""
    centre = np.mean([style_net(style[None])[0] for style in styles], axis=0)
    last = style_net.get_layer("bottleneck")
    last.kernel.assign(factor * last.kernel)
    last.bias.assign(factor * last.bias + (1 - factor) * centre)


def write_figures(card: Path, folder: Path) -> None:
    """Replace the card's [[files]] by what lies in the folder."""
    tables = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        tables.append(f'[[files]]\npath = "{path.name}"\nsize = {len(data)}\nsha256 = "{digest}"\n')
    text = re.sub(r"\[\[files\]\]\npath = .*\nsize = .*\nsha256 = .*\n\n?", "", card.read_text(encoding="utf-8"))
    part = card.with_suffix(".part")
    part.write_text(text.rstrip() + "\n\n" + "\n".join(tables), encoding="utf-8")
    os.replace(part, card)
