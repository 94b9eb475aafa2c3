"""Whose colours a picture has: Oklab against its paper's other form, covariances against NumPy's own."""

import numpy as np
import pytest

from arbitrary_nst.images.colours import recoloured, to_oklab, with_chroma_of

# Ottosson 2020 as published first, from CIE XYZ (D65); `colours` has the matrices merged with sRGB's.
XYZ_TO_CONES = np.array(
    [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
)
CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def oklab(pixels):
    """The paper's formulas in float64."""
    pixels = np.asarray(pixels, np.float64)
    light = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    return np.cbrt(light @ SRGB_TO_XYZ.T @ XYZ_TO_CONES.T) @ CONES_TO_LAB.T


def random(seed, height=40, width=50):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def test_oklab_is_the_papers():
    pixels = random(1)
    np.testing.assert_allclose(to_oklab(pixels).T, oklab(pixels).reshape(-1, 3), atol=5e-4)  # rounded matrices
    np.testing.assert_allclose(oklab([1.0, 1.0, 1.0]), [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(to_oklab(np.ones((1, 3), np.float32)).T, [[1, 0, 0]], atol=1e-4)
    red = to_oklab(np.array([[1, 0, 0]], np.float32)).T  # CSS Color 4's value of red
    np.testing.assert_allclose(red, [[0.62796, 0.22486, 0.12585]], atol=1e-4)


def test_lightness_is_the_pictures_and_the_hue_the_photos():
    photo, drawn = random(2), random(3)
    found = oklab(with_chroma_of(photo, drawn))
    np.testing.assert_allclose(found[..., 0], oklab(drawn)[..., 0], atol=2e-3)  # also where there is no such colour
    chroma, wanted = (np.hypot(lab[..., 1], lab[..., 2]) for lab in (found, oklab(photo)))
    assert (chroma <= wanted + 2e-3).all()
    hue, photos = (np.arctan2(lab[..., 2], lab[..., 1]) for lab in (found, oklab(photo)))
    turned = np.abs(np.angle(np.exp(1j * (hue - photos))))
    assert turned[chroma > 0.03].max() < 0.05
    kept = np.abs(chroma - wanted) < 2e-3
    assert 0.2 < kept.mean() < 0.95  # the rest is what sRGB does not have


def test_chroma_is_reduced_no_further_than_need_be():
    photo = np.broadcast_to(np.array([0, 0, 1], np.float32), (8, 8, 3))
    drawn = np.broadcast_to(np.float32(0.8), (8, 8, 3))
    found = with_chroma_of(photo, drawn)
    assert found.max() > 0.997 and found[..., 2].min() == found.max()  # at the edge of what there is
    lab = oklab(found[0, 0])
    assert lab[0] == pytest.approx(oklab(drawn[0, 0])[0], abs=2e-3) and np.hypot(*lab[1:]) > 0.05


def test_threads_change_no_bit():
    photo, drawn = np.random.default_rng(6).random((2, 130, 190, 3), np.float32)  # three parts, the last a small one
    np.testing.assert_array_equal(with_chroma_of(photo, drawn, threads=3), with_chroma_of(photo, drawn))


def test_a_picture_in_its_own_colours_stays():
    photo = random(4)
    np.testing.assert_allclose(with_chroma_of(photo, photo), photo, atol=1.5e-3)
    grey = np.repeat(random(5)[..., :1], 3, axis=2)
    np.testing.assert_allclose(with_chroma_of(grey, grey), grey, atol=5e-4)


def test_a_style_gets_the_photos_mean_and_covariance():
    rng = np.random.default_rng(6)
    style = 0.5 + 0.04 * rng.normal(size=(60, 60, 3)) @ rng.normal(size=(3, 3))
    photo = np.array([0.5, 0.4, 0.6]) + 0.05 * rng.normal(size=(50, 70, 3)) @ rng.normal(size=(3, 3))
    style, photo = (np.clip(each, 0, 1).astype(np.float32) for each in (style, photo))
    found = recoloured(style, photo)
    assert ((found > 0) & (found < 1)).mean() > 0.97
    np.testing.assert_allclose(found.mean((0, 1)), photo.mean((0, 1)), atol=4e-3)  # some are clipped
    covariances = [np.cov(each.reshape(-1, 3).T, bias=True) for each in (found, photo)]
    np.testing.assert_allclose(*covariances, atol=0.04 * covariances[1].max())


def test_its_map_is_gatys_2017s():
    """A = S_photo^1/2 S_style^-1/2, with SciPy's matrix roots."""
    from scipy.linalg import sqrtm

    style, photo = 0.3 + 0.4 * random(7), 0.2 + 0.3 * random(8) ** 2
    covariance, wanted = (np.cov(each.reshape(-1, 3).T.astype(np.float64), bias=True) for each in (style, photo))
    matrix = sqrtm(wanted) @ np.linalg.inv(sqrtm(covariance))
    expected = (style - style.mean((0, 1))) @ matrix.T + photo.mean((0, 1))
    np.testing.assert_allclose(recoloured(style, photo), np.clip(expected, 0, 1), atol=1e-4)


def test_a_style_in_the_photos_colours_already_stays():
    style = random(9)
    np.testing.assert_allclose(recoloured(style, style), style, atol=1e-5)


def test_a_grey_style_s_noise_is_not_blown_up():
    rng = np.random.default_rng(10)
    grey = np.repeat(rng.random((40, 40, 1), np.float32), 3, axis=2) + rng.normal(0, 0.0005, (40, 40, 3))
    found = recoloured(np.clip(grey, 0, 1).astype(np.float32), random(11))
    assert np.isfinite(found).all() and (found.max(2) - found.min(2)).mean() < 0.15
    flat = recoloured(np.full((4, 4, 3), 0.5, np.float32), random(12))
    np.testing.assert_allclose(flat[0, 0], random(12).mean((0, 1)), atol=1e-5)
