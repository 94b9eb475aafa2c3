"""What a refinement computes in on this machine."""

from typing import Literal

from arbitrary_nst import options
from arbitrary_nst.engines import PRECISIONS, has_gpu_driver


def choose_precision(wanted: str) -> Literal["f32", "bf16"]:
    """What a refinement computes in on this machine; ``auto`` is the faster."""
    options.one_of("precision", wanted, PRECISIONS)
    if wanted == "auto" and not has_gpu_driver():
        from arbitrary_nst.engines.openvino import openvino
        from arbitrary_nst.engines.openvino.engine import faster_precision

        return faster_precision(openvino.Core())
    return "f32" if wanted == "f32" else "bf16"
