"""The sizes a refinement goes through from coarse to fine, and what of its steps and of its time each may take."""

import math
from typing import Literal

import numpy as np

COARSEST = 192  # px, the longest side that `auto` scales begin at or below
SMALLEST = 32  # px, of the shortest side: four poolings leave two places of it

Size = tuple[int, int]  # height, width


def scale_sizes(full: Size, scales: int | Literal["auto"]) -> list[Size]:
    """Sizes from coarse to fine, each sqrt(2) times the one before, the last ``full``."""
    longest = max(full)
    if scales == "auto":
        scales = 1 + max(0, math.ceil(2 * math.log2(longest / COARSEST) - 1e-9))
    sizes = [scaled(full, 2 ** (-k / 2)) for k in reversed(range(scales))]
    return [size for size in sizes if min(size) >= SMALLEST] or [full]


def split_steps(steps: int, sizes: list[Size]) -> list[int]:
    """How many of the steps each scale takes: the finest three quarters, the others alike of the rest."""
    each = steps // (4 * max(1, len(sizes) - 1))
    return [each] * (len(sizes) - 1) + [steps - each * (len(sizes) - 1)]


def split_time(limit: float | None, sizes: list[Size]) -> list[float]:
    """When each scale is to be done, in seconds: a coarse one that is slow must leave time for the finest."""
    if limit is None:
        return [math.inf] * len(sizes)
    costs = np.cumsum([height * width for height, width in sizes])
    return [float(limit * cost / costs[-1]) for cost in costs]


def scaled(size: Size, share: float) -> Size:
    """The size with both sides times ``share``, at least a pixel each."""
    height, width = (max(1, round(side * share)) for side in size)
    return height, width
