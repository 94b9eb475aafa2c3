"""Colour spaces by their numbers: primaries, transfer functions, and the way from each to sRGB.

Codes are those of ITU-T H.273 (CICP), which PNG's cICP chunk and the nclx of HEIC and AVIF share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels, strips
from arbitrary_nst.images.tone_mapping import SDR_WHITE, eetf, eetf_gain, hlg_ootf, hlg_to_scene, pq_to_nits

Matrix = NDArray[np.float64]
Transfer = Callable[[Pixels], Pixels]
Chromaticity = tuple[float, float]

D65: Chromaticity = (0.3127, 0.3290)
C: Chromaticity = (0.310, 0.316)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


class Primaries(NamedTuple):
    """CIE 1931 xy of the three primaries and of white."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity = D65


BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
ADOBE_RGB = Primaries((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
SMPTE170M = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
DISPLAY_P3 = Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
# H.273 Table 2
PRIMARIES = {
    1: BT709,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),  # BT.470 System M
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),  # BT.470 Systems B and G
    6: SMPTE170M,
    7: SMPTE170M,  # SMPTE 240M: the same
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),  # generic film
    9: BT2020,
    11: DISPLAY_P3._replace(white=(0.314, 0.351)),  # SMPTE RP 431-2, DCI-P3
    12: DISPLAY_P3,  # SMPTE EG 432-1
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),  # EBU Tech 3213
}


@dataclass(frozen=True)
class Gamma:
    """A pure power: linear = value ** exponent."""

    exponent: float

    def __call__(self, values: Pixels) -> Pixels:
        """[0, 1] to linear [0, 1]."""
        return np.power(np.maximum(values, np.float32(0)), np.float32(self.exponent))


def linear(values: Pixels) -> Pixels:
    """Light as it is."""
    return values


