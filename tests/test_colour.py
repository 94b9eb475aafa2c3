"""Colour spaces and HDR: against the numbers the standards print, and against Little CMS."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from arbitrary_nst.images import colour
from arbitrary_nst.images.colour import ADOBE, ADOBE_RGB, BT709, BT2020, DISPLAY_P3, PRIMARIES, SRGB, ColourSpace, Gamma
from arbitrary_nst.images.tone_mapping import eetf, eetf_gain, hlg_ootf, hlg_to_scene, nits_to_pq, pq_to_nits


def shown(rgb, space):
    pixels, notes = colour.to_srgb(np.array([[rgb]], np.float32), space)
    return pixels[0, 0], notes


def test_matrices_that_standards_print():
    srgb = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]  # IEC 61966-2-1
    adobe = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]  # 4.3.5.3
    np.testing.assert_allclose(colour.to_xyz(BT709), srgb, atol=1e-4)
    np.testing.assert_allclose(colour.to_xyz(ADOBE_RGB), adobe, atol=1e-4)
    # BT.2087, from BT.2020 to BT.709
    bt2087 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(colour.to_linear_srgb(BT2020), bt2087, atol=1e-4)


@pytest.mark.parametrize("primaries", PRIMARIES.values())
def test_white_and_greys_stay_what_they_are(primaries):
    grey, _ = shown([0.5, 0.5, 0.5], ColourSpace(primaries))
    np.testing.assert_allclose(grey, 0.5, atol=2e-4)  # 16-bit tables


@pytest.mark.parametrize("transfer", [code for code in colour.TRANSFERS if code not in (16, 18)])
def test_curves_rise_from_0_to_1(transfer):
    light = colour.TRANSFERS[transfer](np.linspace(0, 1, 1001, dtype=np.float32))
    assert light[0] == 0 and light[-1] == pytest.approx(1, abs=1e-6) and (np.diff(light) >= 0).all()


def test_curves_at_values_worked_out_by_hand():
    half = np.array([0.5], np.float32)
    assert colour.srgb_to_linear(half)[0] == pytest.approx(0.214041, abs=1e-6)
    assert colour.linear_to_srgb(np.array([0.214041], np.float32))[0] == pytest.approx(0.5, abs=1e-5)
    assert colour.bt709_to_linear(half)[0] == pytest.approx(((0.5 + 0.0993) / 1.0993) ** (1 / 0.45), abs=1e-4)
    assert Gamma(2.2)(half)[0] == pytest.approx(0.217638, abs=1e-6)


def test_srgb_itself_is_not_touched():
    pixels = np.random.default_rng(0).random((4, 4, 3), np.float32)
    assert colour.to_srgb(pixels, SRGB)[0] is pixels


@pytest.mark.parametrize(
    ("space", "primaries", "gamma"),
    [(ADOBE, ADOBE_RGB, 2.19921875), (ColourSpace(DISPLAY_P3, Gamma(2.2)), DISPLAY_P3, 2.2)],
)
def test_as_little_cms_by_a_profile_of_the_same_numbers(space, primaries, gamma):
    codes = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(matrix_profile(primaries, gamma)))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    reference = ImageCms.profileToProfile(
        Image.fromarray(codes), profile, ImageCms.createProfile("sRGB"), intent, outputMode="RGB"
    )
    ours, _ = colour.to_srgb(codes / np.float32(255), space)
    difference = np.abs(ours * 255 - np.asarray(reference))
    assert difference.max() < 1.6  # Little CMS works in 8 bits and 15-bit fractions
    assert difference.mean() < 0.3


def matrix_profile(primaries, gamma):
    """A version 2 display profile: colorants adapted to D50 and one gamma curve."""
    d50 = np.array([0.9642, 1.0, 0.8249])
    cones = (colour.BRADFORD @ d50) / (colour.BRADFORD @ (colour.to_xyz(primaries) @ np.ones(3)))
    columns = np.linalg.inv(colour.BRADFORD) @ np.diag(cones) @ colour.BRADFORD @ colour.to_xyz(primaries)

    def xyz(values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, round(gamma * 65536))
    tags = {b"wtpt": xyz(d50), b"rXYZ": xyz(columns[:, 0]), b"gXYZ": xyz(columns[:, 1]), b"bXYZ": xyz(columns[:, 2])}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += struct.pack(">3i", *(round(v * 65536) for v in d50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


# --- HDR


@pytest.mark.parametrize(("code", "nits"), [(0, 0), (0.58, 202), (0.7518, 1000), (0.9026, 4000), (1, 10000)])
def test_pq_at_the_levels_that_bt_2408_prints(code, nits):
    assert pq_to_nits(np.array([code], np.float32))[0] == pytest.approx(nits, rel=0.006)
    assert nits_to_pq(np.array([nits], np.float32))[0] == pytest.approx(code, abs=1e-3)


def test_hlg_at_the_levels_that_bt_2408_prints():
    scene = hlg_to_scene(np.array([0, 0.5, 0.75, 1], np.float32))
    np.testing.assert_allclose(scene, [0, 1 / 12, 0.26496, 1], atol=1e-4)
    nits = hlg_ootf(np.repeat(scene[:, np.newaxis], 3, axis=1))[:, 0]
    np.testing.assert_allclose(nits, [0, 50.7, 203, 1000], rtol=3e-3)  # 75 % is reference white


def test_what_is_no_brighter_than_white_is_not_bent():
    nits = np.array([[[203, 100, 0]]], np.float32)
    assert np.array_equal(eetf(nits, eetf_gain(203), 203), nits)


@pytest.mark.parametrize("peak", [300, 1000, 4000, 10000])
def test_eetf_is_bt_2390s_spline(peak):
    levels = np.geomspace(0.01, peak, 200, dtype=np.float32)
    mapped = eetf(np.repeat(levels[:, np.newaxis], 3, axis=1), eetf_gain(peak), peak)[:, 0]
    assert (
        mapped[-1] == pytest.approx(203, rel=2e-3) and (np.diff(mapped) > 0).all() and (mapped <= levels * 1.001).all()
    )
    top, bound = nits_to_pq(np.float32([peak, 203]))
    knee = 1.5 * bound / top - 0.5
    below = levels < pq_to_nits(np.float32([knee * top]))[0] * 0.99
    np.testing.assert_allclose(mapped[below], levels[below], rtol=1e-3)


def test_eetf_keeps_the_proportions_of_a_colour():
    mapped = eetf(np.array([[800, 400, 100]], np.float32), eetf_gain(1000), 1000)[0]
    np.testing.assert_allclose(mapped / mapped[0], [1, 0.5, 0.125], rtol=1e-5)


@pytest.mark.parametrize(("code", "name"), [(16, "PQ"), (18, "HLG")])
def test_an_sdr_scene_stored_as_hdr_comes_back(code, name):
    """BT.709 colours, white at 203 cd/m2, through BT.2020 into HDR by formulas of their own, and back."""
    scene = np.random.default_rng(2).random((32, 32, 3))
    scene[0, 0] = 1
    light = np.where(scene <= 0.04045, scene / 12.92, ((scene + 0.055) / 1.055) ** 2.4)
    nits = 203 * light @ np.linalg.inv(colour.to_linear_srgb(BT2020)).T
    if name == "PQ":
        power = (nits / 10000) ** 0.1593017578125
        codes = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        luminance = nits @ [0.2627, 0.6780, 0.0593] / 1000
        linear = nits / 1000 * luminance[..., np.newaxis] ** (-0.2 / 1.2)
        logarithm = 0.17883277 * np.log(np.maximum(12 * linear - 0.28466892, 1e-9)) + 0.55991073
        codes = np.where(linear <= 1 / 12, np.sqrt(3 * linear), logarithm)
    back, notes = colour.to_srgb(codes.astype(np.float32), ColourSpace(BT2020, colour.TRANSFERS[code]))
    np.testing.assert_allclose(back, scene, atol=4e-3)  # one level: 16-bit tables, steep at black
    assert notes == (f"HDR ({name}, up to 203 cd/m2): tone-mapped to SDR, white at 203 cd/m2",)


@pytest.mark.parametrize("code", [16, 18])
def test_an_all_black_hdr_picture(code):
    assert (shown([0, 0, 0], ColourSpace(BT2020, colour.TRANSFERS[code]))[0] < 1e-6).all()


@pytest.mark.parametrize("y", [0, -0.1])
def test_impossible_primaries_are_an_error(y):
    with pytest.raises(ValueError, match="no colours"):
        colour.to_xyz(BT709._replace(red=(0.64, y)))
    with pytest.raises(ValueError, match="span"):
        colour.to_xyz(BT709._replace(red=BT709.green))
