"""A trained `mini` as two OpenVINO models with f16 weights, free of sizes, and their figures on its card."""

import hashlib
import os
import re
from pathlib import Path

import keras
import nets
import openvino


def export(style_net, transfer_net, folder: Path, card: Path | None = None) -> None:
    """Write predict_style and transform into ``folder``; note sizes and SHA-256 on ``card``."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = {"predict_style": (style_net, ["style"]), "transform": (transfer_net, ["photo", "bottleneck"])}
    for name, (net, inputs) in halves.items():
        model = converted(net, inputs)
        for port, label in zip(model.inputs, inputs, strict=True):
            port.get_tensor().set_names({label})
        openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=True)
    if card is not None:
        write_figures(card, folder)


def converted(net, inputs):
    """The network in f32 as an OpenVINO model, traced by TensorFlow; N, H and W stay open."""
    if keras.backend.backend() != "tensorflow":
        raise SystemExit("export: needs KERAS_BACKEND=tensorflow; the checkpoint of any backend will do")
    import tensorflow as tf

    shapes = {"style": (None, None, None, 3), "photo": (None, None, None, 3), "bottleneck": (None, nets.BOTTLENECK)}
    specs = [tf.TensorSpec(shapes[name], tf.float32, name=name) for name in inputs]
    function = tf.function(lambda *tensors: net(list(tensors) if len(tensors) > 1 else tensors[0]))
    return openvino.convert_model(function.get_concrete_function(*specs))


def take_back(folder: Path, style_net, transfer_net) -> None:
    """Assign the f16 weights of an export to the networks: OpenVINO keeps them in the order Keras has them."""
    for name, net in (("predict_style", style_net), ("transform", transfer_net)):
        operations = openvino.Core().read_model(folder / f"{name}.xml").get_ordered_ops()
        constants = [op.data for op in operations if op.get_type_name() == "Constant"]
        weights = [array for array in constants if array.dtype == "float16" and array.size > 8]
        for variable, array in zip(net.variables, weights, strict=True):
            turned = array.transpose(2, 3, 1, 0) if len(variable.shape) == 4 else array.T
            variable.assign(turned.reshape(variable.shape))


def mean(networks, others) -> None:
    """Assign the mean of both pairs' weights to the first: what two trainings from one start learnt."""
    for net, other in zip(networks, others, strict=True):
        for mine, theirs in zip(net.variables, other.variables, strict=True):
            mine.assign(0.5 * mine + 0.5 * theirs)


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
