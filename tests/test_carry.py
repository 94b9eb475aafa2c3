"""From small pictures to the full size."""

import numpy as np
import pytest

from arbitrary_nst import images
from arbitrary_nst.images.upscale import add_change, guided


def smooth(seed, height=90, width=120):
    rng = np.random.default_rng(seed)
    layers = [images.resize(rng.random((n, n, 3)).astype(np.float32), (height, width)) for n in (3, 9, 30)]
    return np.clip(np.mean(layers, axis=0), 0, 1)


PHOTO = smooth(1)
SMALL = np.clip(images.resize(PHOTO, (30, 40)), 0, 1)


def edge():
    """A photo of one sharp edge, its small version, and a drawing that gives both sides other colours."""
    photo = np.zeros((96, 120, 3), np.float32)
    photo[:, 60:] = 0.8
    small = np.clip(images.resize(photo, (24, 30)), 0, 1)
    left, right = np.array([0.9, 0.2, 0.1]), np.array([0.1, 0.3, 0.8])
    drawn = (left + (right - left) * small[..., :1] / 0.8).astype(np.float32)
    return photo, small, np.clip(drawn, 0, 1), left, right


def test_add_change_adds_nothing_of_its_own():
    np.testing.assert_allclose(add_change(PHOTO, SMALL), PHOTO, atol=1e-6)
    brighter = np.clip(SMALL + 0.1, 0, 1)
    assert np.median(add_change(PHOTO, brighter) - PHOTO) == pytest.approx(0.1, abs=1e-3)


def test_guided_keeps_edges_as_sharp_as_the_photo():
    photo, small, drawn, left, right = edge()
    carried = guided(photo, small, drawn)
    np.testing.assert_allclose(carried[40, 20], left, atol=0.02)
    np.testing.assert_allclose(carried[40, 100], right, atol=0.02)
    step = np.abs(carried[40, 60] - carried[40, 59]).max()
    enlarged = images.resize(drawn, photo.shape[:2])
    assert step > 0.5 > 2 * np.abs(enlarged[40, 60] - enlarged[40, 59]).max()


def test_guided_of_a_flat_photo_enlarges():
    flat, drawn = np.full((60, 80, 3), 0.5, np.float32), smooth(3, 20, 27)
    enlarged = np.clip(images.resize(drawn, (60, 80)), 0, 1)
    np.testing.assert_allclose(guided(flat, flat[:20, :27], drawn), enlarged, atol=1e-3)


@pytest.mark.parametrize("size", [(31, 47), (1, 200), (200, 3)])
def test_any_size(size):
    photo = smooth(2, *size)
    small = photo[: max(1, size[0] // 2), : max(1, size[1] // 2)]
    carried = guided(photo, small, small)
    assert carried.shape == photo.shape and carried.dtype == np.float32
    assert carried.min() >= 0 and carried.max() <= 1
