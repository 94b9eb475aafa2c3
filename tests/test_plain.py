"""Plain backgrounds kept: the white behind a product and the paper of a page, to the edge of what stands before it."""

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst.images.plain import kept

WHITE = np.float32(250 / 255)


def disc(height=240, width=360, colour=(0.1, 0.3, 0.6)):
    """A plain disc on white, with a soft edge, and how far each pixel is from its middle."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(y - height / 2, x - width / 2)
    cover = np.clip(70.5 - away, 0, 1)[..., None]
    return (WHITE + cover * (np.float32(colour) - WHITE)).astype(np.float32), away


def drawn_over(photo):
    return np.random.default_rng(0).random(photo.shape, np.float32)


@pytest.mark.parametrize("noise", [0, 1 / 255], ids=["exact", "with noise"])
def test_a_background_is_kept_to_the_edge_and_the_thing_before_it_drawn(noise):
    photo, away = disc()
    photo = photo + noise * np.random.default_rng(1).standard_normal(photo.shape).astype(np.float32)
    drawn = drawn_over(photo)
    result = kept(photo, drawn, 1)
    np.testing.assert_allclose(result[away > 72], photo[away > 72], atol=1e-5 if noise == 0 else 0.05)
    np.testing.assert_array_equal(result[away < 69], drawn[away < 69])  # though it is plain too


def test_paper_closed_in_by_a_line_is_kept_too():
    photo = np.full((200, 300, 3), WHITE)
    photo[40:160, 60:240], photo[43:157, 63:237] = 0.05, WHITE
    result = kept(photo, drawn_over(photo), 1)
    np.testing.assert_allclose(result[100, 150], WHITE, atol=1e-5)
    assert abs(result[photo == WHITE] - WHITE).mean() < 0.01


def test_half_a_share_is_halfway():
    photo, _ = disc()
    drawn = drawn_over(photo)
    half = kept(photo, drawn, 0.5)
    np.testing.assert_allclose(half, (drawn + kept(photo, drawn, 1)) / 2, atol=1e-5)


def test_a_photo_without_a_background_is_drawn_whole():
    photo = np.random.default_rng(2).random((90, 130, 3), np.float32)
    drawn = drawn_over(photo)
    assert kept(photo, drawn, 1) is drawn


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (1300, 2), (65, 64)])
def test_every_size(size):
    photo = np.full((*size, 3), WHITE)
    np.testing.assert_allclose(kept(photo, drawn_over(photo), 1), photo, atol=1e-5)


def test_the_same_background_at_any_size():
    small, large = disc()[0], disc()[0].repeat(4, axis=0).repeat(4, axis=1)
    shares = [abs(kept(photo, np.zeros_like(photo), 1)).mean() for photo in (small, large)]
    assert shares[0] == pytest.approx(shares[1], rel=0.01)


def test_the_option_counts_on_the_full_size_and_is_off_by_itself():
    photo, away = disc()
    style = np.zeros((32, 32, 3), np.float32)
    stylizer = fake_stylizer()
    assert stylizer.stylize(photo, style)[0, 0, 0] < 0.1  # its negative
    result = stylizer.stylize(photo, style, strokes=120, keep_plain=1)
    np.testing.assert_allclose(result[away > 72], photo[away > 72], atol=1e-5)
    assert result[away < 60].mean() < 0.5
