"""What lies around pixels, against NumPy's sliding windows."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from arbitrary_nst.images.steepening import CUBIC_TAPS, LINEAR_TAPS
from arbitrary_nst.images.windows import box, over_five, quarters, tent, within

SHAPES = [(2, 17, 23), (1, 1, 9), (3, 8, 1), (1, 2, 2)]


def planes_of(shape):
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def around(planes, reach):
    """(C, h, w, side, side), edges repeated."""
    padded = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    return sliding_window_view(padded, (2 * reach + 1,) * 2, axis=(1, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_windows_are_those_of_their_pixel(shape):
    planes = planes_of(shape)
    kept = planes.copy()
    np.testing.assert_allclose(box(planes), around(planes, 3).mean(axis=(3, 4)), atol=1e-6)
    weights = np.outer([1, 2, 1], [1, 2, 1]) / 16
    np.testing.assert_allclose(tent(planes), (around(planes, 1) * weights).sum(axis=(3, 4)), atol=1e-6)
    for pick, over in ((np.minimum, np.min), (np.maximum, np.max)):
        np.testing.assert_array_equal(over_five(planes, pick), over(around(planes, 2), axis=(3, 4)))
    np.testing.assert_array_equal(planes, kept)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("weights", [LINEAR_TAPS, CUBIC_TAPS])
def test_quarters_of_a_slope_lie_a_quarter_beside_it(axis, weights):
    shape = (1, -1, 1) if axis == 1 else (1, 1, -1)
    slope = np.broadcast_to(np.arange(12, dtype=np.float32).reshape(shape), (1, 12, 12))
    before, behind = quarters(slope, axis, weights)
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(before[inner], (slope - 0.25)[inner], atol=1e-5)
    np.testing.assert_allclose(behind[inner], (slope + 0.25)[inner], atol=1e-5)


def test_clipped_to_bounds_of_their_own():
    values, low, high = planes_of((3, 5, 7)), np.full((3, 5, 7), -0.5, np.float32), np.full((3, 5, 7), 0.3, np.float32)
    expected = np.clip(values, low, high)
    np.testing.assert_array_equal(within(values, low, high), expected)
