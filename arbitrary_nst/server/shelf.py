"""What is kept in memory for a while: bounded in bytes and time, the longest unused going first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """Things by their names, for ``seconds`` after their last use, and at most ``most`` bytes of them.

    For one thread, the event loop's. ``clock`` counts seconds.
    """

    def __init__(self, seconds: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.most, self._clock = seconds, most, clock
        self._things = OrderedDict[str, tuple[T, int, float]]()
        self.bytes = 0

    def __len__(self) -> int:
        """How many are kept."""
        self.sweep()
        return len(self._things)

    def put(self, name: str, thing: T, size: int) -> None:
        """Keep a thing of so many bytes; what no longer fits goes."""
        self.pop(name)
        self._things[name] = thing, size, self._clock()
        self.bytes += size
        while self.bytes > self.most and len(self._things) > 1:  # the newest stays: it was just made
            self.pop(next(iter(self._things)))
        self.sweep()

    def get(self, name: str) -> T | None:
        """The thing, which counts as a use of it; None where it is gone."""
        self.sweep()
        if (found := self._things.get(name)) is None:
            return None
        self._things[name] = found[0], found[1], self._clock()
        self._things.move_to_end(name)
        return found[0]

    def things(self) -> list[T]:
        """All of them, the longest unused first."""
        return [thing for thing, _, _ in self._things.values()]

    def left(self, name: str) -> float:
        """Seconds for which it is still kept, unless room is needed."""
        found = self._things.get(name)
        return 0.0 if found is None else max(0.0, found[2] + self.seconds - self._clock())

    def pop(self, name: str) -> T | None:
        """Take a thing off."""
        if (found := self._things.pop(name, None)) is None:
            return None
        self.bytes -= found[1]
        return found[0]

    def sweep(self) -> None:
        """Take off what has not been used for too long."""
        while self._things:
            name = next(iter(self._things))
            if self.left(name) > 0:
                return
            self.pop(name)
