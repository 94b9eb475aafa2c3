"""Loading once per process: safe for threads, and told apart after a fork."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar, overload

from arbitrary_nst.errors import EngineError

T = TypeVar("T")

_in_use: dict[str, int] = {}  # the process that first used a library
_lock = threading.RLock()  # of all that is being loaded: what loads one thing may need another


def _renew_lock() -> None:
    """A thread that loads while another forks takes the lock along, locked for ever."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class loaded_once(Generic[T]):
    """A cached property that several threads may ask for at once: it is computed by one of them."""

    def __init__(self, load: Callable[[Any], T]) -> None:
        self._load, self.__doc__ = load, load.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Where the value goes."""
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "loaded_once[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> "loaded_once[T] | T":
        """Not asked any more once the instance has a value of this name."""
        if instance is None:
            return self
        with _lock:
            if self._name not in instance.__dict__:
                instance.__dict__[self._name] = self._load(instance)
            value: T = instance.__dict__[self._name]
            return value


def lock() -> AbstractContextManager[Any]:
    """The lock under which things are loaded."""
    return _lock


def refuse_after_fork(library: str) -> None:
    """Note that ``library`` is used in this process. Raises EngineError if it was before a fork: it would hang.

    The threads that it started are not in the new process, and what waits for them waits for ever.
    """
    if _in_use.setdefault(library, os.getpid()) != os.getpid():
        raise EngineError(
            f"{library}: used before fork, and its threads are not in the new process",
            "load nothing before the fork, or start processes by spawn",
        )
