"""Stripes and meshes by hand: pictures whose figures are known."""

import numpy as np
import pytest

from arbitrary_nst.scores.grids import SMALLEST, mesh, stripe


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def coloured(values):
    """(H, W) -> (H, W, 3), the same in every colour."""
    return np.repeat(np.asarray(values, np.float32)[..., None], 3, axis=-1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_stripe_of_two_levels_has_two(turned):
    columns = 0.5 + np.where(np.arange(130) % 2, 1, -1) / 255 * np.ones((98, 1))
    assert stripe(coloured(columns.T if turned else columns)) == pytest.approx((2, 2), abs=1e-3)


def test_a_stripe_in_one_tile_of_four_is_the_worst_and_half_of_the_mean():
    picture = np.full((64, 66), 0.5)
    picture[:32, 1:33] += np.where(np.arange(32) % 2, 0, 6) / 255
    assert stripe(coloured(picture)) == pytest.approx((3, 6), rel=0.05)  # its edges have half a pair


def test_slopes_edges_and_dots_are_no_stripes():
    ramp = np.arange(160) / 160 * np.ones((96, 1))
    step = (np.arange(160) > 77) * np.ones((96, 1))
    board = np.indices((96, 160)).sum(axis=0) % 2
    for harmless in (ramp, ramp.T, board):
        assert stripe(coloured(harmless)).worst < 0.01
    assert stripe(coloured(step)).worst <= 255 / 32 + 0.01  # an edge differs from its neighbours once a row
    assert stripe(noise(256, 256, 3)).mean < 6  # of 74 levels


@pytest.mark.parametrize("shape", [(1, 1, 3), (20, 200, 3), (200, 33, 3)])
def test_a_picture_without_a_tile_has_no_stripe(shape):
    assert stripe(noise(*shape)) == (0, 0) and mesh(noise(*shape)) == 0


def test_a_mesh_is_what_repeats_every_two_cells():
    texture, (down, across) = noise(256, 256, 3), np.mgrid[:256, :256].astype(np.float32)[..., None]
    for harmless in (texture, 0 * texture, np.sin(down / 5), (across > 100) * 1.0):
        assert mesh(harmless + 0.01 * texture) < 0.02
    for weave in (np.sin(np.pi / 4 * down), np.sin(np.pi / 2 * (down + across)), np.sin(3 * np.pi / 4 * across)):
        shown = [mesh(texture + strength * weave) for strength in (0.1, 0.3)]
        assert 0.003 < shown[0] < shown[1] and shown[1] > 0.2
    assert mesh(texture + 0.3 * np.sin(2 * np.pi / 5.3 * down)) < 0.02  # repeats, but not with the cells
    assert mesh(noise(SMALLEST, SMALLEST, 3)) < 0.5
