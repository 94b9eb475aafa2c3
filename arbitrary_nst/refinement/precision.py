"""What a refinement computes in."""

import contextlib
from contextlib import AbstractContextManager
from typing import Any, Literal

from arbitrary_nst import options
from arbitrary_nst.engines import PRECISIONS
from arbitrary_nst.hardware.gpus import has_gpu_driver
from arbitrary_nst.hardware.precision import faster_gpu_precision, faster_precision

Precision = Literal["f32", "bf16", "f16"]

DTYPES: dict[Precision, str] = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


def choose_precision(wanted: str) -> Precision:
    """What VGG19's convolutions compute in on this machine; ``auto`` is what Keras's GPU, or else the CPU, is faster
    in. f16 is for GPUs that have no bf16.
    """
    options.one_of("precision", wanted, (*PRECISIONS, "f16"))
    for known in DTYPES:
        if wanted == known:
            return known
    if has_gpu_driver() and (faster := faster_gpu_precision()) is not None:
        return faster
    from arbitrary_nst.hardware.quiet_openvino import core

    return faster_precision(core())


def settle_tf32() -> None:
    """Have Keras's backend multiply matrices of f32 in f32, and convolve them in TF32 where a GPU has it.

    So PyTorch is by default, and JAX but for ``exact_products``. TensorFlow has one switch for both: f32.
    """
    import keras

    match keras.backend.backend():
        case "torch":
            import torch

            torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, True
        case "tensorflow":
            import tensorflow as tf

            tf.config.experimental.enable_tensor_float_32_execution(False)


def exact_products() -> AbstractContextManager[Any]:
    """Within it, what JAX traces multiplies matrices of f32 in f32, where it would take TF32 on a GPU by itself."""
    import keras

    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.default_matmul_precision("float32")  # type: ignore[no-any-return]
