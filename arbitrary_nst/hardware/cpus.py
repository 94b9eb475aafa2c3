"""How many CPUs this process may keep busy."""

import math
import os
from pathlib import Path

from arbitrary_nst import options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.hardware import control_groups

MOST = 1024


def usable_cpus(root: Path = Path("/")) -> int:
    """CPUs that affinity and the container's quota leave to this process, at least 1; ``root`` as in ``memory``."""
    try:
        mine = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on this system
        mine = os.cpu_count() or 1
    return max(1, math.ceil(min(mine, control_groups.cpus_left(root))))


def thread_limit(wanted: int | None = None) -> int | None:
    """Threads to hold a library to: ``wanted``, else ARBSTYLE_THREADS, else what a quota or affinity leaves.

    None where none of them says anything: the library then knows this machine's cores best. Raises OptionError.
    """
    if wanted is None and (text := os.environ.get("ARBSTYLE_THREADS")):
        try:
            wanted = int(text)
        except ValueError as exc:
            raise OptionError(f"ARBSTYLE_THREADS={text}: no number", "how many threads, such as 4") from exc
    if wanted is not None:
        options.within("threads", wanted, 1, MOST)
        return wanted
    usable = usable_cpus()
    return usable if usable < (os.cpu_count() or 1) else None


def threads(wanted: int | None = None) -> int:
    """The same as a number: all usable CPUs where nothing says less."""
    return thread_limit(wanted) or usable_cpus()
