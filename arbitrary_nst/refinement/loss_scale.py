"""Gradients in f16, which holds 2 ** -24 to 65504 alone: of losses that are multiplied until they lie in that range."""

import math
from collections.abc import Callable
from typing import Any

Tensor = Any
Function = Callable[[Any, Any], tuple[Any, Any]]

BEGINNING = 2.0**24  # what the first loss is scaled to: too far, as only what is too large can be seen
SMALLER, LARGER = 1 / 8, 2.0
GROWS_AFTER = 50  # steps in range: losses fall, and with them their gradients
TRIES = 12  # at a step; a gradient that is no number at 2 ** -12 of the loss is so for another reason


class LossScale:
    """By what the losses are multiplied now."""

    def __init__(self) -> None:
        self.value = 1.0
        self._in_range: int | None = None  # steps since it changed; None before the first

    def begin(self, total: float) -> None:
        """By the first loss, unless it has begun."""
        if self._in_range is None and math.isfinite(total) and total != 0:
            self.value, self._in_range = BEGINNING / abs(total), 0

    def found(self, is_finite: bool) -> None:
        """Whether a gradient was finite: a smaller scale for the next if not, at times a larger one if so."""
        self._in_range = (self._in_range or 0) + 1 if is_finite else 0
        if not is_finite:
            self.value *= SMALLER
        elif self._in_range % GROWS_AFTER == 0:
            self.value *= LARGER


def scaled(
    differentiate: Callable[..., Function],
    terms: Callable[[Tensor, Any], Tensor],
    example: Any,
    values: list[Any] | None = None,
) -> Function:
    """What ``differentiate``, as ``gradients.value_and_gradient`` does, makes of terms that compute in f16.

    Values and gradients come back as they are without it. A step whose gradient is not finite is tried again.
    """
    from keras import ops

    def times(given: Any, factor: float) -> Any:
        return [each * factor for each in given] if isinstance(given, list) else given * factor

    def tensor(number: float) -> Any:
        return ops.convert_to_tensor(number, "float32")

    scale, plain = LossScale(), tensor(1.0)
    function = differentiate(lambda point, given: terms(point, given[0]) * given[1], (example, plain), values)

    def run(point: Any, target: Any) -> tuple[Any, Any]:
        if scale.value == 1.0:
            scale.begin(float(ops.sum(function(point, (target, plain))[0])))
        before = scale.value
        for _ in range(TRIES):
            now = scale.value
            found, gradient = function(point, (target, tensor(now)))
            leaves = gradient if isinstance(gradient, list) else [gradient]
            is_finite = math.isfinite(float(sum(ops.sum(leaf * 0) for leaf in leaves)))
            scale.found(is_finite)
            if is_finite:
                break
        else:
            scale.value = before
        return found / now, times(gradient, 1 / now)

    return run
