"""What a refinement computes in."""

from typing import Literal

from arbitrary_nst import options
from arbitrary_nst.engines import PRECISIONS
from arbitrary_nst.hardware.gpus import has_gpu_driver
from arbitrary_nst.hardware.precision import faster_gpu_precision, faster_precision


def choose_precision(wanted: str) -> Literal["f32", "bf16"]:
    """What a refinement computes in on this machine; ``auto`` is what Keras's GPU is faster in, or else the CPU."""
    options.one_of("precision", wanted, PRECISIONS)
    if wanted != "auto":
        return "f32" if wanted == "f32" else "bf16"
    if has_gpu_driver() and (faster := faster_gpu_precision()) is not None:
        return faster
    from arbitrary_nst.hardware.quiet_openvino import core

    return faster_precision(core())
