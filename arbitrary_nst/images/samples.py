"""What lies between a file and sRGB."""

from typing import NamedTuple

from arbitrary_nst.images.photo import Pixels


class Samples(NamedTuple):
    """(H, W, 1 or 3) float32 in [0, 1] in the colours of its file, as stored, and alpha (H, W); ``bits`` they had."""

    values: Pixels
    alpha: Pixels | None = None
    bits: int = 8
    notes: tuple[str, ...] = ()
