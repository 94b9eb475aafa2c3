"""What a container leaves to this process: memory and CPU time by Linux's control groups, version 1 and 2."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# Where the second version lies: alone, or beside the first.
UNIFIED = ("sys/fs/cgroup", "sys/fs/cgroup/unified")
UNLIMITED = 1 << 62  # bytes; where there is no limit, the first version has one of about twice that


def memory_left(root: Path = Path("/")) -> float:
    """Bytes that this process's groups still allow, infinite where none sets a limit.

    Limits bind all the way up, so the least counts. What a group uses as page cache is as good as free. ``root``
    holds ``sys`` and ``proc``.
    """
    left = math.inf
    for group in _groups(root, "memory"):
        limits = [_number(group / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        if min(limits) >= UNLIMITED:
            continue
        used = min(_number(group / name) for name in ("memory.current", "memory.usage_in_bytes"))
        if math.isfinite(used):
            left = min(left, max(0.0, min(limits) - max(0.0, used - _page_cache(group))))
    return left


def cpus_left(root: Path = Path("/")) -> float:
    """CPUs' worth of time that this process's groups allow, a fraction too; infinite where none sets a quota."""
    left = math.inf
    for group in _groups(root, "cpu"):
        quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
        with contextlib.suppress(OSError, ValueError):
            quota, period = (_value(word) for word in (group / "cpu.max").read_text().split())
        if math.isfinite(quota) and math.isfinite(period) and quota > 0 and period > 0:  # -1 is no quota
            left = min(left, quota / period)
    return left


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the groups that this process is in, from its own upwards, as far as they can be seen.

    Inside a container the path may be the host's, of which only the end, or nothing but the top, is mounted.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        tops = UNIFIED if not controllers else (f"sys/fs/cgroup/{controller}", f"sys/fs/cgroup/{controllers}")
        below = PurePosixPath(*(part for part in PurePosixPath(path).parts if part not in ("/", "..")))
        for top in dict.fromkeys(tops):
            for place in (below, *below.parents):
                if (folder := root / top / place).is_dir():
                    yield folder


def _page_cache(group: Path) -> float:
    """Bytes of files that the kernel gives back when memory is short."""
    try:
        fields = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        prefix = "total_" if "total_inactive_file" in fields else ""
        return float(fields[f"{prefix}inactive_file"]) + float(fields[f"{prefix}active_file"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _number(file: Path) -> float:
    try:
        return _value(file.read_text().strip())
    except (OSError, ValueError):
        return math.inf


def _value(word: str) -> float:
    return math.inf if word == "max" else float(word)
