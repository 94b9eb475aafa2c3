"""Scenes to learn a style on where there are no photos: drawn shapes that hide one another, lit and textured.

Statistics of natural pictures come from occlusion (Lee, Mumford and Huang 2001, "dead leaves"): shapes of all sizes,
the small ones far more often, each of one material. Here some are upright with rows of windows, as houses have them,
many scenes have a sky, and some are out of focus: a style has to serve smooth areas too.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels

Array = NDArray[np.float32]

LEAST_RADIUS = 3.0  # px
SHAPES = 260  # cover a scene several times over
TEXTURE = 1.2  # amplitude falls with frequency to this power, as in photos


def scenes(count: int, size: int, seed: int) -> Iterator[Pixels]:
    """``count`` pictures (size, size, 3), RGB in [0, 1], all their own; the same for the same seed."""
    for number in range(count):
        yield scene(size, np.random.default_rng([seed, number]))


def scene(size: int, rng: np.random.Generator) -> Pixels:
    """One picture (size, size, 3), RGB in [0, 1]."""
    grain = fractal_noise(size, rng)
    skyline = int(size * rng.uniform(0.2, 0.7)) if rng.random() < 0.6 else 0
    picture = _backdrop(size, grain, rng)
    palette, everywhere = _palette(rng), np.tile(grain, (2, 2))
    # From back to front, the largest first: that leaves small things to be seen, and the far ones above.
    radii = np.sort(_radii(SHAPES, size, rng))[::-1]
    for radius in radii:
        centre = rng.uniform((skyline, 0), (size, size)).astype(np.float32)
        _paint(picture, radius, centre, palette[rng.integers(len(palette))], everywhere, rng)
    picture = picture * rng.uniform(0.75, 1.25) + rng.normal(0, 0.03)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def fractal_noise(size: int, rng: np.random.Generator) -> Array:
    """(size, size), mean 0, deviation 1: random phases under a spectrum that falls with frequency; periodic."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.exp(2j * np.pi * rng.random(frequency.shape)) / frequency**TEXTURE, (size, size))
    return np.asarray(field / field.std(), np.float32)


def _radii(count: int, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Of density r^-3 from ``LEAST_RADIUS`` to a third of the side; a few of all sizes alike, which carry the scene."""
    low, high = LEAST_RADIUS, size / 3
    powers = (low**-2 - rng.random(count) * (low**-2 - high**-2)) ** -0.5
    few = count // 6
    powers[:few] = np.exp(rng.uniform(np.log(4 * low), np.log(high), few))
    return np.asarray(powers)


def _palette(rng: np.random.Generator) -> Array:
    """Ten colours (10, 3) of a light and a few materials: much alike in hue, far apart in lightness."""
    light = 1 + rng.normal(0, 0.08, 3) + rng.normal(0, 0.12) * np.array([1, 0, -1])
    lightness = rng.beta(1.2, 1.4, (10, 1))
    hue, colourful = rng.uniform(0, 2 * np.pi, (10, 1)), rng.gamma(1.5, 0.10, (10, 1))
    tint = colourful * np.cos(hue - np.array([0.4, 2.3, 4.4]))
    return np.asarray(np.clip(lightness * light * (1 + tint), 0.01, 1), np.float32)


def _backdrop(size: int, grain: Array, rng: np.random.Generator) -> Pixels:
    """A sky, from one colour above to a paler one below, with clouds now and then."""
    high, low = np.array([0.25, 0.45, 0.75]) + rng.normal(0, 0.15, 3), np.array([0.8, 0.82, 0.85]) + rng.normal(0, 0.1)
    down = np.linspace(0, 1, size)[:, None, None] ** rng.uniform(0.5, 2)
    clouds = np.clip(grain[..., None] * rng.uniform(0, 0.6), 0, 0.6)
    sky = high + (low - high) * down
    return np.asarray(sky + (0.95 - sky) * clouds + rng.normal(0, 0.05), np.float32)


def _paint(
    picture: Pixels, radius: float, centre: Array, colour: Array, grain: Array, rng: np.random.Generator
) -> None:
    """One shape, in place: a blob, or something upright with windows. ``grain`` is twice the picture's size."""
    size = len(picture)
    top, left = (max(0, int(middle - 1.5 * radius - 2)) for middle in centre)
    bottom, right = (min(size, int(middle + 1.5 * radius + 3)) for middle in centre)
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    y, x = y - centre[0], x - centre[1]
    upright = rng.random() < 0.3
    angle, stretch = (0.0 if upright else rng.uniform(0, np.pi)), rng.uniform(0.3, 1)
    along, across = x * np.cos(angle) + y * np.sin(angle), (y * np.cos(angle) - x * np.sin(angle))
    if upright:
        inside = radius - np.maximum(np.abs(along) / stretch, np.abs(across))
    else:
        wobble = 1 + 0.25 * rng.random() * np.cos(np.arctan2(across, along) * rng.integers(2, 7) + rng.uniform(0, 6))
        inside = radius * wobble - np.hypot(along, across / stretch)
    softness = np.exp(rng.uniform(np.log(0.6), np.log(1 + 0.06 * radius)))  # px: some edges are out of focus
    cover = np.clip(inside / softness + 0.5, 0, 1)
    lit = 1 + rng.uniform(0, 0.5) * (along * rng.choice([-1, 1]) - across) / (2 * radius)
    down, beside = rng.integers(0, size, 2)
    patch = grain[down : down + bottom - top, beside : beside + right - left]
    lit = lit * (1 + rng.gamma(1.5, 0.08) * patch)
    if upright and radius > 10:
        pitch = rng.uniform(4, max(5, radius / 2))
        is_window = (along % pitch < 0.5 * pitch) & (across % (1.4 * pitch) < 0.8 * pitch)
        lit = lit * np.where(is_window, rng.uniform(0.3, 1.5), 1)
    painted = lit[..., None] * colour
    part = picture[top:bottom, left:right]
    part += (painted - part) * cover[..., None]
