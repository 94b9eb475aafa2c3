"""What a refinement computes in."""

from typing import Literal

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
