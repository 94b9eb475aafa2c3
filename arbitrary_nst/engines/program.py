"""A network as data: steps over named values, with its constants. OpenVINO reads it, other libraries run it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONSTANT = "constant:"  # before a constant's name, in a file


@dataclass(frozen=True)
class Step:
    """One operation, by OpenVINO's name of its kind; ``settings`` are its attributes there."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """Steps in an order in which they can run, from ``inputs`` and ``constants`` to ``output``."""

    inputs: tuple[str, ...]
    output: str
    steps: tuple[Step, ...]
    constants: Mapping[str, NDArray[Any]]

    def save(self, path: Path) -> None:
        """Write it to an .npz file, which needs no OpenVINO to be read."""
        steps = [asdict(step) for step in self.steps]
        plan = json.dumps({"inputs": self.inputs, "output": self.output, "steps": steps})
        arrays: dict[str, Any] = {CONSTANT + name: array for name, array in self.constants.items()}
        np.savez_compressed(path, plan=np.frombuffer(plan.encode(), np.uint8), **arrays)

    @classmethod
    def load(cls, path: Path) -> "Program":
        """What ``save`` wrote."""
        with np.load(path, allow_pickle=False) as file:
            plan = json.loads(file["plan"].tobytes())
            constants = {name.removeprefix(CONSTANT): file[name] for name in file.files if name.startswith(CONSTANT)}
        steps = [
            Step(step["kind"], tuple(step["inputs"]), tuple(step["outputs"]), step["settings"])
            for step in plan["steps"]
        ]
        return cls(tuple(plan["inputs"]), plan["output"], tuple(steps), constants)
