"""Where files, depths, colours and metadata meet in one photo."""

import io
import zlib

import numpy as np
import pytest
from drawn import decode, picture, reopened, saved
from PIL import ExifTags, Image
from test_declared import exif_of, expected
from test_deep import chunk, jpeg12, ramp12, raw_png

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import colour, exif_layout

LOSSLESS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": "4:4:4"}}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!--%s--></x:xmpmeta>'


@pytest.mark.parametrize("space", [2, 65535])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_adobe_rgb_by_exif_is_converted_once(format, space):
    exif = exif_of(space, "R03").tobytes()
    if format == "TIFF":  # where Pillow loses the Interop directory
        data = exif_layout.in_front(exif.removeprefix(b"Exif\0\0"), saved(picture(), "TIFF"))
    else:
        data = saved(picture(), format, exif=exif, **LOSSLESS.get(format, {}))
    photo = decode(data)
    np.testing.assert_allclose(photo.pixels, expected(colour.ADOBE), atol=0.08 if format == "JPEG" else 1e-4)
    for target in ("jpg", "png", "webp", "tiff"):
        encoded = images.encode(photo, target)
        tags = reopened(encoded).getexif()
        assert tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 1
        assert tags.get_ifd(ExifTags.IFD.Interop)[ExifTags.Interop.InteropIndex] == "R98"
        again = decode(encoded.data)
        np.testing.assert_allclose(again.pixels, photo.pixels, atol=0.1 if target in ("jpg", "webp") else 1 / 255)


def test_exif_after_a_pngs_pixels_counts_for_colours_too():
    block = exif_of(65535, "R03").tobytes().removeprefix(b"Exif\0\0")
    data = saved(picture(), "PNG")
    end = data.rindex(b"IEND") - 4
    photo = decode(data[:end] + chunk(b"eXIf", block) + data[end:])
    np.testing.assert_allclose(photo.pixels, expected(colour.ADOBE), atol=1e-4)
    assert photo.exif is not None


def test_a_deep_png_keeps_xmp_that_is_long():
    codes = np.random.default_rng(0).integers(0, 65536, (7, 5, 3))
    packet = XMP % (b"long " * 400_000)
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet))
    photo = decode(raw_png(codes, 16, 2, text))
    np.testing.assert_allclose(photo.pixels, codes / 65535, atol=1e-7)
    assert photo.xmp == packet


def test_a_deep_png_with_pixels_missing():
    codes = np.random.default_rng(0).integers(0, 65536, (200, 50, 3))
    data = raw_png(codes, 16, 2)
    with pytest.raises(PhotoError, match=r"truncated or damaged .* Try: copy it again, or accept_truncated"):
        decode(data[: len(data) // 2])
    photo = decode(data[: len(data) // 2], accept_truncated=True)
    np.testing.assert_allclose(photo.pixels[:80], codes[:80] / 65535, atol=1e-7)
    assert not photo.pixels[-1].any()
    assert photo.notes == ("cut short: the pixels it lacks are black, or see-through",)


def test_headers_of_samples_that_pillow_does_not_know():
    assert images.peek(io.BytesIO(jpeg12(ramp12(3)))) == ("jpg", ramp12(3).shape[1::-1])


@pytest.mark.parametrize("turned", [1, 6])
def test_jpeg_xl_carries_metadata(turned):
    pytest.importorskip("pillow_jxl")
    exif = Image.Exif()
    exif[ExifTags.Base.Artist], exif[ExifTags.Base.Orientation] = "Ada", turned
    photo = decode(saved(picture(), "JPEG", exif=exif, xmp=XMP % b"short"))
    encoded = images.encode(photo, "jxl")
    again = decode(encoded.data)
    assert (again.format, again.size, encoded.notes) == ("JXL", photo.size, ())
    assert again.exif is not None
    assert b"Ada" in again.exif


def test_metadata_of_an_avif_outlives_its_decoder():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist], exif[ExifTags.Base.Orientation] = "Ada", 6
    photo = decode(saved(picture(24, 16), "AVIF", exif=exif))
    assert photo.size == (16, 24)
    assert photo.exif is not None
    assert b"Ada" in photo.exif
