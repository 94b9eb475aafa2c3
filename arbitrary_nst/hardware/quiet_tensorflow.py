"""TensorFlow, which takes three seconds to import: only for those who call."""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware.lean_keras import lean_imports
from arbitrary_nst.hardware.own_folder import kept_in_our_cache

_lock = threading.Lock()  # of the two below; not held while something is imported
_depth = 0  # how many threads are inside
_kept: int | None = None  # stderr, while descriptor 2 leads nowhere


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep TensorFlow's start-up lines off stderr, Keras's settings in our cache, and what nobody needs out of both,
    while either is imported.

    It logs some of them before it reads its own log level, past Python: so the descriptor itself is turned away, by
    the first thread that comes, until the last one leaves.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _turn_away()
    try:
        with kept_in_our_cache(), lean_imports():
            yield
    finally:
        _turn_back()


def _turn_away() -> None:
    global _depth, _kept
    with _lock:
        if _depth == 0:
            try:
                _kept = os.dup(2)
            except OSError:  # there is no stderr
                _kept = None
            else:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 2)
                os.close(nowhere)
        _depth += 1


def _turn_back() -> None:
    global _depth, _kept
    with _lock:
        _depth -= 1
        if _depth == 0 and _kept is not None:
            os.dup2(_kept, 2)
            os.close(_kept)
            _kept = None


def import_tensorflow() -> Any:
    """TensorFlow, without the start-up lines it writes to stderr on every machine without a GPU."""
    try:
        with quiet():
            import tensorflow as tf
    except ImportError as exc:
        raise EngineError(f"tensorflow: cannot be imported ({exc})", "pip install tensorflow") from exc
    tf.get_logger().setLevel(logging.ERROR)
    return tf
