"""A style as a value: embed once, apply to many photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Style:
    """What a model knows of a style picture.

    ``bottleneck`` is (D,) float32, D on the model's card (768 for magenta, 100 for lite); ``model`` is the digest of
    the model that made it, since another model reads other meanings into the numbers; ``name`` goes into file names.
    """

    bottleneck: NDArray[np.float32]
    model: str
    name: str = "style"
