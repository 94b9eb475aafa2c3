"""HDR light to what an SDR display shows: BT.2100's curves and BT.2390's electrical-electrical transfer function."""

import numpy as np

from arbitrary_nst.images.photo import Pixels

SDR_WHITE = 203  # cd/m2 of diffuse white: ITU-R BT.2408, Table 1
HLG_PEAK = 1000  # cd/m2 of the nominal HLG display: ITU-R BT.2100, Table 5, where its gamma is 1.2
HLG_GAMMA = 1.2
# SMPTE ST 2084 = ITU-R BT.2100, Table 4
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# ITU-R BT.2100, Table 5
A, B, C = 0.17883277, 0.28466892, 0.55991073
STEPS = 65536  # of the table of gains
BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)


def pq_to_nits(values: Pixels) -> Pixels:
    """PQ's EOTF, [0, 1] to cd/m2 up to 10000: BT.2100, Table 4."""
    root = np.clip(values, 0, 1).astype(np.float64) ** (1 / M2)
    nits: Pixels = (1e4 * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)).astype(np.float32)
    return nits


def nits_to_pq(nits: Pixels) -> Pixels:
    """PQ's inverse EOTF, cd/m2 to [0, 1]: BT.2100, Table 4."""
    power = (np.maximum(nits, 0).astype(np.float64) / 1e4) ** M1
    values: Pixels = (((C1 + C2 * power) / (1 + C3 * power)) ** M2).astype(np.float32)
    return values


def hlg_to_scene(values: Pixels) -> Pixels:
    """HLG's inverse OETF, [0, 1] to scene light in [0, 1]: BT.2100, Table 5."""
    values = np.clip(values, 0, 1)
    scene: Pixels = np.where(values <= 0.5, values**2 / 3, (np.exp((values - C) / A) + B) / 12).astype(np.float32)
    return scene


def hlg_ootf(scene: Pixels) -> Pixels:
    """Scene light (..., 3) to cd/m2 on a display of 1000 cd/m2, black at 0: BT.2100, Table 5."""
    luminance = (scene @ BT2020_LUMINANCE)[..., np.newaxis]
    nits: Pixels = np.float32(HLG_PEAK) * luminance ** np.float32(HLG_GAMMA - 1) * scene
    return nits


def eetf(nits: Pixels, gain: Pixels, peak: float) -> Pixels:
    """Light (..., 3) of a picture as bright as ``peak`` brought under white, in cd/m2, by ``eetf_gain``'s table.

    Applied to the largest component, the others in proportion, which keeps hues (maxRGB: BT.2408, Annex 5).
    """
    largest = np.maximum(np.maximum(nits[..., 0], nits[..., 1]), nits[..., 2])
    at = np.minimum(largest * np.float32((STEPS - 1) / peak) + np.float32(0.5), STEPS - 1).astype(np.uint16)
    mapped: Pixels = nits * gain[at][..., np.newaxis]
    return mapped


def eetf_gain(peak: float, white: float = SDR_WHITE) -> Pixels:
    """What BT.2390's EETF multiplies light by, (65536,) for levels from 0 to ``peak``; both in cd/m2.

    ITU-R BT.2390, section 5.4.1: in PQ relative to the peak, what lies under the knee (1.5 maxLum - 0.5) stays and a
    Hermite spline leads from there to maxLum = PQ(white) / PQ(peak). Black is 0 on both sides, so its lift is none.
    A peak under white needs no bending: all ones.
    """
    if peak <= white:
        return np.ones(STEPS, np.float32)
    top, bound = (float(nits_to_pq(np.array([level], np.float32))[0]) for level in (peak, white))
    max_lum = bound / top
    knee = 1.5 * max_lum - 0.5
    levels = np.linspace(0, peak, STEPS, dtype=np.float32)
    source = nits_to_pq(levels) / np.float32(top)
    t = np.clip((source - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * max_lum
    bent = pq_to_nits((spline * top).astype(np.float32))
    return np.divide(bent, levels, out=np.ones_like(levels), where=source > knee)
