"""`arbstyle doctor`: what is installed, what would run and why, and the traps that are known."""

import os
import platform
import shutil
from pathlib import Path

import typer

from arbitrary_nst import __version__
from arbitrary_nst.cli.report import NO_MODEL, ModelDir, Verbose, put
from arbitrary_nst.errors import EngineError

PACKAGES = (
    "openvino",
    "tensorflow",
    "torch",
    "jax",
    "keras",
    "scipy",
    "kagglehub",
    "pillow",
    "numpy",
    "setuptools",
)


OPTIONAL = ("tensorflow", "torch", "jax", "setuptools")  # the last is TensorFlow's need


def doctor(model_dir: ModelDir = None, verbose: Verbose = False) -> None:
    """Tell what is installed and what would run.

    Versions, models, engines and why they are chosen, and known traps of this machine.
    """
    from arbitrary_nst import model_zoo
    from arbitrary_nst.hardware.own_folder import cache_dir

    put(f"arbitrary-nst  {__version__}")  # of the code that runs, which may not be what pip installed
    put(f"python         {platform.python_version()} on {platform.system()} {platform.machine()}")
    versions = {name: _version(name) for name in PACKAGES}
    for name, version in versions.items():
        put(f"{name:<14} {version or ('not installed' if name in OPTIONAL else 'MISSING')}")
    put(f"cpu            {_cpu()}")
    put(f"gpu            {_gpu()}")
    put(f"backend        {_backend()}")
    put(f"may take       {_share()}")
    put(f"cache          {cache_dir()}")
    for variable in ("ARBSTYLE_MODEL_DIR", "ARBSTYLE_OFFLINE", "ARBSTYLE_CACHE_DIR", "HTTPS_PROXY"):
        if value := os.environ.get(variable):
            put(f"{variable}={'set' if 'PROXY' in variable else value}")
    usable = False
    for row in model_zoo.list_models(model_dir):
        put(f"model {row.name:<8} {row.state}{f', {row.where}' if row.where else ''}")
        if row.where is not None:
            put(f"      {'':<8} {_engine(row.name)}")
            usable |= row.state != "changed"
    put(f"vgg19          {_vgg19(model_dir)}")
    for trap in _traps():
        put(f"trap           {trap}")
    if not usable:
        put("trap           no model is here. Try: arbstyle models pull magenta")
        raise typer.Exit(NO_MODEL)


def _vgg19(model_dir: Path | None) -> str:
    from arbitrary_nst import model_zoo

    found = model_zoo.find_vgg19(model_dir)
    if found is None:
        return "not here: --refine fetches it, 80 MB"
    return f"{model_zoo.identify_vgg19(found) or 'unknown weights'}, {found}"


def _version(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        from arbitrary_nst.hardware.precision import faster_precision
        from arbitrary_nst.hardware.quiet_openvino import core

        cpu, precision = core().get_property("CPU", "FULL_DEVICE_NAME"), faster_precision(core())
    except EngineError as exc:
        return str(exc)
    return f"{cpu}; --precision auto is {precision}, the faster on this CPU"


def _gpu() -> str:
    """What each engine and backend sees; without a driver only OpenVINO, which has its own, is asked."""
    from arbitrary_nst.hardware.backends import backend_gpus
    from arbitrary_nst.hardware.devices import is_apple_silicon
    from arbitrary_nst.hardware.gpus import has_gpu_driver, tensorflow_gpus

    seen = {"openvino": _intel_gpus()}
    if has_gpu_driver() or is_apple_silicon():
        seen |= {name: backend_gpus(name) for name in ("torch", "jax") if _version(name)}
        seen["tensorflow"] = tensorflow_gpus(ask=True) if _version("tensorflow") else []
    told = "; ".join(f"{name} sees {', '.join(gpus)}" for name, gpus in seen.items() if gpus)
    if told or not has_gpu_driver():
        return told or "no driver"
    return "a driver, but neither PyTorch nor TensorFlow nor JAX sees a GPU. Try: pip install 'arbitrary-nst[torch]'"


def _intel_gpus() -> list[str]:
    try:
        from arbitrary_nst.hardware.quiet_openvino import core

        seen = core()
    except EngineError:
        return []
    return [str(seen.get_property(name, "FULL_DEVICE_NAME")) for name in seen.available_devices if "GPU" in name]


def _backend() -> str:
    from arbitrary_nst.hardware.backends import choose_backend

    try:
        name, why = choose_backend()
    except EngineError as exc:
        return str(exc)
    return f"--refine and learning run on {name}: {why}"


def _share() -> str:
    """What containers, limits and other programs leave to this one."""
    from arbitrary_nst.hardware.cpus import threads
    from arbitrary_nst.hardware.memory import available_memory

    return f"{threads()} threads, {available_memory() / 1e9:.1f} GB of memory"


def _engine(model: str) -> str:
    from arbitrary_nst.engines import choose_engine
    from arbitrary_nst.model_zoo import cards

    name, why = choose_engine(cards()[model])
    return f"runs in {name}: {why}"


def _traps() -> list[str]:
    traps = []
    if _version("pillow-heif") is None:
        traps.append("HEIC photos cannot be read. Try: pip install 'arbitrary-nst[heic]'")
    from arbitrary_nst.hardware.own_folder import cache_dir

    nearest = next(folder for folder in (cache_dir(), *cache_dir().parents) if os.path.isdir(folder))
    if not os.access(nearest, os.W_OK):
        traps.append(f"the cache cannot be written ({nearest}). Try: set ARBSTYLE_CACHE_DIR")
    elif shutil.disk_usage(nearest).free < 500e6:
        traps.append(f"less than 500 MB free for the cache ({nearest}). Try: set ARBSTYLE_CACHE_DIR")
    return traps
