"""Resampling against Pillow's own filter."""

import numpy as np
import pytest
from PIL import Image

from arbitrary_nst.images.resampling import resample


def by_pillow(pixels, size):
    planes = [Image.fromarray(np.ascontiguousarray(plane), "F") for plane in np.moveaxis(pixels, -1, 0)]
    return np.stack([np.asarray(each.resize(size[::-1], Image.Resampling.LANCZOS)) for each in planes], axis=-1)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((97, 210), (24, 51)), ((40, 33), (160, 300)), ((90, 20), (7, 45)), ((60, 50), (60, 49)), ((5, 700), (5, 4)),
     ((1, 7), (1, 3)), ((9, 9), (1, 1)), ((300, 4), (299, 4))],
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_lanczos_filter_as_pillow_has_it(given, wanted, channels):
    pixels = np.random.default_rng(1).normal(size=(*given, channels)).astype(np.float32)
    made = resample(pixels, wanted)
    assert made.shape == (*wanted, channels) and made.dtype == np.float32
    np.testing.assert_allclose(made, by_pillow(pixels, wanted), atol=3e-6)  # f32, and another order of sums


def test_a_view_is_taken_and_the_same_size_is_the_picture_itself():
    pixels = np.random.default_rng(2).random((20, 30, 4), np.float32)
    np.testing.assert_array_equal(resample(pixels[::2, 5:, :3], (4, 9)), resample(pixels[::2, 5:, :3].copy(), (4, 9)))
    assert resample(pixels, (20, 30)) is pixels
