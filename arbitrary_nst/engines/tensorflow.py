"""The reference engine: the published SavedModel in TensorFlow, split at the bottleneck."""

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from arbitrary_nst.engines import Pixels, fit
from arbitrary_nst.errors import EngineError, EngineMemoryError, ModelError, OptionError
from arbitrary_nst.hardware.cpus import thread_limit
from arbitrary_nst.hardware.loading import refuse_after_fork
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow, quiet
from arbitrary_nst.model_zoo import Model

# The spatial mean at the end of the style network (facts of the published graph).
BOTTLENECK = "bottleneck/Mean"
# Memory that the photo half takes in TensorFlow, in bytes per pixel: 4 MP took 4.5 GB, 12 MP 11 GB.
BYTES_PER_PIXEL = 1100
# The most photos that share a call: more bring nothing.
MOST_TOGETHER = 16


class TensorFlowEngine:
    """Runs a SavedModel in TensorFlow in f32, on a GPU if TensorFlow sees one."""

    name = "tensorflow"
    precision = "f32"

    def __init__(self, model: Model, precision: str = "auto", threads: int | None = None) -> None:
        if precision == "bf16":
            raise OptionError("tensorflow: runs in f32 only", "{precision=f32}, or {engine=openvino}")
        refuse_after_fork(self.name)
        _hold_to(thread_limit(threads))
        gpus = gpu_names()
        self.device = gpus[0] if gpus else "CPU"
        self._on_gpu = bool(gpus)
        self._card = model.card
        self._predict, self._transform = split(model)

    def predict_style(self, style: Pixels) -> Pixels:
        """Bottlenecks (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]."""
        refuse_after_fork(self.name)
        return np.asarray(self._predict(_tensor(style))).reshape(len(style), -1)

    def transform(self, photo: Pixels, bottleneck: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by bottlenecks (N, D) or (1, D) -> (N, H, W, 3)."""
        import tensorflow as tf

        refuse_after_fork(self.name)
        height, width = photo.shape[1:3]
        rows = bottleneck.reshape(len(bottleneck), 1, 1, -1)
        try:
            picture = self._transform(_tensor(fit(photo, self._card)), _tensor(rows))
        except tf.errors.ResourceExhaustedError as exc:
            raise EngineMemoryError(f"tensorflow: out of memory at {width}x{height}", "{max_size}") from exc
        return np.asarray(picture)[:, :height, :width]

    def transform_in_strips(self, photo: Pixels, bottleneck: Pixels) -> Pixels:
        """Not here: the graph is cut for OpenVINO. Raises EngineError."""
        height, width = photo.shape[1:3]
        raise EngineError(f"tensorflow: {width}x{height} is too large for it", "{engine=openvino}, or {max_size}")

    def memory(self, height: int, width: int, *, in_strips: bool) -> int:
        """Bytes that a photo of this size takes on top of itself; on a GPU, only the result."""
        return height * width * (12 if self._on_gpu else BYTES_PER_PIXEL)

    def batch(self, height: int, width: int) -> int:
        """How many photos of this size share a call: 1 on a CPU, on a GPU what four fifths of its free memory hold."""
        if not self._on_gpu:
            return 1
        return max(1, min(MOST_TOGETHER, int(0.8 * free_gpu_memory()) // (height * width * BYTES_PER_PIXEL)))


def _hold_to(threads: int | None) -> None:
    """Limit TensorFlow's threads, unless the host program has used it already: then its setting stays."""
    if threads is not None:
        tf = import_tensorflow()
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)


def gpu_names() -> list[str]:
    """The GPUs that TensorFlow sees."""
    return [str(gpu.name) for gpu in import_tensorflow().config.list_physical_devices("GPU")]


def free_gpu_memory() -> int:
    """Bytes of the first GPU that TensorFlow may still take."""
    return _gpu_memory() - int(import_tensorflow().config.experimental.get_memory_info("GPU:0")["current"])


@cache
def _gpu_memory() -> int:
    from tensorflow.python.client import device_lib

    return int(next(each.memory_limit for each in device_lib.list_local_devices() if each.device_type == "GPU"))


def split(model: Model) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The SavedModel's two halves as TensorFlow functions.

    (N, S, S, 3) -> (N, 1, 1, D), and (N, H, W, 3) with (N or 1, 1, 1, D) -> (N, H', W', 3), sides rounded up to a
    multiple of 4. Both run the published operations unchanged: weights become constants, and functions are
    inlined so that the bottleneck, deep inside them, can be fetched from one half and fed to the other.
    """
    tf = import_tensorflow()
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    picture = tf.TensorSpec((None, None, None, 3), tf.float32)
    module = _load(model)
    try:
        whole = tf.function(lambda photo, style: module(photo, style)).get_concrete_function(picture, picture)
    except (TypeError, ValueError) as exc:
        raise ModelError(
            f"{model.folder}: does not take a photo and a style", f"arbstyle models pull {model.card.name}"
        ) from exc
    frozen = convert_variables_to_constants_v2(whole, aggressive_inlining=True)
    graph = frozen.graph.as_graph_def()
    for node in graph.node:  # inlining ties every node to both inputs; with no side effects left nothing needs it
        data_inputs = [name for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(data_inputs)
    means = [op.outputs[0] for op in frozen.graph.get_operations() if op.name.endswith(BOTTLENECK)]
    if len(means) != 1 or means[0].shape[-1] != model.card.bottleneck:
        raise ModelError(
            f"{model.folder}: no bottleneck of {model.card.bottleneck} numbers inside",
            f"arbstyle models pull {model.card.name}",
        )
    imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    photo, style = (tensor.name for tensor in frozen.inputs)
    predict = imported.prune(style, means[0].name)
    transform = imported.prune([photo, means[0].name], frozen.outputs[0].name)
    # OpenVINO's converter wants the names and types that a plain function has and a pruned one lacks.
    bottleneck = tf.TensorSpec((None, 1, 1, model.card.bottleneck), tf.float32)
    return (
        tf.function(lambda style: predict(style), input_signature=[picture]),
        tf.function(lambda photo, bottleneck: transform(photo, bottleneck), input_signature=[picture, bottleneck]),
    )


def _load(model: Model) -> Callable[..., Any]:
    """The model as ``module(photo, style) -> picture``, whether it was saved with a signature or without one."""
    try:
        with quiet():
            import tensorflow_hub as hub
    except ImportError as exc:
        raise EngineError(
            f"tensorflow_hub: cannot be imported ({exc})", "pip install tensorflow-hub 'setuptools<82'"
        ) from exc
    try:
        module = hub.load(str(model.folder))
    except (OSError, ValueError, RuntimeError) as exc:
        raise ModelError(f"{model.folder}: TensorFlow cannot load it ({exc}).".replace("\n", " ")) from exc
    if callable(module):
        return lambda photo, style: _only(module(photo, style))
    if signature := getattr(module, "signatures", {}).get("serving_default"):
        return lambda photo, style: _only(signature(placeholder=photo, placeholder_1=style))
    raise ModelError(f"{model.folder}: neither callable nor with a serving_default signature, so not this model.")


def _only(outputs: Any) -> Any:
    """The picture, which wrappers return bare, in a list or in a dictionary."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


def _tensor(array: Pixels) -> Any:
    import tensorflow as tf

    return tf.constant(np.ascontiguousarray(array, np.float32))
