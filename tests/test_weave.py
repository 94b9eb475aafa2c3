"""A network's weave taken away before it is enlarged."""

import numpy as np
from scipy.ndimage import gaussian_filter
from test_carry import smooth

from arbitrary_nst.images.weave import CELL, without_weave
from arbitrary_nst.scores import grids

HEIGHT, WIDTH = 203, 310
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def weave(strength):
    """Cells up and down in turn, and the third wave of them, as a transposed convolution leaves."""
    turns = [np.sin(np.pi * number * place / CELL) for place in (X, Y) for number in (1, 3)]
    return (strength * (turns[0] * turns[2] + turns[1] * turns[3]))[..., np.newaxis].astype(np.float32)


def strokes():
    """Hard strokes of some 10 px, each another, over a gradient."""
    noise = gaussian_filter(np.random.default_rng(4).normal(0, 1, (HEIGHT, WIDTH)), (3, 6))
    hard = np.where(noise > 0, 0.7, 0.3)
    return (0.8 * hard[..., np.newaxis] + 0.2 * smooth(3, HEIGHT, WIDTH)).astype(np.float32)


def test_a_weave_is_gone_and_what_it_lay_on_stays():
    calm = np.clip(0.2 + 0.6 * smooth(2, HEIGHT, WIDTH), 0.2, 0.8)
    calm += np.random.default_rng(1).normal(0, 1.5 / 255, calm.shape).astype(np.float32)
    after = without_weave(calm + weave(0.04))
    inside = slice(16, -16), slice(16, -16)
    left = np.abs(after - calm)[inside]
    assert np.sqrt(np.square(left).mean()) < 0.2 * np.sqrt(np.square(weave(0.04)).mean())
    assert grids.mesh(after) < 0.05 < 0.5 < grids.mesh(calm + weave(0.04))


def test_a_weave_is_found_where_it_is():
    """On the left half only, beside strokes."""
    drawn = strokes()
    drawn[:, :100] = 0.5 + weave(0.04)[:, :100]
    after = without_weave(drawn)
    assert np.abs(after[16:-16, 16:60] - 0.5).mean() < 0.3 * np.abs(weave(0.04)).mean()
    np.testing.assert_allclose(after[:, 200:], drawn[:, 200:], atol=0.02)


def test_strokes_are_left_alone():
    """What resembles a weave by chance is less than a level."""
    drawn = strokes()
    assert np.sqrt(np.square(without_weave(drawn) - drawn).mean()) < 1 / 255


def test_edges_and_plain_pictures_come_back_themselves():
    step = np.where(X[..., np.newaxis] + np.zeros(3) < 150, 0.1, 0.9).astype(np.float32)
    for drawn in (step, np.full_like(step, 0.4), step[:20]):
        assert without_weave(drawn) is drawn


def test_threads_and_strips_change_nothing(monkeypatch):
    drawn = strokes() + weave(0.05)
    whole = without_weave(drawn)
    monkeypatch.setattr("arbitrary_nst.images.weave.ROWS", 3)
    np.testing.assert_allclose(without_weave(drawn, threads=2), whole, atol=1e-6)
