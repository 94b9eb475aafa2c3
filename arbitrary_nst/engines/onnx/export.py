"""A model's two halves, or a photo half with a style in it, as ONNX files' bytes."""

from collections.abc import Mapping
from typing import Any

import onnx
from onnx import helper

from arbitrary_nst import __version__
from arbitrary_nst.engines.onnx.graph import Graph, Shape
from arbitrary_nst.engines.onnx.operations import OPERATIONS
from arbitrary_nst.engines.openvino.reading import halves_of, photo_program, program_of
from arbitrary_nst.engines.program import Program
from arbitrary_nst.engines.rewriting import folded, normed
from arbitrary_nst.errors import EngineError
from arbitrary_nst.model_zoo import Card, Model
from arbitrary_nst.styles import Style

# Read by runtimes of 2022 and later, those in browsers among them.
OPSET, IR_VERSION = 17, 8
PHOTO: Shape = ["batch", "height", "width", 3]
LONG = "RGB, f32, 0 to 1, (batch, height, width, 3)"


def exported(model: Model) -> dict[str, bytes]:
    """``NAME-style.onnx``, style pictures (N, S, S, 3) to numbers (N, D), and ``NAME-photo.onnx``.

    The second draws photos (N, H, W, 3) of any size by numbers (N or 1, D). Raises ModelError.
    """
    card, (predict, transform) = model.card, halves_of(model)
    style, photo = program_of(predict), photo_program(transform)
    about = _about(model)
    read = {
        "input.style": f"{LONG}, squeezed to {card.style_size} x {card.style_size}",
        "output.numbers": f"f32, (batch, {card.numbers}): scales and shifts, which may be blended and kept",
    }
    drawn = {"input.numbers": f"f32, ({card.numbers},) of each photo, or one row for all", **_of_photos(card)}
    graph, made = _written(style, {"style": style.inputs[0]})
    shapes: dict[str, Shape] = {"style": ["batch", "side", "side", 3]}
    half = graph.proto("predict_style", shapes, "numbers", made, ["batch", card.numbers])
    return {
        f"{card.name}-style.onnx": _file(half, {**about, **read}),
        f"{card.name}-photo.onnx": _photo_half(card, photo, {**about, **drawn}),
    }


def exported_style(model: Model, style: Style) -> dict[str, bytes]:
    """``NAME.onnx``, photos (N, H, W, 3) of any size to pictures in this style, with its own weights if it has some.

    Raises OptionError for weights of another network.
    """
    program = photo_program(halves_of(model)[1], style.weights)
    known = {**program.constants, program.inputs[1]: style.numbers[None]}
    program = Program(program.inputs[:1], program.output, program.steps, known)
    told = {"style": style.name, "source": style.source, "learnt": style.learnt}
    about = {**_about(model), **{key: text for key, text in told.items() if text}, **_of_photos(model.card)}
    return {f"{style.name}.onnx": _photo_half(model.card, program, about)}


def _photo_half(card: Card, program: Program, about: Mapping[str, str]) -> bytes:
    """With the photo brought to sides that the network takes, and the picture cropped back to its size."""
    styles: dict[str, Shape] = {"photo": PHOTO, "numbers": ["styles", card.numbers]}
    names = dict(zip(styles, program.inputs, strict=False))
    graph, made = _written(program, names, card.stride)
    return _file(graph.proto("transform", {key: styles[key] for key in names}, "picture", made, PHOTO), about)


def _written(program: Program, inputs: Mapping[str, str], stride: int = 0) -> tuple[Graph, str]:
    """The program's nodes and the name of what they make; ``inputs`` are the program's names by the graph's.

    With a ``stride`` the first input is a photo, see ``_photo_half``.
    """
    program = folded(program)
    steps = normed(list(program.steps), program.constants, program.output)
    if unknown := sorted({step.kind for step in steps} - OPERATIONS.keys()):
        raise EngineError(f"onnx: knows no {unknown[0]}, which this model uses", "another model")
    graph = Graph(dict(program.constants))
    names = {theirs: ours for ours, theirs in inputs.items()}
    sides = graph.add("Shape", "photo", start=1, end=3) if stride else ""
    if stride > 1:
        names[program.inputs[0]] = _reflected(graph, sides, stride)
    for step in steps:
        made = OPERATIONS[step.kind](graph, step.settings, *(names.get(name, name) for name in step.inputs))
        names |= zip(step.outputs, [made] if isinstance(made, str) else made, strict=False)
    result = names[program.output]
    if stride:
        result = graph.add("Slice", result, graph.integers([0, 0]), sides, graph.integers([1, 2]))
    return graph, result


def _reflected(graph: Graph, sides: str, stride: int) -> str:
    """The photo, reflected at the bottom and right to multiples of the stride, as ``engines.fit`` does."""
    missing = graph.add("Mod", graph.add("Neg", sides), graph.integers([stride]))
    widths = graph.add("Concat", graph.integers([0] * 5), missing, graph.integers([0]), axis=0)
    return graph.add("Pad", "photo", widths, mode="reflect")


def _about(model: Model) -> dict[str, str]:
    card = model.card
    return {"model": card.name, "title": card.title, "licence": card.licence, "model_sha256": model.digest}


def _of_photos(card: Card) -> dict[str, str]:
    return {"input.photo": f"{LONG}, sides of {card.min_side} px or more", "output.picture": f"{LONG}, as the photo"}


def _file(graph: Any, about: Mapping[str, str]) -> bytes:
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="arbitrary-nst",
        producer_version=__version__,
        doc_string=f"{about['title']}, {about['licence']}",
    )
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
