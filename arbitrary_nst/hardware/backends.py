"""Which library Keras computes with: it is fixed when Keras is first imported."""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware.devices import free_memory, is_apple_silicon, torch_device, torch_devices, wake_ahead
from arbitrary_nst.hardware.gpus import free_gpu_memory, has_gpu_driver, tensorflow_gpus
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow

VARIABLE = "KERAS_BACKEND"
BACKENDS = ("tensorflow", "torch", "jax")  # in the order in which `auto` takes them without a GPU
ON_GPU = ("torch", "jax", "tensorflow")  # with one: PyTorch needs no compiling, size by size


def choose_backend(wanted: str = "auto") -> tuple[str, str]:
    """The backend, and why, for a person to read; imports it where a GPU may be seen, but not Keras.

    ``auto`` is what KERAS_BACKEND says, else one that sees a GPU, else one that is installed. Raises EngineError where
    none is, or where Keras runs on another already.
    """
    if (fixed := _fixed()) is not None:
        if wanted not in ("auto", fixed):
            raise EngineError(f"keras: runs on {fixed} already in this process", f"a new process for {wanted}")
        return fixed, "Keras runs on it already"
    if wanted != "auto":
        _refuse_missing(wanted)
        return wanted, "asked for"
    if said := os.environ.get(VARIABLE):
        return said, f"{VARIABLE} says so"
    if has_gpu_driver() or is_apple_silicon():
        for name in ON_GPU:
            if gpus := backend_gpus(name):
                return name, f"it sees {gpus[0]}"
    for name in BACKENDS:
        if find_spec(name) is not None:
            return name, "installed, and none sees a GPU"
    raise EngineError("keras: none of TensorFlow, PyTorch and JAX is here", "pip install 'arbitrary-nst[torch]'")


def set_backend(wanted: str = "auto", device: str = "auto") -> tuple[str, str]:
    """Have Keras run on what ``choose_backend`` says, on a device as ``--device`` has it; it is not imported for it.

    ``gpu``, Intel's, is none of Keras's: what refines then takes what ``auto`` would. Raises EngineError.
    """
    name, why = choose_backend(wanted)
    if _fixed() is None:
        os.environ[VARIABLE] = name
        if device not in ("auto", "gpu"):
            _hold_to(name, device)
        on = os.environ.get("KERAS_TORCH_DEVICE", "cuda")
        if name == "torch" and on.startswith("cuda") and has_gpu_driver():
            wake_ahead(on)  # beside the import of Keras
    return name, why


def backend_gpus(name: str) -> list[str]:
    """GPUs that a backend sees; none where it is not installed, or not for them."""
    if find_spec(name) is None:
        return []
    try:
        return list({"torch": torch_devices, "jax": _jax_gpus, "tensorflow": tensorflow_gpus}[name]())
    except (EngineError, ImportError, RuntimeError, OSError):
        return []


def free_memory_of_gpu() -> int | None:
    """Bytes that Keras's backend may still take of the GPU that it computes on; None where it is on the CPU."""
    match _fixed():
        case "torch":
            from keras.src.backend.torch.core import get_device

            device = torch_device(str(get_device()))
            return None if device.type == "cpu" else free_memory(device)
        case "jax":
            import jax

            told = jax.devices()[0].memory_stats() if jax.devices()[0].platform != "cpu" else None
            return int(told["bytes_limit"] - told["bytes_in_use"]) if told else None
        case "tensorflow" if has_gpu_driver() and tensorflow_gpus():
            return free_gpu_memory()
    return None


def _fixed() -> str | None:
    """What Keras runs on, where it is imported."""
    keras: Any = sys.modules.get("keras")
    backend = getattr(getattr(keras, "config", None), "backend", None)
    return None if backend is None else str(backend())


def _jax_gpus() -> Iterator[str]:
    import jax

    return (str(device) for device in jax.devices() if device.platform != "cpu")


def _refuse_missing(name: str) -> None:
    if find_spec(name) is None:
        here = ", ".join(each for each in BACKENDS if find_spec(each) is not None)
        raise EngineError(f"{name}: not installed; there is {here or 'no backend'}", f"pip install {name}")


def _hold_to(name: str, device: str) -> None:
    """Let a backend compute on this device alone."""
    if name == "torch":
        os.environ["KERAS_TORCH_DEVICE"] = str(torch_device(device))
    elif device == "cpu" and name == "jax":
        os.environ["JAX_PLATFORMS"] = "cpu"
    elif name == "jax":
        _hold_jax_to(device)
    elif device == "cpu":
        import_tensorflow().config.set_visible_devices([], "GPU")
    elif (number := int(device.partition(":")[2] or 0)) < len(seen := tensorflow_gpus(ask=True)):
        config = import_tensorflow().config
        config.set_visible_devices(config.list_physical_devices("GPU")[number], "GPU")
    else:
        raise EngineError(f"{device}: not here; TensorFlow sees {', '.join((*seen, 'cpu'))}", "{device=auto}")


def _hold_jax_to(device: str) -> None:
    import jax

    seen = list(_jax_gpus())
    number = int(device.partition(":")[2] or 0)
    if number >= len(seen):
        raise EngineError(f"{device}: not here; JAX sees {', '.join((*seen, 'cpu'))}", "{device=auto}")
    jax.config.update("jax_default_device", [each for each in jax.devices() if each.platform != "cpu"][number])
