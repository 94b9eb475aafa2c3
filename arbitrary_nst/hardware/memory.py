"""How much memory may be taken, and how much was."""

import sys

import psutil


def allowed_memory(max_memory: int | None) -> int:
    """Bytes that one picture may take: ``max_memory``, or half of what is free now."""
    return max_memory or psutil.virtual_memory().available // 2


def peak_memory() -> int:
    """The most memory that this process has taken so far, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
