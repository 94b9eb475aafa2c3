"""OpenVINO without its telemetry and, until it is wanted, its converter, and with caches that do not grow."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from arbitrary_nst.errors import EngineError

# Compiled kernels that are kept, of OpenVINO's own and of oneDNN's below it: enough for a network in a few sizes.
# With the 5,000 and 1,024 that they would keep, each further size of photo takes half a megabyte for ever.
KERNELS = 128
TELEMETRY = "openvino_telemetry"
CONVERTER = "openvino.tools.ovc"

_one_at_a_time = threading.RLock()


def import_openvino() -> Any:
    """OpenVINO, without its converter, which it imports when it is called. Raises EngineError where it cannot be had.

    By itself it tells Google Analytics that it was imported and writes a client's number to ``~/intel``. Its parts
    bind a stub of their own where that package is missing: so it is missing while they are imported, and only then.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KERNELS))
    if "openvino" not in sys.modules:
        try:
            with _missing(TELEMETRY, CONVERTER):  # the converter takes a third of the import's time
                import openvino
        except ImportError as exc:
            raise EngineError(f"openvino: cannot be imported ({exc})", "pip install openvino") from exc
        if not hasattr(openvino, "convert_model"):
            openvino.convert_model = _convert_model
    import openvino

    return openvino


@cache
def core() -> Any:
    """OpenVINO's core, one for the process, which is never let go.

    Each puts a stack for signals under the thread that makes it, and takes back what was there before when it goes: of
    two that go in another order than they came, or in another thread, a freed one is left, and the next signal crashes.
    """
    return import_openvino().Core()


def _convert_model(*given: Any, **options: Any) -> Any:
    """``openvino.convert_model``, imported now."""
    with _missing(TELEMETRY):
        from openvino.tools.ovc import convert_model
    sys.modules["openvino"].convert_model = convert_model  # type: ignore[attr-defined]
    return convert_model(*given, **options)


@contextlib.contextmanager
def _missing(*packages: str) -> Iterator[None]:
    """Some packages cannot be imported inside; those that were imported before come back."""
    with _one_at_a_time:
        there = {
            name: module
            for name, module in sys.modules.copy().items()  # other threads import meanwhile
            if any(name == package or name.startswith(f"{package}.") for package in packages)
        }
        for name in there:
            del sys.modules[name]
        for package in packages:
            sys.modules[package] = None  # type: ignore[assignment]
        try:
            yield
        finally:
            for package in packages:
                sys.modules.pop(package, None)
            sys.modules.update(there)
