"""Steps of a program written shorter, for what runs it in place of OpenVINO.

Constants are arrays, or tensors and tuples as PyTorch's network keeps them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from arbitrary_nst.engines.program import Program, Step

Constants = Mapping[str, Any]
Find = Callable[[str, str], Step | None]  # the step that made a name, if it is of this kind


def folded(program: Program) -> Program:
    """The program with what depends on constants alone computed, as far as ``FOLDED`` goes."""
    constants, same, steps = dict(program.constants), dict[str, str](), list[Step]()
    for step in program.steps:
        step = replace(step, inputs=tuple(same.get(name, name) for name in step.inputs))
        if only_orders(step, constants):
            same[step.outputs[0]] = step.inputs[0]
        elif step.kind in FOLDED and all(name in constants for name in step.inputs):
            made = FOLDED[step.kind](step.settings, *(constants[name] for name in step.inputs))
            constants |= zip(step.outputs, made if step.kind == "VariadicSplit" else [made], strict=True)
        else:
            steps.append(step)
    return Program(program.inputs, same.get(program.output, program.output), tuple(steps), constants)


def _reshaped(settings: Mapping[str, Any], x: Any, shape: Any) -> Any:
    sides = [x.shape[axis] if side == 0 and settings["special_zero"] else side for axis, side in enumerate(shape)]
    return x.reshape(sides)


FOLDED: dict[str, Callable[..., Any]] = {
    "Convert": lambda settings, x: x.astype(np.float32) if settings["destination_type"].startswith("f") else x,
    "Multiply": lambda settings, x, y: x * y,
    "Reshape": _reshaped,
    "Transpose": lambda settings, x, order: x.transpose(order),
    "Unsqueeze": lambda settings, x, axes: np.expand_dims(x, tuple(axes)),
    "VariadicSplit": lambda settings, x, axis, lengths: np.split(x, np.cumsum(lengths)[:-1], int(axis)),
}


def only_orders(step: Step, constants: Constants) -> bool:
    """Whether it is a convolution that changes nothing, and only brings numbers in order for OpenVINO."""
    kernel = constants.get(step.inputs[1]) if step.kind == "GroupConvolution" else None
    return kernel is not None and kernel.shape[1:] == (1, 1, 1, 1) and bool((kernel == 1).all())


def makers(steps: list[Step]) -> dict[str, int]:
    """The number of the step that made each name."""
    return {name: number for number, step in enumerate(steps) for name in step.outputs}


def normed(steps: list[Step], constants: Constants, output: str) -> list[Step]:
    """Each normalisation by instance with scale and shift as one step, ``StyleNorm``; what they no longer need goes."""
    made = makers(steps)

    def find(name: str, kind: str) -> Step | None:
        step = steps[made[name]] if name in made else None
        return step if step is not None and step.kind == kind else None

    return list(_needed([_norm(step, constants, find) or step for step in steps], output))[::-1]


def _needed(steps: list[Step], output: str) -> Iterator[Step]:
    """What the output comes from, the last first."""
    needed = {output}
    for step in reversed(steps):
        if needed & set(step.outputs):
            yield step
            needed |= set(step.inputs)


def _norm(step: Step, constants: Constants, find: Find) -> Step | None:
    """A StyleNorm in place of the addition that ends one, in either of two spellings."""
    product = find(step.inputs[0], "Multiply") if step.kind == "Add" else None
    if product is None:
        return None
    if (normal := find(product.inputs[0], "MVN")) is not None:
        inside = normal.settings["eps_mode"].lower() == "inside_sqrt"
        if not inside or tuple(constants[normal.inputs[1]]) not in ((2, 3), (-2, -1)):
            return None
        settings = {"epsilon": normal.settings["eps"]}
        return Step("StyleNorm", (normal.inputs[0], product.inputs[1], step.inputs[1]), step.outputs, settings)
    return _spelled_out(step, product, constants, find)


def _spelled_out(step: Step, product: Step, constants: Constants, find: Find) -> Step | None:
    """x * f + (shift - mean * f), with f = (variance + epsilon) ** -0.5 * scale."""
    x, factor = product.inputs
    rest, scaled = find(step.inputs[1], "Subtract"), find(factor, "Multiply")
    root = find(scaled.inputs[0], "Power") if scaled else None
    moved = find(rest.inputs[1], "Multiply") if rest else None
    total = find(root.inputs[0], "Add") if root else None
    if rest is None or scaled is None or root is None or moved is None or total is None:
        return None
    variance, mean = find(total.inputs[0], "ReduceMean"), find(moved.inputs[0], "ReduceMean")
    squares = find(variance.inputs[0], "SquaredDifference") if variance else None
    if mean is None or squares is None or squares.inputs != (x, mean.outputs[0]) or mean.inputs[0] != x:
        return None
    power, epsilon = constants.get(root.inputs[1]), constants.get(total.inputs[1])
    if moved.inputs[1] != factor or epsilon is None or power is None or float(power.item()) != -0.5:
        return None
    return Step("StyleNorm", (x, scaled.inputs[1], rest.inputs[0]), step.outputs, {"epsilon": float(epsilon.item())})
