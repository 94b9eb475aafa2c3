"""Photos through an engine within the memory there is: several at once, one, or one in strips."""

import numpy as np

from arbitrary_nst.engines import CutsIntoStrips, Engine, Pixels
from arbitrary_nst.errors import EngineMemoryError
from arbitrary_nst.hardware.devices import KEPT_FREE
from arbitrary_nst.hardware.memory import allowed_memory

MOST_TOGETHER = 16  # photos that share a call: more bring nothing


def draw(engine: Engine, photos: list[Pixels], numbers: Pixels, max_memory: int | None) -> list[Pixels]:
    """Pictures of photos (H, W, 3) of one size, by the numbers (D,) of a style for all, or (N, D), a row for each.

    Where memory does not suffice it takes half as many at a time, and strips for a single one, which give the same
    picture. ``max_memory`` is in bytes; None is half of what is free. Raises EngineMemoryError where nothing fits.
    """
    rows = np.atleast_2d(numbers)
    if len(photos) == 1:
        return [_draw_one(engine, photos[0][np.newaxis], rows, max_memory)[0]]
    try:
        return list(engine.transform(np.stack(photos), rows))
    except (EngineMemoryError, MemoryError):
        half = len(photos) // 2
        return [
            picture
            for part in (slice(half), slice(half, None))
            for picture in draw(engine, photos[part], rows if len(rows) == 1 else rows[part], max_memory)
        ]


def together(free: int, each: int) -> int:
    """How many photos, of so many bytes each, a call is best given by what a GPU has free."""
    return max(1, min(MOST_TOGETHER, int(KEPT_FREE * free) // each))


def _draw_one(engine: Engine, photo: Pixels, numbers: Pixels, max_memory: int | None) -> Pixels:
    height, width = photo.shape[1:3]
    strips = engine if isinstance(engine, CutsIntoStrips) else None
    if not needs_strips(engine, height, width, max_memory):
        try:
            return engine.transform(photo, numbers)
        except (EngineMemoryError, MemoryError):
            if strips is None:
                raise
    assert strips is not None  # else nothing fits, which was told
    return strips.transform_in_strips(photo, numbers)


def needs_strips(engine: Engine, height: int, width: int, max_memory: int | None) -> bool:
    """Whether a photo of this size is drawn in strips. Raises EngineMemoryError where not even they fit."""
    allowed = allowed_memory(max_memory)
    needed = engine.memory(height, width)
    if needed <= allowed:
        return False
    if isinstance(engine, CutsIntoStrips):
        needed = engine.memory_in_strips(height, width)
        if needed <= allowed:
            return True
    raise EngineMemoryError(
        f"{width}x{height}: takes about {needed / 1e9:.1f} GB of memory, {allowed / 1e9:.1f} GB are allowed",
        "{max_size}, or more {max_memory}",
    )
