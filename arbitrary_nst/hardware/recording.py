"""CUDA graphs: what a function starts on a GPU, recorded once at a size, and started all at once from then on.

A step of a refinement starts some 400 kernels, and at 512 px the CPU takes three times as long to start them as the GPU
to run them.
"""

import logging
import weakref
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from arbitrary_nst.hardware.devices import import_torch

AFTER = 3  # calls at a size, in which PyTorch chooses what it runs
_log = logging.getLogger(__name__)
_lock = Lock()
_holder: "weakref.ref[Recorded] | None" = None

Tree = Any  # of tensors, in lists and tuples


class Recorded:
    """``function`` of trees of tensors to one of tensors; at a size that comes again it is recorded, on CUDA.

    What it makes is new each time. One recording is kept in a process, with its memory: it is let go of before its
    function runs at another size, and before another function is recorded. A function that cannot be recorded, as one
    that copies from the host, runs as it does without this.
    """

    def __init__(self, function: Callable[..., Tree]) -> None:
        self._function, self.failed = function, False
        self._forget()

    def _forget(self) -> None:
        self._size: Any = None
        self._calls = 0
        self._again: Callable[..., Tree] | None = None

    def __call__(self, *given: Tree) -> Tree:
        """As ``function``."""
        leaves = list(_leaves(given))
        if self.failed or not may_record(leaves):
            return self._function(*given)
        with _lock:
            size = [(leaf.shape, leaf.dtype, leaf.device) for leaf in leaves]
            if size != self._size:
                self._forget()
                self._size = size
            self._calls += 1
            if self._again is None and self._calls > AFTER:
                self._record(given)
            return (self._again or self._function)(*given)

    def _record(self, given: Tree) -> None:
        global _holder
        if _holder is not None and (other := _holder()) is not None and other is not self:
            other._forget()
        _holder = weakref.ref(self)
        try:
            self._again = _replayed(self._function, given)
        except RuntimeError as exc:
            self.failed = True
            _log.info("not recorded as a CUDA graph: %s", (str(exc).splitlines() or [type(exc).__name__])[0])


def _replayed(function: Callable[..., Tree], given: Tree) -> Callable[..., Tree]:
    """The function as it was recorded."""
    torch = import_torch()
    held = _mapped(torch.clone, given)
    replay, made = record(function, held)

    def again(*given: Tree) -> Tree:
        for old, new in zip(_leaves(held), _leaves(given), strict=True):
            old.copy_(new)
        replay()
        return _mapped(torch.clone, made)

    return again


def may_record(leaves: list[Any]) -> bool:
    """Whether all lie on one CUDA device."""
    return all(leaf.is_cuda and leaf.device == leaves[0].device for leaf in leaves)


def record(function: Callable[..., Tree], held: Tree) -> tuple[Callable[[], None], Tree]:
    """What runs ``function`` of what is then in ``held`` once more, and where it leaves what it makes."""
    torch = import_torch()
    with torch.cuda.device(next(_leaves(held)).device):
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # once outside the stream that others use, as recordings ask for
            function(*held)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may take memory meanwhile
            made = function(*held)
    return graph.replay, made


def _leaves(tree: Tree) -> Iterator[Any]:
    if isinstance(tree, (list, tuple)):
        for each in tree:
            yield from _leaves(each)
    else:
        yield tree


def _mapped(function: Callable[[Any], Any], tree: Tree) -> Tree:
    if isinstance(tree, (list, tuple)):
        return type(tree)(_mapped(function, each) for each in tree)
    return function(tree)
