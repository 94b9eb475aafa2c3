"""Which GPUs TensorFlow sees, without the seconds that asking takes where the answer was none."""

import contextlib
import hashlib
import os
import sys
import time
from importlib import metadata
from pathlib import Path

from arbitrary_nst.model_zoo import cache_dir

REMEMBER_S = 24 * 3600.0
DRIVER = Path("/sys/module/nvidia/version")
# What decides whether TensorFlow sees a GPU: its own version, its CUDA libraries, and where it looks for them.
PACKAGES = ("tensorflow", "nvidia-cudnn-cu12", "nvidia-cuda-runtime-cu12")
VARIABLES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")


def tensorflow_gpus(*, ask: bool = False) -> list[str]:
    """The GPUs that TensorFlow sees. That it sees none is remembered for a day, unless ``ask``: asking imports it."""
    note = cache_dir() / f"no-gpu-{_surroundings()}"
    with contextlib.suppress(OSError):
        if not ask and 0 <= time.time() - note.stat().st_mtime < REMEMBER_S:
            return []
    from arbitrary_nst.engines.tensorflow import gpu_names

    names = gpu_names()
    with contextlib.suppress(OSError):
        if names:
            note.unlink()
        else:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return names


def _surroundings() -> str:
    """A key for the driver, TensorFlow and its CUDA libraries."""
    parts = [sys.prefix, *(os.environ.get(name, "") for name in VARIABLES)]
    with contextlib.suppress(OSError):
        parts.append(DRIVER.read_text())
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            parts.append(f"{package} {metadata.version(package)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
