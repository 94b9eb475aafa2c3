"""What files say of their colours, strongest word first; the scene is Display P3's or Adobe RGB's green."""

import io
import struct
import zlib

import numpy as np
import pytest
from drawn import decode, picture, saved
from PIL import ExifTags, Image, ImageCms, PngImagePlugin
from test_colour import matrix_profile

from arbitrary_nst import images
from arbitrary_nst.images import colour
from arbitrary_nst.images.boxes import boxes

SCENE = np.asarray(picture())
ADOBE_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
SRGB_CHRM = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def expected(space):
    return colour.to_srgb(SCENE / np.float32(255), space)[0]


def png(*chunks, image=None, **options):
    """A PNG with these chunks behind its header."""
    data = saved(image or picture(), "PNG", **options)
    added = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + added + data[33:]


P3 = colour.ColourSpace(colour.DISPLAY_P3)
CICP_P3, CICP_SRGB, GAMA_LINEAR = (b"cICP", bytes([12, 13, 0, 1])), (b"cICP", bytes([1, 13, 0, 1])), b"\x00\x01\x86\xa0"
GAMA_SRGB = struct.pack(">I", 45455)
ADOBE_ICC = matrix_profile(colour.ADOBE_RGB, 2.19921875)


@pytest.mark.parametrize(
    ("chunks", "space"),
    [
        pytest.param([CICP_P3], P3, id="cICP"),
        pytest.param([(b"sRGB", b"\0"), CICP_P3, (b"gAMA", GAMA_LINEAR)], P3, id="cICP over sRGB"),
        pytest.param([(b"cICP", bytes([2, 2, 0, 1])), (b"gAMA", GAMA_LINEAR)],
                     colour.ColourSpace(transfer=colour.Gamma(1)), id="cICP that says nothing"),
        pytest.param([(b"sRGB", b"\0"), (b"gAMA", GAMA_LINEAR)], colour.SRGB, id="sRGB over gAMA"),
        pytest.param([(b"gAMA", GAMA_LINEAR)], colour.ColourSpace(transfer=colour.linear), id="gAMA"),
        pytest.param([(b"gAMA", GAMA_SRGB)], colour.SRGB, id="gAMA as sRGB writes it"),
        pytest.param([(b"gAMA", GAMA_SRGB), (b"cHRM", SRGB_CHRM)], colour.SRGB, id="gAMA and cHRM as sRGB writes them"),
        pytest.param([(b"gAMA", GAMA_SRGB), (b"cHRM", ADOBE_CHRM)],
                     colour.ColourSpace(colour.ADOBE_RGB, colour.Gamma(1 / 0.45455)), id="gAMA and cHRM"),
        pytest.param([(b"cHRM", ADOBE_CHRM)], colour.ColourSpace(colour.ADOBE_RGB), id="cHRM"),
    ],
)  # fmt: skip
def test_png(chunks, space):
    photo = decode(png(*chunks))
    np.testing.assert_allclose(photo.pixels, expected(space), atol=1e-4)
    assert photo.notes == ()


def test_cicp_goes_before_a_profile_and_a_profile_before_srgb():
    by_profile = decode(png((b"sRGB", b"\0"), icc_profile=ADOBE_ICC))
    np.testing.assert_allclose(by_profile.pixels, expected(colour.ADOBE), atol=2 / 255)  # Little CMS in 8 bits
    assert np.array_equal(decode(png(CICP_SRGB, icc_profile=ADOBE_ICC)).pixels, SCENE / np.float32(255))


def test_narrow_range_by_cicp():
    image = Image.fromarray(np.array([[[16] * 3, [235] * 3, [126] * 3]], np.uint8))
    pixels = decode(png((b"cICP", bytes([1, 13, 0, 0])), image=image)).pixels
    np.testing.assert_allclose(pixels[0, :, 0], [0, 1, 110 / 219], atol=1e-6)


