"""OpenVINO without its telemetry, and with caches that do not grow."""

import os
import sys
import threading
from typing import Any

from arbitrary_nst.errors import EngineError

# Compiled kernels that are kept, of OpenVINO's own and of oneDNN's below it: enough for a network in a few sizes.
# With the 5,000 and 1,024 that they would keep, each further size of photo takes half a megabyte for ever.
KERNELS = 128
TELEMETRY = "openvino_telemetry"

_one_at_a_time = threading.Lock()


def import_openvino() -> Any:
    """OpenVINO. Raises EngineError where it cannot be imported.

    By itself it tells Google Analytics that it was imported and writes a client's number to ``~/intel``. Its parts
    bind a stub of their own where that package is missing: so it is missing while they are imported, and only then.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KERNELS))
    if "openvino" in sys.modules:
        import openvino

        return openvino
    with _one_at_a_time:
        there = {name: module for name, module in sys.modules.items() if name.split(".")[0] == TELEMETRY}
        for name in there:
            del sys.modules[name]
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]
        try:
            import openvino
        except ImportError as exc:
            raise EngineError(f"openvino: cannot be imported ({exc})", "pip install openvino") from exc
        finally:
            del sys.modules[TELEMETRY]
            sys.modules.update(there)
    return openvino
