"""A ``Program`` that runs in PyTorch: constants computed once, biases and style normalisations each one step."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from arbitrary_nst.engines.program import Program, Step
from arbitrary_nst.engines.rewriting import makers, normed, only_orders
from arbitrary_nst.engines.torch.operations import OPERATIONS
from arbitrary_nst.errors import EngineError

CONVOLUTIONS = ("Convolution", "GroupConvolution")
SPLITS = ("Split", "VariadicSplit")
WIDE = 49  # pixels of a convolution's window from which on few channels cost more than 16
FEW, MANY = 4, 16


class Network:
    """Calls as the program's function of tensors; convolutions compute in ``dtype``, on ``device``."""

    def __init__(self, program: Program, device: Any, dtype: Any = torch.float32) -> None:
        if unknown := sorted({step.kind for step in program.steps} - OPERATIONS.keys()):
            raise EngineError(f"torch: knows no {unknown[0]}, which this model uses", "{engine=openvino}")
        self._inputs, self._output = program.inputs, program.output
        self._constants = {name: _constant(array) for name, array in program.constants.items()}
        steps = self._biased(normed(list(self._folded(program.steps)), self._constants, program.output))
        steps = _padding_above_zero(steps)
        if is_cuda(device):
            steps = [self._widened(step, dtype) for step in steps]
        used = {name for step in steps for name in step.inputs} | {program.output}
        kernels = {name for step in steps if step.kind in CONVOLUTIONS for name in step.inputs[1:]}
        for name in {name for step in steps if step.kind == "Interpolate" for name in step.inputs[1:]}:
            if torch.is_tensor(self._constants.get(name)):  # a GPU would be waited for to tell what it was told
                self._constants[name] = tuple(self._constants[name].flatten().tolist())
        self._constants = {
            name: _placed(value, device, dtype if name in kernels else None)
            for name, value in self._constants.items()
            if name in used
        }
        last_use = {name: number for number, step in enumerate(steps) for name in step.inputs}
        self._steps = [
            (OPERATIONS[step.kind], step, [name for name in set(step.inputs) if last_use[name] == number])
            for number, step in enumerate(steps)
        ]

    def __call__(self, *inputs: Any) -> Any:
        """Values are let go of after their last use."""
        values = dict(self._constants) | dict(zip(self._inputs, inputs, strict=True))
        for run, step, done in self._steps:
            made = run(step.settings, *(values[name] for name in step.inputs))
            for name in done:
                del values[name]
            values |= _named(step, made)
        return values[self._output]

    def _folded(self, steps: tuple[Step, ...]) -> Iterator[Step]:
        """The steps that depend on the inputs; what does not is computed here, and what changes nothing is left out."""
        same: dict[str, str] = {}
        for step in steps:
            step = replace(step, inputs=tuple(same.get(name, name) for name in step.inputs))
            if step.kind == "GroupConvolution" and only_orders(step, self._constants):
                same[step.outputs[0]] = step.inputs[0]
                continue
            if not all(name in self._constants for name in step.inputs):
                yield step
                continue
            made = OPERATIONS[step.kind](step.settings, *(self._constants[name] for name in step.inputs))
            self._constants |= _named(step, made)

    def _biased(self, steps: list[Step]) -> list[Step]:
        """A convolution and the constant added to each of its channels as one step."""
        uses, made = _uses(steps), makers(steps)
        normed_alone = {step.inputs[0] for step in steps if step.kind == "StyleNorm" and uses[step.inputs[0]] == 1}
        replaced: dict[int, Step | None] = {}
        for number, step in enumerate(steps):
            source = made.get(step.inputs[0]) if step.kind == "Add" else None
            if source is None or steps[source].kind not in CONVOLUTIONS or len(steps[source].inputs) > 2:
                continue
            bias: Any = self._constants.get(step.inputs[1])
            kernel = self._constants.get(steps[source].inputs[1])
            if not torch.is_tensor(bias) or kernel is None or uses[step.inputs[0]] > 1:
                continue
            channels = kernel.shape[0] * (kernel.shape[1] if kernel.ndim == 5 else 1)
            if bias.numel() != channels or bias.ndim != 4 or bias.shape[1] != channels:
                continue
            inputs = steps[source].inputs
            if step.outputs[0] not in normed_alone:  # a normalisation takes it away again
                self._constants[name := f"{step.inputs[1]} flat"] = bias.flatten()
                inputs = (*inputs, name)
            replaced[source] = None
            replaced[number] = Step(steps[source].kind, inputs, step.outputs, steps[source].settings)
        return [each for number, step in enumerate(steps) if (each := replaced.get(number, step)) is not None]

    def _widened(self, step: Step, dtype: Any) -> Step:
        """A convolution of as many channels as cuDNN is quick with: the kernel has empty ones for what lacks."""
        kernel: Any = self._constants.get(step.inputs[1]) if step.kind == "Convolution" else None
        if kernel is None:
            return step
        before, after = _quick_channels(kernel, dtype)
        if (after, before) == kernel.shape[:2]:
            return step
        inputs = [step.inputs[0], *(f"{name} widened" for name in step.inputs[1:])]
        more, new = after - kernel.shape[0], before - kernel.shape[1]
        for old, wider, sides in zip(
            step.inputs[1:], inputs[1:], [(0, 0, 0, 0, 0, new, 0, more), (0, more)], strict=False
        ):
            self._constants[wider] = torch.nn.functional.pad(self._constants[old], sides)
        return replace(step, inputs=tuple(inputs), settings={**step.settings, "channels": kernel.shape[0]})


