"""Devices by name: auto, cpu, cuda or cuda:1, mps (Apple's Metal), gpu (Intel's, in OpenVINO); and what is here."""

import contextlib
import platform
import re
import threading
import warnings
from importlib.util import find_spec
from typing import Any

from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.hardware.gpus import has_gpu_driver

NAME = re.compile(r"auto|cpu|cuda(:\d+)?|mps|gpu")
KEPT_FREE = 0.8  # share of a GPU's free memory that is taken


def check_device(name: str) -> str:
    """The name. Raises OptionError for one that names no device."""
    if not NAME.fullmatch(name):
        raise OptionError(f"device {name!r}: unknown", "auto, cpu, cuda, cuda:1, mps or gpu")
    return name


def import_torch() -> Any:
    """PyTorch. Raises EngineError where it cannot be imported."""
    try:
        import torch
    except (ImportError, OSError) as exc:
        reason = str(exc).splitlines()[0]
        raise EngineError(f"torch: cannot be imported ({reason})", "pip install 'arbitrary-nst[torch]'") from exc
    return torch


def torch_devices() -> list[str]:
    """GPUs that PyTorch sees, by the names that ``--device`` takes; none where it is not installed. Imports it."""
    if find_spec("torch") is None:
        return []
    try:
        torch = import_torch()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a driver that is not there
            found = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
        return [*found, "mps"] if torch.backends.mps.is_available() else found
    except (EngineError, RuntimeError):
        return []


def may_have_torch_gpu() -> bool:
    """Whether asking PyTorch for GPUs, which costs its import, can be worth it."""
    return find_spec("torch") is not None and (has_gpu_driver() or is_apple_silicon())


def is_apple_silicon() -> bool:
    """Whether this is a Mac whose GPU computes in Metal."""
    return platform.system() == "Darwin" and platform.machine() == "arm64"


def torch_device(name: str) -> Any:
    """PyTorch's device of a name; ``auto`` is the first GPU it sees, or else the CPU. Raises EngineError."""
    torch = import_torch()
    seen = torch_devices()
    if name == "auto":
        name = seen[0] if seen else "cpu"
    wanted = "cuda:0" if name == "cuda" else name
    if wanted != "cpu" and wanted not in seen:
        raise EngineError(f"{name}: not here; PyTorch sees {', '.join((*seen, 'cpu'))}", "{device=auto}")
    return torch.device(wanted)


def wake_ahead(device: str) -> None:
    """Have a thread start CUDA and load its libraries of convolutions and products, while others import or read.

    It fails silently: who computes there next will meet the reason.
    """
    torch = import_torch()

    def wake() -> None:
        with contextlib.suppress(Exception):
            maps = torch.ones(1, 8, 8, 8, device=device)
            torch.nn.functional.conv2d(maps, maps)
            torch.matmul(maps, maps)

    threading.Thread(target=wake, daemon=True).start()


def told(device: Any) -> str:
    """A PyTorch device for a person to read."""
    torch = import_torch()
    if device.type == "cuda":
        return f"{device}, {torch.cuda.get_device_name(device)}"
    return "Apple GPU" if device.type == "mps" else "CPU"


def free_memory(device: Any) -> int:
    """Bytes that PyTorch may still take on a GPU: what nobody has, and what it has itself and does not use."""
    torch = import_torch()
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + unused)
    return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether an error of whichever library says that it got no memory."""
    text = f"{type(exc).__name__} {exc}".lower()
    signs = ("out of memory", "outofmemory", "exhausted", "can't allocate memory")
    return isinstance(exc, MemoryError) or any(sign in text for sign in signs)
