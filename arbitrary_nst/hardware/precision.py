"""Which arithmetic this machine is faster in."""

import warnings
from pathlib import Path
from typing import Any, Literal

from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow, quiet

LINUX_CPU = Path("/proc/cpuinfo")
# Of the first NVIDIA GPUs that compute in bf16, Ampere's, and of the first that are faster in f16 than in f32, Volta's.
BF16_CAPABILITY, F16_CAPABILITY = (8, 0), (7, 0)


def cpu_has_bf16(core: Any) -> bool:
    """Whether this CPU computes in bf16 natively."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def faster_precision(core: Any) -> Literal["f32", "bf16"]:
    """What this CPU is faster in; the precision ``auto``.

    One of Intel's is faster in bf16 if it has AMX; without, f32 took 0.6 of bf16's time. OpenVINO does not tell, Linux
    does; elsewhere Intel's CPUs count as slower in bf16.
    """
    if not cpu_has_bf16(core):
        return "f32"
    if "Intel" not in core.get_property("CPU", "FULL_DEVICE_NAME"):
        return "bf16"
    return "bf16" if LINUX_CPU.exists() and "amx_bf16" in LINUX_CPU.read_text().split() else "f32"


def faster_gpu_precision() -> Literal["f32", "bf16", "f16"] | None:
    """What the GPU that Keras computes on is faster in, f32 if that cannot be told; None where it computes on the CPU.

    Its backend is asked, and imported for it; no other one is.
    """
    try:
        with quiet():
            import keras
        ask = {"tensorflow": _tensorflow_capability, "torch": _torch_capability, "jax": _jax_capability}
        capability = ask[keras.backend.backend()]()
    except Exception:  # of whatever kind, from a backend or a driver: what refines will meet it and say so
        return "f32"
    if capability is None:
        return None
    if capability >= BF16_CAPABILITY:
        return "bf16"
    return "f16" if capability >= F16_CAPABILITY else "f32"


def _tensorflow_capability() -> tuple[int, ...] | None:
    config = import_tensorflow().config
    if not (gpus := config.get_visible_devices("GPU")):
        return None
    return tuple(config.experimental.get_device_details(gpus[0])["compute_capability"])


def _torch_capability() -> tuple[int, ...] | None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver that is not there
        is_there = torch.cuda.is_available()
    return tuple(torch.cuda.get_device_capability()) if is_there else None


def _jax_capability() -> tuple[int, ...] | None:
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu":
        return None
    if device.platform == "tpu":
        return BF16_CAPABILITY
    return tuple(int(part) for part in device.compute_capability.split("."))
