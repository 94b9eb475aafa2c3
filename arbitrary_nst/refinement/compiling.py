"""PyTorch's compiler where it gains: on CUDA, at a size that has had many steps, and if steps are faster by it then.

Compiling takes as long as hundreds or thousands of steps, so that one picture never gains: many of one size may.
"""

import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from arbitrary_nst.hardware.devices import import_torch, is_out_of_memory

BACKEND = "inductor"
AFTER = 1000  # steps at a size
TIMED = 5  # steps with it and without

Tensor = Any
Terms = Callable[[Any, Any], Tensor]
Function = Callable[[Any, Any], tuple[Any, Any]]

_log = logging.getLogger(__name__)


class CompiledWhereItGains:
    """``differentiate(terms)``, of which ``terms`` is compiled at some sizes."""

    def __init__(self, differentiate: Callable[[Terms], Function], terms: Terms) -> None:
        self._differentiate, self._terms = differentiate, terms
        self._plain = differentiate(terms)
        self._steps: Counter[Any] = Counter()  # by size
        self._chosen: dict[Any, Function] = {}
        self._failed = False

    def __call__(self, point: Any, targets: Any) -> tuple[Any, Any]:
        """As ``differentiate(terms)``."""
        if self._failed or not may_gain(_first(point)):
            return self._plain(point, targets)
        size = _shapes([point, targets])
        if size in self._chosen:
            return self._chosen[size](point, targets)
        self._steps[size] += 1
        if self._steps[size] > AFTER:
            self._chosen[size] = self._faster(point, targets)
        return self._plain(point, targets)

    def _faster(self, point: Any, targets: Any) -> Function:
        torch = import_torch()
        try:
            compiled = self._differentiate(torch.compile(self._terms, backend=BACKEND, dynamic=False))
            compiled(point, targets)
            before, after = (_seconds(each, point, targets) for each in (self._plain, compiled))
        except Exception as exc:  # of the compiler, of what it calls, of the memory that it takes
            self._failed = True
            reason = "out of memory" if is_out_of_memory(exc) else (str(exc).splitlines() or [type(exc).__name__])[0]
            _log.warning("torch.compile failed (%s): steps run without it", reason[:120])
            return self._plain
        _log.info("torch.compile: %.1f ms a step, %.1f without", 1000 * after, 1000 * before)
        return compiled if after < before else self._plain


def may_gain(tensor: Any) -> bool:
    """On CUDA alone, until somebody has measured other devices."""
    return bool(tensor.device.type == "cuda")


def _first(point: Any) -> Tensor:
    return point[0] if isinstance(point, list) else point


def _shapes(tree: Any) -> Any:
    """Of all tensors."""
    return tuple(map(_shapes, tree)) if isinstance(tree, (list, tuple)) else tuple(tree.shape)


def _seconds(function: Function, point: Any, targets: Any) -> float:
    """The median of some steps."""
    taken = []
    for _ in range(TIMED):
        began = time.perf_counter()
        values, gradient = function(point, targets)
        (values.sum() + _first(gradient).sum()).item()  # waits for the GPU
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
