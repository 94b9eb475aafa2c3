"""TensorFlow, which takes three seconds to import: only for those who call."""

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from arbitrary_nst.errors import EngineError


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep TensorFlow's start-up lines off stderr while it, or Keras on top of it, is imported.

    It logs some of them before it reads its own log level, past Python: so the descriptor itself is turned away.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        before = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def import_tensorflow() -> Any:
    """TensorFlow, without the start-up lines it writes to stderr on every machine without a GPU."""
    try:
        with quiet():
            import tensorflow as tf
    except ImportError as exc:
        raise EngineError(f"tensorflow: cannot be imported ({exc})", "pip install tensorflow") from exc
    tf.get_logger().setLevel(logging.ERROR)
    return tf
