"""GPUs: whether there is a driver, and what TensorFlow sees, without the seconds that asking takes each time."""

import contextlib
import hashlib
import os
import shutil
import sys
import time
from functools import cache
from pathlib import Path

from arbitrary_nst.hardware.own_folder import cache_dir
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow

REMEMBER_S = 24 * 3600.0
DRIVER = Path("/sys/module/nvidia/version")
# What decides whether TensorFlow sees a GPU: its own version, its CUDA libraries, and where it looks for them.
PACKAGES = ("tensorflow", "nvidia-cudnn-cu12", "nvidia-cuda-runtime-cu12")
VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")


def has_gpu_driver() -> bool:
    """Whether asking TensorFlow for GPUs, which costs its 3-s import, can be worth it."""
    return shutil.which("nvidia-smi") is not None or any(Path(dev).exists() for dev in ("/dev/nvidia0", "/dev/dxg"))


def tensorflow_gpus(*, ask: bool = False) -> list[str]:
    """The GPUs that TensorFlow sees. That it sees none is remembered for a day, unless ``ask``: asking imports it."""
    note = cache_dir() / f"no-gpu-{_surroundings()}"
    with contextlib.suppress(OSError):
        if not ask and 0 <= time.time() - note.stat().st_mtime < REMEMBER_S:
            return []
    names = gpu_names()
    with contextlib.suppress(OSError):
        if names:
            note.unlink()
        else:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return names


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


def _surroundings() -> str:
    """A key for the driver, TensorFlow and its CUDA libraries."""
    from importlib import metadata  # 10 ms that most commands need not wait for

    parts = [sys.prefix, *(os.environ.get(name, "") for name in VARIABLES)]
    with contextlib.suppress(OSError):
        parts.append(DRIVER.read_text())
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            parts.append(f"{package} {metadata.version(package)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
