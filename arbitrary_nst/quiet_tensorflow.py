"""TensorFlow, which takes three seconds to import: only for those who call."""

import logging
import os
from typing import Any

from arbitrary_nst.errors import EngineError


def import_tensorflow() -> Any:
    """TensorFlow, without the start-up lines it writes to stderr on every machine without a GPU."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow as tf
    except ImportError as exc:
        raise EngineError(f"tensorflow: cannot be imported ({exc}). Try: pip install tensorflow") from exc
    tf.get_logger().setLevel(logging.ERROR)
    return tf
