"""The reference engine: the published weights in TensorFlow, split at the style's numbers."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from arbitrary_nst.engines import Pixels, fit
from arbitrary_nst.engines.fitting import together
from arbitrary_nst.errors import EngineMemoryError, OptionError
from arbitrary_nst.hardware.cpus import thread_limit
from arbitrary_nst.hardware.devices import numbered
from arbitrary_nst.hardware.gpus import free_gpu_memory, gpu_names
from arbitrary_nst.hardware.loading import refuse_after_fork
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow
from arbitrary_nst.model_zoo import Model
from arbitrary_nst.model_zoo.networks import magenta
from arbitrary_nst.model_zoo.weights import load_weights

# Memory that the photo half takes in TensorFlow, in bytes per pixel: 4 MP took 4.5 GB, 12 MP 11 GB.
BYTES_PER_PIXEL = 1100


class TensorFlowEngine:
    """Runs `magenta` in TensorFlow in f32, on a GPU if TensorFlow sees one."""

    name = "tensorflow"
    precision = "f32"

    def __init__(self, model: Model, precision: str = "auto", threads: int | None = None, device: str = "auto") -> None:
        if precision == "bf16":
            raise OptionError("tensorflow: runs in f32 only", "{precision=f32}, or {engine=openvino}")
        refuse_after_fork(self.name)
        _hold_to(thread_limit(threads))
        gpus = _gpus(device)
        self.device = gpus[0] if gpus else "CPU"
        self._on_gpu = bool(gpus)
        self._card = model.card
        self._predict, self._transform = halves(model)

    def predict_style(self, style: Pixels) -> Pixels:
        """Numbers (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]."""
        refuse_after_fork(self.name)
        return np.asarray(self._predict(_tensor(style)))

    def transform(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by numbers (N, D) or (1, D) -> (N, H, W, 3)."""
        import tensorflow as tf

        refuse_after_fork(self.name)
        height, width = photo.shape[1:3]
        try:
            picture = self._transform(_tensor(fit(photo, self._card)), _tensor(numbers))
        except tf.errors.ResourceExhaustedError as exc:
            raise EngineMemoryError(f"tensorflow: out of memory at {width}x{height}", "{max_size}") from exc
        return np.asarray(picture)[:, :height, :width]

    def memory(self, height: int, width: int) -> int:
        """Bytes that a photo of this size takes on top of itself; on a GPU, only the result."""
        return height * width * (12 if self._on_gpu else BYTES_PER_PIXEL)

    def batch(self, height: int, width: int) -> int:
        """How many photos of this size share a call: 1 on a CPU, on a GPU what its free memory holds."""
        return together(free_gpu_memory(), height * width * BYTES_PER_PIXEL) if self._on_gpu else 1


def _hold_to(threads: int | None) -> None:
    """Limit TensorFlow's threads, unless the host program has used it already: then its setting stays."""
    if threads is not None:
        tf = import_tensorflow()
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)


def _gpus(device: str) -> list[str]:
    """The GPU to compute on, if any. Raises EngineError for one that is not here."""
    tf, seen = import_tensorflow(), gpu_names()
    if device == "auto":
        return seen
    wanted = [] if device == "cpu" else [numbered(device, "TensorFlow", seen)]
    with contextlib.suppress(RuntimeError):  # in use already, as it is
        gpus = tf.config.list_physical_devices("GPU")
        tf.config.set_visible_devices([gpus[number] for number in wanted], "GPU")
    return [seen[number] for number in wanted]


def halves(model: Model) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The model's two halves as TensorFlow functions.

    (N, S, S, 3) -> (N, D), and (N, H, W, 3) with (N or 1, D) -> (N, H', W', 3), sides rounded up to a
    multiple of 4. They are our own definition of the network with the model's weights as constants: no program that
    came with the weights is loaded. Raises ModelError where they are not the network's.
    """
    tf = import_tensorflow()
    weights = load_weights(model)
    picture = tf.TensorSpec((None, None, None, 3), tf.float32)
    numbers = tf.TensorSpec((None, model.card.numbers), tf.float32)

    def predict_style(style: Any) -> Any:
        return magenta.read_numbers(weights, magenta.predict_style(weights, style))

    return (
        tf.function(predict_style, input_signature=[picture]),
        tf.function(
            lambda photo, numbers: magenta.transform(weights, photo, numbers), input_signature=[picture, numbers]
        ),
    )


def _tensor(array: Pixels) -> Any:
    import tensorflow as tf

    return tf.constant(np.ascontiguousarray(array, np.float32))