@pytest.mark.parametrize(
    ("chunk", "note"),
    [
        ((b"cICP", bytes([77, 13, 0, 1])), "colours by an unknown code (77/13): not used"),
        ((b"cHRM", bytes(32)), "chromaticities (cHRM) make no sense: not used"),
        ((b"gAMA", bytes(4)), "gamma (gAMA) 0 makes no sense: not used"),
    ],
)
def test_nonsense_is_told_and_not_used(chunk, note):
    photo = decode(png(chunk))
    assert photo.notes == (note,)
    assert np.array_equal(photo.pixels, SCENE / np.float32(255))


# --- EXIF


def exif_of(space, index):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    if space is not None:
        inner[ExifTags.Base.ColorSpace] = space
    if index:
        inner[ExifTags.IFD.Interop] = {1: index}
    return exif


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("space", "index", "adobe"),
    [
        (65535, "R03", True),
        (None, "R03", True),
        (2, None, True),
        (65535, None, False),
        (1, "R98", False),
        (1, "R03", False),
    ],
)
def test_adobe_rgb_by_exif(format, space, index, adobe):
    lossless = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": "4:4:4"}}.get(format, {})
    photo = decode(saved(picture(), format, exif=exif_of(space, index).tobytes(), **lossless))
    tolerance = 0.08 if format == "JPEG" else 1e-4
    np.testing.assert_allclose(photo.pixels, expected(colour.ADOBE if adobe else colour.SRGB), atol=tolerance)


def test_a_profile_goes_before_exif():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = decode(saved(picture(), "PNG", exif=exif_of(65535, "R03").tobytes(), icc_profile=srgb))
    np.testing.assert_allclose(photo.pixels, SCENE / 255, atol=1.1 / 255)


# --- profiles in a JPEG


def with_profile(*chunks):
    data = saved(picture(), "JPEG", quality=100, subsampling="4:4:4")
    segments = b"".join(
        b"\xff\xe2" + struct.pack(">H", 16 + len(body)) + b"ICC_PROFILE\0" + bytes([number, count]) + body
        for number, count, body in chunks
    )
    return data[:2] + segments + data[2:]


HALF = len(ADOBE_ICC) // 2


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([(1, 1, ADOBE_ICC)] * 2, id="one, twice"),
        pytest.param([(1, 2, ADOBE_ICC[:HALF]), (2, 2, ADOBE_ICC[HALF:])] * 2, id="two, all again"),
        pytest.param([(1, 2, ADOBE_ICC[:HALF])] * 2 + [(2, 2, ADOBE_ICC[HALF:])] * 2, id="two, each again"),
        pytest.param([(1, 2, ADOBE_ICC), (2, 2, ADOBE_ICC)], id="one, twice and counted on"),
        pytest.param([(2, 2, ADOBE_ICC[HALF:]), (1, 2, ADOBE_ICC[:HALF])], id="backwards"),
    ],
)
def test_a_profile_stored_twice(chunks):
    once, twice = decode(with_profile((1, 1, ADOBE_ICC))), decode(with_profile(*chunks))
    assert np.array_equal(twice.pixels, once.pixels) and twice.notes == ()
    assert np.abs(once.pixels - SCENE / 255).max() > 0.1


def test_a_profile_of_which_a_part_is_missing():
    photo = decode(with_profile((1, 3, ADOBE_ICC[:HALF]), (3, 3, ADOBE_ICC[HALF:])))
    assert photo.notes == ("colour profile incomplete: taken as sRGB",)


def test_a_profile_that_says_pq_by_its_cicp_tag():
    tag = b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])
    tagged = bytearray(ADOBE_ICC + tag)
    entry = tagged.index(b"bTRC")  # in place of a tag that is not looked at
    tagged[entry : entry + 12] = b"cicp" + struct.pack(">II", len(ADOBE_ICC), len(tag))
    tagged[:4] = struct.pack(">I", len(tagged))
    photo = decode(png(icc_profile=bytes(tagged)))
    assert photo.notes[0].startswith("HDR (PQ, up to 10000 cd/m2)")


# --- HEIC and AVIF


