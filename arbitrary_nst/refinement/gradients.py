"""The one seam between Keras's backends: a function of tensors to its value and its gradient."""

from collections.abc import Callable
from typing import Any

from arbitrary_nst.errors import EngineError
from arbitrary_nst.refinement.loss_scale import scaled

Tensor = Any


def value_and_gradient(
    terms: Callable[[Tensor, Any], Tensor], example: Any, values: list[Any] | None = None, dtype: str = "float32"
) -> Callable[[Any, Any], tuple[Any, Any]]:
    """``terms``, a function of a picture (1, H, W, 3) and a tree of targets to a vector (K,), as a function of the
    same to that vector and the gradient of its sum with respect to the picture.

    ``example`` is a tree of targets: H and W of later ones may differ. With ``values``, a list of tensors, ``terms`` is
    a function of such a list in place of the picture, its gradient is one too, and no size may differ. TensorFlow
    traces once for all sizes, JAX compiles once for each, PyTorch runs step by step, from a recording where it
    computes on CUDA.
    ``dtype`` is what ``terms`` compute in for the most part: in ``float16`` they are scaled meanwhile.
    """
    if dtype == "float16":
        return scaled(_differentiated, terms, example, values)
    return _differentiated(terms, example, values)


def _differentiated(
    terms: Callable[[Tensor, Any], Tensor], example: Any, values: list[Any] | None
) -> Callable[[Any, Any], tuple[Any, Any]]:
    import keras

    match keras.backend.backend():
        case "tensorflow":
            return _in_tensorflow(terms, example, values)
        case "jax":
            return _in_jax(terms)
        case "torch":
            return _in_torch(terms)
    raise EngineError(f"KERAS_BACKEND={keras.backend.backend()}: takes no gradients", "tensorflow, jax or torch")


def _in_tensorflow(
    terms: Callable[[Tensor, Any], Tensor], example: Any, values: list[Any] | None
) -> Callable[[Any, Any], tuple[Any, Any]]:
    from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow

    tf = import_tensorflow()

    def spec(tensor: Any) -> Any:
        is_open = values is None and tensor.shape.rank == 4
        sizes = [None if is_open and axis in (1, 2) else n for axis, n in enumerate(tensor.shape)]
        return tf.TensorSpec(sizes, tensor.dtype)

    def run(picture: Any, targets: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            values = terms(picture, targets)
            total = tf.reduce_sum(values)
        return values, tape.gradient(total, picture)

    picture = tf.TensorSpec((1, None, None, 3), tf.float32)
    if values is not None:
        picture = [tf.TensorSpec(value.shape, value.dtype) for value in values]
    signature = [picture, tf.nest.map_structure(spec, example)]
    return tf.function(run, input_signature=signature, autograph=False)  # type: ignore[no-any-return]


def _in_jax(terms: Callable[[Tensor, Any], Tensor]) -> Callable[[Any, Any], tuple[Any, Any]]:
    import jax

    def total(picture: Any, targets: Any) -> tuple[Any, Any]:
        values = terms(picture, targets)
        return values.sum(), values

    run = jax.jit(jax.value_and_grad(total, has_aux=True))

    def values_and_gradient(picture: Any, targets: Any) -> tuple[Any, Any]:
        (_, values), gradient = run(picture, targets)
        return values, gradient

    return values_and_gradient


def _in_torch(terms: Callable[[Tensor, Any], Tensor]) -> Callable[[Any, Any], tuple[Any, Any]]:
    from arbitrary_nst.hardware.devices import import_torch
    from arbitrary_nst.hardware.recording import Recorded

    torch = import_torch()

    def run(picture: Any, targets: Any) -> tuple[Any, Any]:
        several = isinstance(picture, list)
        leaves = [each.detach().requires_grad_(True) for each in (picture if several else [picture])]
        values = terms(leaves if several else leaves[0], targets)
        gradients = torch.autograd.grad(values.sum(), leaves)  # and not those of the network's own weights
        return values.detach(), list(gradients) if several else gradients[0]

    return Recorded(run)
