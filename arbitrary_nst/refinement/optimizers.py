"""What goes downhill: Adam and SciPy's L-BFGS-B behind one call, and tensors to numbers and back.

Each is called with ``judged``, which takes a picture (1, H, W, 3) on Keras's device to its loss and gradient, and which
ends the search by an exception; a start (H, W, 3); a recipe; a factor on the step size; and ``share``, which tells how
much of the way is behind, from 0 to 1.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement.recipes import Recipe

BETA_2 = 0.999
Judged = Callable[[Any], tuple[float, Any]]


def adam(judged: Judged, start: Pixels, recipe: Recipe, rate: float, share: Callable[[], float]) -> None:
    """Adam (Kingma and Ba 2015); ends by an exception of ``judged``. Its rate may decay with ``share``.

    Picture and moments stay on Keras's device. A picture that ``judged`` was given is not changed any more: it may be
    kept.
    """
    from keras import ops

    picture = to_tensor(start)
    moments = ops.zeros_like(picture), ops.zeros_like(picture)
    step = _adams_step(recipe.beta_1, recipe.epsilon)
    for number in count(1):
        if recipe.clip:
            picture = ops.clip(picture, 0, 1)
        _, gradient = judged(picture)
        falling = max(0.5 * (1 + math.cos(math.pi * share())), 0.01) if recipe.decay else 1.0
        unbiased = math.sqrt(1 - BETA_2**number) / (1 - recipe.beta_1**number)
        length = np.float32(recipe.learning_rate * rate * falling * unbiased)
        picture, *moments = step(picture, gradient, *moments, length)


@lru_cache(maxsize=8)  # what JAX compiled for one scale serves the next picture's
def _adams_step(beta_1: float, epsilon: float) -> Callable[..., Any]:
    """Adam's step, as Keras has it, to the next picture and moments; JAX writes the moments over the old ones."""
    import keras
    from keras import ops

    def step(picture: Any, gradient: Any, first: Any, second: Any, length: Any) -> Any:
        first = first + (gradient - first) * (1 - beta_1)
        second = second + (ops.square(gradient) - second) * (1 - BETA_2)
        return picture - first * length / (ops.sqrt(second) + epsilon), first, second

    if keras.backend.backend() != "jax":
        return step
    import jax

    return jax.jit(step, donate_argnums=(2, 3))  # type: ignore[no-any-return]


def lbfgs(judged: Judged, start: Pixels, recipe: Recipe, rate: float, share: Callable[[], float]) -> None:
    """SciPy's L-BFGS-B in units of ``rate``, as long as its first step is; bounded only where the recipe clips."""
    from scipy.optimize import Bounds, minimize

    shape = (1, *start.shape)

    def fun(x: Any) -> tuple[float, Any]:
        total, gradient = judged(to_tensor((x * rate).reshape(shape)))
        return total, to_numpy(gradient).astype(np.float64).ravel() * rate

    x = start.astype(np.float64).ravel() / rate
    options = {"maxiter": 10**9, "maxfun": 10**9, "maxcor": 10, "ftol": 0, "gtol": 0}
    minimize(fun, x, jac=True, method="L-BFGS-B", bounds=Bounds(0, 1 / rate) if recipe.clip else None, options=options)


def to_tensor(array: Any) -> Any:
    """(H, W, 3) or (1, H, W, 3) on Keras's device."""
    from keras import ops

    array = np.asarray(array, np.float32)
    return ops.convert_to_tensor(array if array.ndim == 4 else array[np.newaxis])


def to_numpy(tensor: Any) -> Pixels:
    """A tensor's numbers."""
    from keras import ops

    if hasattr(tensor, "detach"):  # PyTorch's, made of a variable
        tensor = tensor.detach()
    numbers: Pixels = ops.convert_to_numpy(tensor)
    return numbers