def heic(codes, bits, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    height, width = codes.shape[:2]
    mode, data = ("RGB", codes.astype(np.uint8)) if bits == 8 else ("RGB;16", codes.astype(np.uint16))
    file = pillow_heif.from_bytes(mode, (width, height), data.tobytes())
    buffer = io.BytesIO()
    before, pillow_heif.options.SAVE_HDR_TO_12_BIT = pillow_heif.options.SAVE_HDR_TO_12_BIT, bits == 12
    try:
        file.save(buffer, quality=-1, chroma=444, **options)
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = before
    return buffer.getvalue()


def test_display_p3_by_nclx_in_heic():
    photo = decode(heic(SCENE, 8, color_primaries=12, transfer_characteristics=13, full_range_flag=1))
    np.testing.assert_allclose(photo.pixels, expected(P3), atol=0.04)  # YCbCr in 8 bits, steep at black
    assert photo.notes == ()


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_in_heic(bits, transfer, name):
    """Grey, so that only depth and curve count."""
    codes = np.repeat(np.linspace(0, 32000, 64).astype(np.uint16)[np.newaxis, :, np.newaxis], 3, axis=2)
    codes = np.repeat(codes, 64, axis=0)
    photo = decode(heic(codes, bits, color_primaries=9, transfer_characteristics=transfer, full_range_flag=1))
    space = colour.ColourSpace(colour.BT2020, colour.TRANSFERS[transfer])
    wanted, _ = colour.to_srgb(codes / np.float32(65535), space)
    assert photo.notes[0].startswith(f"HDR ({name}, up to ")
    np.testing.assert_allclose(photo.pixels, wanted, atol=3 / 255 if bits == 12 else 6 / 255)


def test_nclx_in_avif():
    data = bytearray(saved(picture(), "AVIF", quality=100, subsampling="4:4:4"))
    at = data.index(b"nclx") + 4
    assert boxes(bytes(data)).nclx == (1, 13)
    data[at : at + 4] = struct.pack(">HH", 12, 13)
    as_srgb = decode(saved(picture(), "AVIF", quality=100, subsampling="4:4:4")).pixels
    np.testing.assert_allclose(decode(bytes(data)).pixels, colour.to_srgb(as_srgb, P3)[0], atol=1e-6)


@pytest.mark.parametrize("codec", [True, False])
@pytest.mark.parametrize("bits", [10, 12])
def test_pq_in_avif(bits, codec, monkeypatch):
    imagecodecs = pytest.importorskip("imagecodecs")
    grey = np.linspace(0, 0.58, 64)[np.newaxis, :, np.newaxis] * np.ones((64, 1, 3))
    codes = np.rint(grey * (2**bits - 1)).astype(np.uint16)
    data = imagecodecs.avif_encode(
        codes, level=100, bitspersample=bits, primaries=9, transfer=16, matrix=9, pixelformat="444"
    )
    assert boxes(data).nclx == (9, 16) and boxes(data).bits == bits
    if not codec:
        monkeypatch.setitem(__import__("sys").modules, "imagecodecs", None)
    photo = decode(data)
    wanted, _ = colour.to_srgb(grey.astype(np.float32), colour.ColourSpace(colour.BT2020, colour.pq_to_nits))
    assert photo.notes[0].startswith("HDR (PQ, up to ")
    np.testing.assert_allclose(photo.pixels, wanted, atol=0.01 if codec else 0.05)


def test_broken_boxes_tell_nothing():
    data = saved(picture(), "AVIF")
    for cut in range(0, 300, 7):
        boxes(data[:cut])
    assert boxes(b"\0\0\0\1meta" + b"\xff" * 40) == boxes(b"")


def test_a_callers_image_is_converted_by_its_info_and_left_alone():
    image = Image.open(io.BytesIO(png((b"gAMA", GAMA_LINEAR))))
    before = dict(image.info)
    pixels = images.from_pil(image).pixels
    np.testing.assert_allclose(pixels, expected(colour.ColourSpace(transfer=colour.linear)), atol=1e-4)
    assert image.info == before


def test_png_text_is_no_declaration():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "cICP")
    assert np.array_equal(decode(saved(picture(), "PNG", pnginfo=text)).pixels, SCENE / np.float32(255))
