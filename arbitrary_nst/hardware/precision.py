"""Which arithmetic this machine is faster in."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import openvino

LINUX_CPU = Path("/proc/cpuinfo")


def cpu_has_bf16(core: "openvino.Core") -> bool:
    """Whether this CPU computes in bf16 natively."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def faster_precision(core: "openvino.Core") -> Literal["f32", "bf16"]:
    """What this CPU is faster in; the precision ``auto``.

    One of Intel's is faster in bf16 if it has AMX; without, f32 took 0.6 of bf16's time. OpenVINO does not tell, Linux
    does; elsewhere Intel's CPUs count as slower in bf16.
    """
    if not cpu_has_bf16(core):
        return "f32"
    if "Intel" not in core.get_property("CPU", "FULL_DEVICE_NAME"):
        return "bf16"
    return "bf16" if LINUX_CPU.exists() and "amx_bf16" in LINUX_CPU.read_text().split() else "f32"
