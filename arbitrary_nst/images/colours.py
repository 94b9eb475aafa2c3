"""Whose colours a stylized picture has: its style's, or its photo's in one of two ways."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.colour import linear_to_srgb, look_up, srgb_to_linear, table
from arbitrary_nst.images.photo import Pixels

# Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cones, their cube roots to L, a, b.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LAB, _FROM_CONES = (np.linalg.inv(each.astype(np.float64)).astype(np.float32) for each in (_TO_LAB, _TO_CONES))
_AT_ONCE = 1 << 13  # pixels, which stay in the processor's cache
_HALVINGS = 10  # of the interval in which the chroma is sought: a thousandth of it is left
_GAMUT_SLACK = 1e-4  # of linear light, a fortieth of a level: rounding puts greys a little outside
_LEAST_SPREAD = 2 / 255  # of a style along its faintest colour: what is less is noise, and is not stretched further
_SAMPLES = 1 << 18  # pixels that a photo's mean and covariance are taken from


def to_oklab(pixels: Pixels) -> Pixels:
    """sRGB (..., 3) in [0, 1] to Oklab: lightness in [0, 1], and a and b around 0.

    (3, N), a plane each: what follows is twice as fast over planes.
    """
    light = look_up(np.ascontiguousarray(pixels.reshape(-1, 3).T), _light_of_srgb())
    lab: Pixels = _TO_LAB @ np.cbrt(_TO_CONES @ light)
    return lab


@cache
def _light_of_srgb() -> Pixels:
    return table(srgb_to_linear)


@cache
def _srgb_of_light() -> Pixels:
    return table(linear_to_srgb)


def with_chroma_of(photo: Pixels, drawn: Pixels, threads: int = 1) -> Pixels:
    """The lightness of ``drawn`` with the photo's hue and chroma, in Oklab: (H, W, 3) in [0, 1] each.

    Where sRGB has no such colour its chroma is reduced as far as need be; lightness and hue stay, nothing is clipped.
    """
    out = np.empty(drawn.shape, np.float32)
    flat, photo, drawn = (each.reshape(-1, 3) for each in (out, photo, drawn))

    def fill(start: int) -> None:
        here = slice(start, start + _AT_ONCE)
        lab = to_oklab(photo[here])
        lab[0] = to_oklab(drawn[here])[0]
        flat[here] = look_up(_into_gamut(lab), _srgb_of_light()).T

    with ThreadPoolExecutor(threads, "colours") as pool:
        list(pool.map(fill, range(0, len(flat), _AT_ONCE)))
    return out


def _into_gamut(lab: Pixels) -> Pixels:
    """Linear sRGB of Oklab colours, those outside with the most chroma that sRGB has at their lightness and hue.

    (3, N) -> (3, N).
    """
    cones = _FROM_LAB @ lab
    light: Pixels = _FROM_CONES @ (cones * cones * cones)
    outside = ~_in_gamut(light)
    grey = lab[0, outside]
    light[:, outside] = _with_most_chroma(grey, cones[:, outside] - grey)  # the first column of _FROM_LAB is ones
    return light


def _with_most_chroma(grey: Pixels, chroma: Pixels) -> Pixels:
    """Linear sRGB of greys (N,), as cones, with the largest share of a chroma (3, N) that sRGB has.

    With a share s of the chroma: (grey + s chroma)^3, so that each of R, G and B is a cubic in s.
    """
    none, share, step = grey * grey * grey, np.zeros_like(grey), np.float32(1)
    squared = chroma * chroma
    first, second, third = (
        _FROM_CONES @ each for each in (3 * grey * grey * chroma, 3 * grey * squared, squared * chroma)
    )

    def at(share: Pixels) -> Pixels:
        light: Pixels = ((third * share + second) * share + first) * share + none
        return light

    for _ in range(_HALVINGS):
        step /= 2
        share += step * _in_gamut(at(share + step))
    return at(share)


def _in_gamut(light: Pixels) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = light.min(axis=0) >= -_GAMUT_SLACK
    inside &= light.max(axis=0) <= 1 + _GAMUT_SLACK
    return inside


def recoloured(style: Pixels, photo: Pixels) -> Pixels:
    """A style picture in a photo's colours, so that its strokes arrive in the photo's palette; clipped to [0, 1].

    (h, w, 3) and (H, W, 3) -> (h, w, 3), with the photo's mean and covariance: x -> S_photo^1/2 S_style^-1/2
    (x - m_style) + m_photo, in sRGB values (Gatys et al. 2017, arXiv:1611.07865, section 6: image analogies). A colour
    that the style hardly has is not stretched to the photo's spread, which would only enlarge its noise.
    """
    mean, covariance = _moments(style)
    wanted_mean, wanted = _moments(photo)
    matrix = _power(wanted, 0.5) @ _power(covariance, -0.5)
    moved = (style - mean) @ matrix.T + wanted_mean
    matched: Pixels = np.clip(moved, 0, 1).astype(np.float32)
    return matched


def _moments(pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (3,) and covariance (3, 3) of a picture's colours, of a large one by every n-th pixel."""
    every = max(1, round((pixels.shape[0] * pixels.shape[1] / _SAMPLES) ** 0.5))
    colours = pixels[::every, ::every].reshape(-1, 3).astype(np.float64)
    mean = colours.mean(axis=0)
    return mean, (colours - mean).T @ (colours - mean) / len(colours)


def _power(covariance: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """A symmetric matrix to a power; to a negative one as if no spread were less than ``_LEAST_SPREAD``."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, _LEAST_SPREAD**2 if exponent < 0 else 0)
    powered: NDArray[np.float64] = (vectors * values**exponent) @ vectors.T
    return powered
