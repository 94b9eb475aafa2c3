"""Photos as large as a camera's, made of small ones: the same motif at any size, with edges and grain at 100 %."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.images.resampling import resample

SHARPENED = 1.2  # times what blurring takes away, at each doubling; bounded by the neighbours, so edges ring not at all
TEXTURE = 0.35  # of the local contrast: a photo's finer half has about so much of its coarser half's
GRAIN = 1.5 / 255  # standard deviation of what a sensor adds at 100 %


def enlarged(photo: Image.Image, megapixels: float, seed: int = 0) -> Pixels:
    """A photo at ``megapixels`` of the same shape, (H, W, 3) in [0, 1], as if a camera had seen the motif so large.

    At each doubling Lanczos enlarges; edges are made hard again between their own two sides, and where there is
    texture finer texture of the same kind joins it. Grain comes last. The same seed gives the same picture.
    """
    rng = np.random.default_rng(seed)
    pixels: Pixels = np.asarray(photo.convert("RGB"), np.float32) / np.float32(255)
    share = (megapixels * 1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    height, width = (round(side * share) for side in pixels.shape[:2])
    while pixels.shape[:2] != (height, width):
        size = (min(height, 2 * pixels.shape[0]), min(width, 2 * pixels.shape[1]))
        pixels = resample(pixels, size if min(size) < min(height, width) else (height, width))
        pixels = _textured(_hardened(pixels), rng)
    pixels += rng.normal(0, GRAIN, pixels.shape).astype(np.float32)
    return np.clip(pixels, 0, 1, out=pixels)


def _hardened(pixels: Pixels) -> Pixels:
    """Sharpened, each value kept between the least and the most around it."""
    window = (3, 3, 1)
    sharp = pixels + SHARPENED * (pixels - gaussian_filter(pixels, (1.5, 1.5, 0)))
    bounded: Pixels = np.clip(sharp, minimum_filter(pixels, window), maximum_filter(pixels, window))
    return bounded


def _textured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Noise of the finest octave, as strong as the local contrast of the next."""
    light = pixels.mean(axis=2)
    contrast = gaussian_filter(np.abs(light - gaussian_filter(light, 1.5)), 2.0)
    noise = rng.normal(0, 1, light.shape).astype(np.float32)
    noise -= gaussian_filter(noise, 1.5)
    textured: Pixels = pixels + (TEXTURE * contrast * noise)[..., np.newaxis]
    return textured
