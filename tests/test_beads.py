"""Beads along slanted strokes, where the photo is calm."""

import numpy as np
import pytest

from arbitrary_nst.images.beads import SHARE, without_beads

SIDE = 90
Y, X = np.mgrid[:SIDE, :SIDE]
CALM = np.full((SIDE, SIDE, 3), 0.5, np.float32)
INSIDE = slice(12, -12), slice(12, -12)


def strokes(rise):
    """Soft stripes 10 px apart that rise so many rows a column, across which they have all their contrast."""
    waves = np.sin((Y - rise * X) * 2 * np.pi / 10 / np.hypot(1, rise))
    return np.repeat(0.5 + 0.3 * waves[..., np.newaxis], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("rise", [1, -1, 0])
def test_beads_go_and_strokes_stay(rise):
    """Beads every fourth px along the strokes, as large as a third of their contrast."""
    beads = np.where(X % 4 < 2, 0.05, -0.05)[..., np.newaxis].astype(np.float32)
    clean, drawn = strokes(rise), strokes(rise) + beads
    left = np.abs(without_beads(CALM, drawn) - clean)[INSIDE].mean() / 0.05
    assert left < 1 - 0.8 * SHARE
    np.testing.assert_allclose(without_beads(CALM, clean)[INSIDE], clean[INSIDE], atol=0.02)


def test_a_photos_texture_keeps_them():
    textured = np.random.default_rng(1).random((SIDE, SIDE, 3)).astype(np.float32)
    drawn = strokes(1)
    assert without_beads(textured, drawn) is drawn


def test_where_nothing_has_a_way_nothing_is_smoothed():
    grey = np.full_like(CALM, 0.3)
    assert without_beads(CALM, grey) is grey
    noise = np.random.default_rng(2).normal(0.5, 0.1, CALM.shape).astype(np.float32)
    changed = np.abs(without_beads(CALM, noise) - noise)
    assert changed.mean() < 0.01