def is_cuda(device: Any) -> bool:
    """Whether NVIDIA's libraries compute."""
    return bool(torch.device(device).type == "cuda")


def _quick_channels(kernel: Any, dtype: Any) -> tuple[int, int]:
    """How many channels a convolution best reads and makes.

    Tensor cores take them by eights in 16 bits. Under 9x9 pixels cuDNN takes three to four times as long for 8 channels
    as for 16, in f32 too.
    """
    after, before = kernel.shape[:2]
    if dtype != torch.float32:
        before, after = before + -before % 8, after + -after % 8
    if kernel.shape[2] * kernel.shape[3] >= WIDE and FEW < before < MANY:
        before = MANY
    return before, after


def _padding_above_zero(steps: list[Step]) -> list[Step]:
    """A ReLU whose maps are only padded as one step with that: they are written once."""
    uses, made, merged = _uses(steps), makers(steps), dict[int, Step | None]()
    for number, step in enumerate(steps):
        source = made.get(step.inputs[0]) if step.kind == "Pad" and step.settings["pad_mode"] == "reflect" else None
        if source is not None and steps[source].kind == "Relu" and uses[step.inputs[0]] == 1:
            inputs = (steps[source].inputs[0], *step.inputs[1:])
            merged |= {source: None, number: replace(step, inputs=inputs, settings={**step.settings, "relu": True})}
    return [each for number, step in enumerate(steps) if (each := merged.get(number, step)) is not None]


def _named(step: Step, made: Any) -> dict[str, Any]:
    """What a step made by name; places of maxima, a pooling's second output, nobody asks for."""
    return dict(zip(step.outputs, made if step.kind in SPLITS else (made,), strict=False))


def _uses(steps: list[Step]) -> Counter[str]:
    return Counter(name for step in steps for name in step.inputs)


def _constant(array: Any) -> Any:
    """Sizes as tuples, all else as it is, f16 as f32."""
    if np.issubdtype(array.dtype, np.integer) and array.ndim <= 1 and array.dtype == np.int64:
        return tuple(int(each) for each in np.atleast_1d(array))
    tensor = torch.from_numpy(np.array(array))
    return tensor.float() if tensor.dtype == torch.float16 else tensor


def _placed(value: Any, device: Any, dtype: Any) -> Any:
    if not torch.is_tensor(value):
        return value
    value = value.to(device=device, dtype=dtype or value.dtype)
    return value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value.contiguous()
