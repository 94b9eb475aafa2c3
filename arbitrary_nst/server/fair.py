"""A bounded queue that is fair between clients: each has a turn, however much one of them has waiting."""

import threading
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Full(Exception):
    """There is no room."""


class FairQueue(Generic[T]):
    """What waits, by client; safe for threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting = OrderedDict[str, deque[T]]()  # the client whose turn it is first
        self._changed = threading.Condition()
        self._count, self._is_closed = 0, False

    def __len__(self) -> int:
        """How many wait."""
        return self._count

    def put(self, client: str, item: T) -> None:
        """Have an item wait for its client's turn. Raises Full."""
        with self._changed:
            if self._count >= self.most or self._is_closed:
                raise Full
            self._waiting.setdefault(client, deque()).append(item)
            self._count += 1
            self._changed.notify()

    def get(self) -> T | None:
        """The next item, once there is one; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._count or self._is_closed)
            if not self._count:
                return None
            client, own = next(iter(self._waiting.items()))
            item = own.popleft()
            self._waiting.move_to_end(client)
            if not own:
                del self._waiting[client]
            self._count -= 1
            return item

    def remove(self, item: T) -> bool:
        """Take out an item that waits; whether it did."""
        with self._changed:
            for client, own in self._waiting.items():
                if item in own:
                    own.remove(item)
                    if not own:
                        del self._waiting[client]
                    self._count -= 1
                    return True
            return False

    def place(self, item: T) -> int | None:
        """How many are taken before an item, roughly: those before it in its client's line times the clients."""
        with self._changed:
            for number, own in enumerate(self._waiting.values()):
                if item in own:
                    return number + own.index(item) * len(self._waiting)
            return None

    def close(self) -> None:
        """Take no more; who waits for an item gets None once all are out."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
