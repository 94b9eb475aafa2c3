"""How much memory may be taken, and how much was."""

import contextlib
import math
import sys
from pathlib import Path

from arbitrary_nst.hardware import control_groups


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may still take: the least that the machine, its container and its own limit leave.

    ``root`` holds ``sys`` and ``proc``.
    """
    left = min(_machine_memory_left(root), control_groups.memory_left(root), _address_space_left())
    return max(0, int(left))


def allowed_memory(max_memory: int | None) -> int:
    """Bytes that one picture may take: ``max_memory``, or half of what is free now."""
    return max_memory or available_memory() // 2


def peak_memory() -> int:
    """The most memory that this process has taken so far, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _machine_memory_left(root: Path) -> int:
    """What the machine has. Linux says so in a file, which is read in less time than psutil is imported."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        words = [line.split() for line in (root / "proc/meminfo").read_text().splitlines()]
        told = {word[0]: int(word[1]) * 1024 for word in words}
        if (available := told["MemAvailable:"]) <= told["MemTotal:"]:  # some containers mix the host's with their own
            return available
    import psutil

    return int(psutil.virtual_memory().available)


def _address_space_left() -> float:
    """What `ulimit -v` leaves: addresses count there, used or not."""
    if sys.platform == "win32":
        return math.inf
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return math.inf
    import psutil

    return limit - int(psutil.Process().memory_info().vms)
