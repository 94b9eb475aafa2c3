"""Files shaped like those of public bug reports, read in place: every one right, or refused by its true name."""

from pathlib import Path

import numpy as np
import pytest
from drawn import decode

from arbitrary_nst.errors import PhotoError

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "inputs" / "photos"
pytestmark = pytest.mark.skipif(not PHOTOS.is_dir(), reason="the shared photos are not beside this checkout")


def read(name):
    path = PHOTOS / name
    if not path.is_file():
        pytest.skip(f"{name} is not among the shared photos")
    return decode(path.read_bytes())


def levels(name):
    return read(name).pixels.mean(axis=(0, 1)) * 255


@pytest.mark.parametrize("name", ["cicp_pq.png", "pq10.avif", "gama_linear16.png", "rgb16_planar.tif"])
def test_the_photo_that_all_are_made_of(name):
    if name == "pq10.avif":
        pytest.importorskip("imagecodecs")
    np.testing.assert_allclose(levels(name), levels("meta.jpg"), atol=0.5)  # which is the same photo as a JPEG
    notes = read(name).notes
    assert len(notes) == ("pq" in name) and all("tone-mapped" in note for note in notes)


@pytest.mark.parametrize("name", ["grey12.tif", "grey16_miniswhite.tif", "grey_u32.tif"])
def test_its_grey(name):
    if name == "grey12.tif":
        pytest.importorskip("imagecodecs")
    wanted = levels("meta.jpg") @ [0.299, 0.587, 0.114]  # as Pillow makes grey of sRGB
    np.testing.assert_allclose(levels(name), wanted, atol=0.7)
    assert read(name).notes == ()


def test_the_palette_of_few_colours():
    np.testing.assert_allclose(levels("palette_tiff_8bitmap.tif"), levels("meta.jpg"), atol=1)


@pytest.mark.parametrize("name", ["cicp_p3.png", "p3_nclx.heic", "dcf_adobergb.jpg", "gama_chrm_adobergb.png"])
def test_one_chart_in_wide_gamuts(name):
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif")
    # what lies outside sRGB is clipped from either gamut, so the four agree within coding's loss
    np.testing.assert_allclose(levels(name), [125, 122, 120], atol=2)
    assert read(name).notes == ()


def test_a_profile_stored_twice():
    assert read("icc_duplicated.jpg").notes == ()
    np.testing.assert_allclose(levels("icc_duplicated.jpg"), [176, 163.3, 147.2], atol=0.5)


def test_the_transparent_tone_of_4_bits():
    photo = read("trns_grey4.png")
    assert (photo.alpha == 0).any() and (photo.alpha == 1).any()


def test_float_rgb():
    np.testing.assert_allclose(read("rgb_f32.tif").pixels.max(), 0.8745098, atol=1e-6)


def test_12_bit_jpeg_is_read_or_named():
    try:
        np.testing.assert_allclose(levels("jpeg12.jpg"), levels("meta.jpg"), atol=1)
    except PhotoError as exc:
        assert "a 12-bit JPEG" in str(exc)
