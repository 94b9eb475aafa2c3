"""Loading once per process: safe for threads, and told apart after a fork."""

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import copy
from typing import Any, Generic, TypeVar, overload

from arbitrary_nst.errors import EngineError

T = TypeVar("T")

FAILED = " failed"  # behind the name of what could not be loaded ahead: why

_in_use: dict[str, int] = {}  # the process that first used a library
_lock = threading.RLock()  # of what is loaded by hand


class loaded_once(Generic[T]):
    """A cached property that several threads may ask for at once: it is computed by one of them.

    What loads one thing may ask for another, as long as they do not go in a circle: each has a lock of its own.
    """

    def __init__(self, load: Callable[[Any], T]) -> None:
        self._load, self.__doc__ = load, load.__doc__
        self.lock = threading.RLock()
        _all.add(self)

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
        with self.lock:
            if failure := instance.__dict__.pop(self._name + FAILED, None):
                raise failure
            if self._name not in instance.__dict__:
                instance.__dict__[self._name] = self._load(instance)
            value: T = instance.__dict__[self._name]
            return value

    def ahead(self, instance: object) -> bool:
        """Load it before anybody asks; whether that went well. A failure is kept for who asks first."""
        with self.lock:
            try:
                self.__get__(instance, type(instance))
            except Exception as exc:
                instance.__dict__[self._name + FAILED] = exc
                return False
            return True


_all = weakref.WeakSet[loaded_once[Any]]()


def _renew_locks() -> None:
    """A thread that loads while another forks takes its locks along, locked for ever."""
    global _lock
    _lock = threading.RLock()
    for each in _all:
        each.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def lock() -> AbstractContextManager[Any]:
    """The lock under which things are loaded."""
    return _lock


def unloaded(instance: T, *names: str) -> T:
    """A copy that has not loaded these properties yet."""
    other = copy(instance)
    for name in names:
        vars(other).pop(name, None)
        vars(other).pop(name + FAILED, None)
    return other


def refuse_after_fork(library: str) -> None:
    """Note that ``library`` is used in this process. Raises EngineError if it was before a fork: it would hang.

    The threads that it started are not in the new process, and what waits for them waits for ever.
    """
    if _in_use.setdefault(library, os.getpid()) != os.getpid():
        raise EngineError(
            f"{library}: used before fork, and its threads are not in the new process",
            "load nothing before the fork, or start processes by spawn",
        )