def srgb_to_linear(values: Pixels) -> Pixels:
    """IEC 61966-2-1: [0, 1] to linear [0, 1]."""
    bent = ((np.maximum(values, np.float32(0)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(values <= np.float32(0.04045), values / np.float32(12.92), bent)


def linear_to_srgb(light: Pixels) -> Pixels:
    """IEC 61966-2-1: linear to [0, 1], what lies outside clipped."""
    light = np.clip(light, np.float32(0), np.float32(1))
    bent = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(light <= np.float32(0.0031308), light * np.float32(12.92), bent)


def bt709_to_linear(values: Pixels) -> Pixels:
    """The inverse of BT.709's camera curve, also BT.601's and BT.2020's; as browsers show it, not BT.1886's 2.4."""
    bent = ((np.maximum(values, np.float32(0)) + np.float32(0.0992968)) / np.float32(1.0992968)) ** np.float32(1 / 0.45)
    return np.where(values < np.float32(0.0812429), values / np.float32(4.5), bent)


def smpte240m_to_linear(values: Pixels) -> Pixels:
    """The inverse of SMPTE 240M's curve."""
    bent = ((np.maximum(values, np.float32(0)) + np.float32(0.1115)) / np.float32(1.1115)) ** np.float32(1 / 0.45)
    return np.where(values < np.float32(0.0912), values / np.float32(4), bent)


# H.273 Table 3; those that no photo is stored in (logarithmic, BT.1361, ST 428) are unknown here.
TRANSFERS: dict[int, Transfer] = {
    1: bt709_to_linear, 4: Gamma(2.2), 5: Gamma(2.8), 6: bt709_to_linear, 7: smpte240m_to_linear, 8: linear,
    11: bt709_to_linear, 13: srgb_to_linear, 14: bt709_to_linear, 15: bt709_to_linear,
    16: pq_to_nits, 18: hlg_to_scene,
}  # fmt: skip
HDR: dict[Transfer, str] = {pq_to_nits: "PQ", hlg_to_scene: "HLG"}


class ColourSpace(NamedTuple):
    """What RGB values mean: the lights they add, and the curve they are stored by."""

    primaries: Primaries = BT709
    transfer: Transfer = srgb_to_linear

    @property
    def hdr(self) -> str:
        """``PQ``, ``HLG`` or, for what is relative to white, nothing."""
        return HDR.get(self.transfer, "")


SRGB = ColourSpace()
# Adobe RGB (1998), 4.3.4.2: 2 51/256
ADOBE = ColourSpace(ADOBE_RGB, Gamma(2.19921875))


def to_srgb(pixels: Pixels, space: ColourSpace) -> tuple[Pixels, tuple[str, ...]]:
    """(H, W, 3) in [0, 1] of a colour space to sRGB in [0, 1], in place, and notes. What sRGB cannot show is clipped.

    HDR is brought to SDR: 203 cd/m2, BT.2408's reference white, becomes 1, and BT.2390's EETF bends down what is
    brighter. The picture's own brightest component stands for the mastering display's peak, which files seldom tell.
    """
    if space == SRGB:
        return pixels, ()
    matrix = to_linear_srgb(space.primaries).T.astype(np.float32)
    to_light, to_code = table(space.transfer), table(linear_to_srgb)
    peak = max(float(_light(pixels[rows], space, to_light).max()) for rows in strips(len(pixels))) if space.hdr else 0.0
    gain = eetf_gain(peak)
    for rows in strips(len(pixels)):
        light = _light(pixels[rows], space, to_light)
        if space.hdr:
            light = (eetf(light, gain, peak) if peak > SDR_WHITE else light) / np.float32(SDR_WHITE)
        pixels[rows] = look_up(light @ matrix, to_code)
    if not space.hdr:
        return pixels, ()
    return pixels, (f"HDR ({space.hdr}, up to {peak:.0f} cd/m2): tone-mapped to SDR, white at {SDR_WHITE} cd/m2",)


def _light(values: Pixels, space: ColourSpace, to_light: Pixels) -> Pixels:
    """Linear light, relative to white or, of HDR, in cd/m2."""
    light = look_up(values, to_light)
    return hlg_ootf(light) if space.hdr == "HLG" else light


def table(curve: Transfer) -> Pixels:
    """A curve at every value of 16 bits: ten times as fast as its powers, and exact for what files hold."""
    return curve(np.linspace(0, 1, 65536, dtype=np.float32)).astype(np.float32)


def look_up(values: Pixels, table: Pixels) -> Pixels:
    """A curve's ``table`` at values in [0, 1]; others are clipped."""
    found: Pixels = table[(np.clip(values, 0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)]
    return found


def to_linear_srgb(primaries: Primaries) -> Matrix:
    """(3, 3): linear RGB of these primaries to linear sRGB, white adapted by Bradford.

    Raises ValueError where the primaries span no colours.
    """
    ours = to_xyz(BT709)
    matrix: Matrix = np.linalg.inv(ours) @ _adapt(primaries.white, D65) @ to_xyz(primaries)
    return matrix


def to_xyz(primaries: Primaries) -> Matrix:
    """(3, 3): linear RGB to CIE XYZ with Y of white 1 (SMPTE RP 177). Raises ValueError for impossible primaries."""
    if min(xy[1] for xy in primaries) <= 0:
        raise ValueError(f"chromaticities {primaries} are no colours")
    columns = np.array([_xyz(xy) for xy in primaries[:3]]).T
    if abs(np.linalg.det(columns)) < 1e-3:
        raise ValueError(f"chromaticities {primaries} span no colours")
    matrix: Matrix = columns * np.linalg.solve(columns, _xyz(primaries.white))
    return matrix


def _xyz(xy: Chromaticity) -> Matrix:
    return np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])


def _adapt(white: Chromaticity, to: Chromaticity) -> Matrix:
    cones = (BRADFORD @ _xyz(to)) / (BRADFORD @ _xyz(white))
    matrix: Matrix = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD
    return matrix
