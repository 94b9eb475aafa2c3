"""Grain for smooth places: where it goes, how much, and what it does for skies and flat photos."""

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst import Stylizer
from arbitrary_nst.images.smooth import BLOCK, GRAIN, with_grain

STYLES = (
    "udnie.jpg", "Camille_Mauclair.jpg", "towers_1916_sq.jpg", "black_zigzag.jpg", "red_texture_sq.jpg",
    "clouds-over-bor-1940_sq.jpg", "piano-keyboard-sketch_sq.jpg", "pink_zigzag.jpg",
)  # fmt: skip
FLAT = {"grey": (0.5, 0.5, 0.5), "white": (1, 1, 1), "black": (0, 0, 0), "blue": (0.1, 0.25, 0.8)}


def flat(colour=(0.5, 0.5, 0.5), height=256, width=256):
    return np.broadcast_to(np.array(colour, np.float32), (height, width, 3)).copy()


def slope(height=256, width=256, levels=60):
    """A ramp across, in steps of 8 bits."""
    values = np.rint(80 + levels * np.arange(width) / width) / 255
    return np.broadcast_to(values[:, None], (height, width, 3)).astype(np.float32)


def noise(deviation, seed=0, shape=(256, 256, 1)):
    return (deviation * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("photo", [flat(), slope(), slope(levels=170)], ids=["flat", "ramp", "steep ramp"])
def test_smooth_places_get_grain(photo):
    grain = with_grain(photo) - photo
    assert grain.std() == pytest.approx(GRAIN, rel=0.05) and abs(grain.mean()) < GRAIN / 50
    assert (np.ptp(grain, axis=2) < 1e-6).all()  # luminance alone


def test_textured_places_keep_their_values_bit_for_bit():
    textured = 0.5 + noise(3 / 255) + np.zeros(3, np.float32)
    assert with_grain(textured) is textured
    half = np.concatenate([textured, flat()], axis=1)
    seen = with_grain(half)
    np.testing.assert_array_equal(seen[:, :256], textured)
    assert (seen - half)[:, 256 + 3 * BLOCK :].std() == pytest.approx(GRAIN, rel=0.05)


def test_an_edge_stays_as_it_is():
    photo = np.concatenate([flat(), flat((0.9, 0.1, 0.1))], axis=1)
    np.testing.assert_array_equal(with_grain(photo)[:, 256 - BLOCK : 256 + BLOCK], photo[:, 256 - BLOCK : 256 + BLOCK])


def test_grain_that_is_there_is_filled_up():
    photo = 0.5 + noise(0.7 / 255) + np.zeros(3, np.float32)
    assert with_grain(photo).std() == pytest.approx(GRAIN, rel=0.1)


def test_the_same_photo_gets_the_same_grain_and_is_not_touched():
    photo = slope(70, 333)
    before = photo.copy()
    np.testing.assert_array_equal(with_grain(photo), with_grain(photo))
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 5), (64, 64), (65, 67), (130, 2)])
@pytest.mark.parametrize("colour", [(1, 1, 1), (0, 0, 0)])
def test_every_size_and_the_ends_of_the_range(size, colour):
    photo = flat(colour, *size)
    seen = with_grain(photo)
    assert seen.shape == photo.shape and seen.dtype == np.float32
    assert seen.min() >= 0 and seen.max() <= 1
    assert size == (1, 1) or not np.array_equal(seen, photo)  # a single one may be clipped


def test_rows_of_a_plane_of_noise_do_not_repeat():
    grain = (with_grain(flat(height=1024)) - 0.5)[..., 0].reshape(16, -1)  # the strips in which it is made
    alike = np.corrcoef(grain)
    assert abs(alike - np.eye(16)).max() < 0.03  # 16,384 values each: 4 deviations


def test_the_network_sees_the_grain_and_the_picture_has_none_of_its_own():
    stylizer, seen = fake_stylizer(), []
    stylizer.engine.transform = lambda photo, numbers: (seen.append(photo), np.full_like(photo, 0.25))[1]
    drawn = stylizer.stylize(flat(), flat())
    np.testing.assert_array_equal(seen[0][0], with_grain(flat()))
    assert np.ptp(drawn) == 0


@pytest.fixture(scope="module")
def mini():
    return Stylizer("mini", offline=True)


def test_a_slope_shows_no_rings(mini, shared):
    """Rings lie along the slope's lines of one colour: what all rows share, of the variance there is in all."""
    photo = slope(256, 384)
    for name in STYLES[:3]:
        drawn = mini.stylize(photo, mini.style(shared / "images" / "styles" / name))[48:-48, 48:-48].mean(axis=2)
        drawn = drawn - drawn.mean(axis=1, keepdims=True)
        across = np.arange(drawn.shape[1])
        drawn = drawn - np.polynomial.Polynomial.fit(across, drawn.mean(axis=0), 5)(across)  # the slope itself
        assert drawn.mean(axis=0).var() / drawn.var() < 0.25  # without grain 0.97 or more; dabs of 15 px leave 0.1


@pytest.mark.slow
def test_flat_photos_show_no_screen(mini, shared):
    """The mean cell of 4x4 px, the network's own, is one colour to 3 levels and 2 % of the style's texture."""
    for name in STYLES:
        style = mini.style(shared / "images" / "styles" / name)
        for colour in FLAT.values():
            drawn = 255 * mini.stylize(flat(colour), style)[32:-32, 32:-32]
            cells = drawn.reshape(48, 4, 48, 4, 3)
            screen = cells.mean(axis=(0, 2)).std(axis=(0, 1)).max()
            assert screen < 3 + 0.02 * drawn.std(axis=(0, 1)).max()  # without grain it is all there is: up to 73
