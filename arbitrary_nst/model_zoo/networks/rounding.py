"""How weights that are even, see ``mini.Even``, are rounded for files and for bf16, and stay even."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def evenly_rounded(array: Array) -> Array:
    """A kernel (h, w, in, 4 C) or bias (4 C,) in numbers that f16 and bf16 both hold, whose four parts sum up alike.

    Rounded one by one, the taps of four subpixels would no longer sum to the same: on a flat map they differ a little,
    and the normalisation behind makes a screen of it. So the largest tap is rounded first, and smaller ones take up the
    error, each as far as it then errs no more than the largest may; what is left is that of the smallest.
    """
    *taps, channels = array.shape
    parts = array.astype(np.float64).reshape(-1, *taps[2:], 4, channels // 4)
    total = _short(parts.sum(axis=0).mean(axis=-2, keepdims=True))
    left = total - parts.sum(axis=0)
    most = _step(np.abs(parts).max(axis=0)) / 2
    order = np.argsort(-np.abs(parts), axis=0)
    rounded = np.empty_like(parts)
    for number, place in enumerate(np.split(order, len(order)), 1):
        own = np.take_along_axis(parts, place, 0)
        room = np.inf if number == len(order) else np.maximum(most - _step(own) / 2, 0)
        wanted = own + np.clip(left, -room, room)
        np.put_along_axis(rounded, place, _short(wanted), 0)
        left = (left + own - _short(wanted))[0]
    return np.asarray(rounded.reshape(array.shape), np.float32)


def _short(values: Any) -> Any:
    """The nearest numbers of 8 bits, as bf16 has them, within f16's range."""
    return np.round(values / _step(values)) * _step(values)


def _step(values: Any) -> Any:
    """How far such numbers lie apart there; f16's are 2 ** -24 apart at the least."""
    return np.ldexp(1.0, np.maximum(np.frexp(values)[1], -16) - 8)
