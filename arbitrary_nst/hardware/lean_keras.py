"""Keras without what it imports beside its backend and nothing here uses: on PyTorch 0.5 s of CPU instead of 2.8."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# A command's, which ends with it: what it needs may be loaded ahead, nothing is taken down, and nobody else in it gives
# Keras tables or asks it for charts.
PROCESS_IS_OURS = False
FOR_OTHERS = ("pandas", "matplotlib")  # Keras takes them where they are installed
DYNAMO = "torch._dynamo"  # the compiler, of which Keras's backend asks a decorator alone


@contextlib.contextmanager
def lean_imports() -> Iterator[None]:
    """What this thread imports inside, as Keras is, finds no JAX if that is not its backend; in a process of ours no
    pandas and matplotlib either, and PyTorch's compiler only once it is called."""
    hidden = {"jax"} if os.environ.get("KERAS_BACKEND") in ("tensorflow", "torch") else set()
    if PROCESS_IS_OURS:
        hidden |= {*FOR_OTHERS, DYNAMO}
    finder = _Hiding(hidden)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        finder.take_back()


class _Hiding(MetaPathFinder, Loader):
    """Finds modules for one thread that cannot be imported, or stand for another; a module that is there stays."""

    def __init__(self, hidden: set[str]) -> None:
        self._hidden, self._thread = hidden, threading.get_ident()
        self._standing_in: ModuleType | None = None

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self._hidden or threading.get_ident() != self._thread:
            return None
        if name == DYNAMO and _late_disable() is None:  # Keras has to have one
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if spec.name != DYNAMO:
            raise ModuleNotFoundError(f"{spec.name}: not needed here", name=spec.name)
        self._standing_in = ModuleType(spec.name, "The compiler, as far as Keras asks for it.")
        self._standing_in.__dict__["disable"] = _late_disable()
        return self._standing_in

    def exec_module(self, module: ModuleType) -> None:
        pass

    def take_back(self) -> None:
        """Who imports the compiler from now on gets it."""
        if self._standing_in is not None and sys.modules.get(DYNAMO) is self._standing_in:
            del sys.modules[DYNAMO]
            parent, _, name = DYNAMO.partition(".")
            with contextlib.suppress(AttributeError):
                delattr(sys.modules[parent], name)


def _late_disable() -> Any:
    """PyTorch's own decorator, which imports the compiler when what it decorates is called; None where it has none."""
    return getattr(sys.modules.get("torch._compile"), "_disable_dynamo", None)
