"""What goes downhill: Keras's Adam and SciPy's L-BFGS-B behind one call, and tensors to numbers and back.

Each is called with ``judged``, which takes a picture (1, H, W, 3) on Keras's device to its loss and gradient, and which
ends the search by an exception; a start (H, W, 3); a recipe; a factor on the step size; and ``share``, which tells how
much of the way is behind, from 0 to 1.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement.recipes import Recipe

Judged = Callable[[Any], tuple[float, Any]]


def adam(judged: Judged, start: Pixels, recipe: Recipe, rate: float, share: Callable[[], float]) -> None:
    """Adam (Kingma and Ba 2015), Keras's; ends by an exception of ``judged``. Its rate may decay with ``share``."""
    import keras
    from keras import ops

    picture = keras.Variable(start[np.newaxis])
    optimizer = keras.optimizers.Adam(recipe.learning_rate * rate, recipe.beta_1, epsilon=recipe.epsilon)
    while True:
        now = ops.clip(picture, 0, 1) if recipe.clip else ops.copy(picture)
        _, gradient = judged(now)
        if recipe.decay:
            falling = 0.5 * (1 + math.cos(math.pi * share()))
            optimizer.learning_rate = recipe.learning_rate * rate * max(falling, 0.01)
        picture.assign(now)
        optimizer.apply([gradient], [picture])


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

    numbers: Pixels = ops.convert_to_numpy(tensor)
    return numbers
