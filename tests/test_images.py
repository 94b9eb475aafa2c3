"""Bytes to a Photo and back: nothing lost, and one line for whatever is broken."""

import io
import struct

import numpy as np
import pytest
from drawn import FORMATS, decode, picture, reopened, saved
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError

# --- orientation

UPRIGHT_TO_STORED = {
    1: lambda i: i,
    2: lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda i: i.transpose(Image.Transpose.ROTATE_180),
    4: lambda i: i.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda i: i.transpose(Image.Transpose.TRANSPOSE),
    6: lambda i: i.transpose(Image.Transpose.ROTATE_90),
    7: lambda i: i.transpose(Image.Transpose.TRANSVERSE),
    8: lambda i: i.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", FORMATS)
def test_orientation_is_applied_once(format, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = UPRIGHT_TO_STORED[orientation](picture(32, 16))
    photo = decode(saved(stored, format, exif=exif.tobytes(), **({} if format == "TIFF" else {"quality": 95})))
    assert photo.size == (32, 16)
    np.testing.assert_allclose(photo.pixels, np.asarray(picture(32, 16)) / 255, atol=0.06)  # lossy formats
    again = decode(images.encode(photo, "jpg").data)
    assert again.size == (32, 16)
    assert Image.open(io.BytesIO(images.encode(photo, "jpg").data)).getexif().get(ExifTags.Base.Orientation, 1) == 1


def test_orientation_in_xmp_is_reset():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    photo = decode(saved(picture(), "JPEG", xmp=xmp))
    assert b'tiff:Orientation="1"' in photo.xmp


# --- colour


def test_modes_come_out_as_rgb_in_range():
    lab = ImageCms.profileToProfile(
        picture(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    deep = Image.fromarray(np.full((16, 24), 40000, np.uint16))
    plain = [picture(mode=mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "F")]
    for image in (lab, deep, *plain):
        mode = image.mode
        data = saved(image, "TIFF")
        photo = decode(data)
        assert photo.pixels.shape == (16, 24, 3), mode
        assert photo.pixels.dtype == np.float32, mode
        assert photo.pixels.min() >= 0 and photo.pixels.max() <= 1, mode
        assert (photo.alpha is not None) == (mode in ("LA", "RGBA")), mode


def test_16_bit_grey_is_scaled_not_clipped():
    photo = decode(saved(Image.fromarray(np.full((4, 4), 40000, np.uint16)), "PNG"))
    np.testing.assert_allclose(photo.pixels, 40000 / 65535, atol=1e-6)


def test_float_grey_survives_what_is_not_a_number():
    values = np.array([[0, 0.5], [np.nan, np.inf]], np.float32)
    photo = decode(saved(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(photo.pixels[..., 0], [[0, 0.5], [0, 0]])


def test_lab_comes_back_as_the_colours_it_was_made_of():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    muted = Image.blend(picture(), Image.new("RGB", picture().size, "grey"), 0.5)  # 8-bit LAB clips the vivid
    data = saved(ImageCms.profileToProfile(muted, srgb, lab, outputMode="LAB"), "TIFF")
    np.testing.assert_allclose(decode(data).pixels, np.asarray(muted) / 255, atol=0.05)


def test_cmyk_without_profile_is_not_inverted():
    photo = decode(saved(Image.new("RGB", (8, 8), (250, 40, 30)).convert("CMYK"), "JPEG", quality=100))
    np.testing.assert_allclose(photo.pixels[4, 4], np.array([250, 40, 30]) / 255, atol=0.05)


def swapped_primaries() -> bytes:
    """An sRGB profile whose red and blue primaries are exchanged: converting with it must exchange the channels."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(count)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile)


def test_embedded_profile_is_converted_to_srgb():
    photo = decode(saved(Image.new("RGB", (8, 8), (200, 100, 30)), "PNG", icc_profile=swapped_primaries()))
    np.testing.assert_allclose(photo.pixels[4, 4], np.array([30, 100, 200]) / 255, atol=0.02)


def test_broken_profile_is_dropped_with_a_note():
    photo = decode(saved(picture(), "PNG", icc_profile=b"no profile at all"))
    assert any("profile" in note for note in photo.notes)
    np.testing.assert_allclose(photo.pixels, np.asarray(picture()) / 255, atol=1e-6)


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "avif", "tiff"])
def test_every_format_carries_an_srgb_profile(format):
    profile = reopened(images.encode(images.from_pil(picture()), format)).info["icc_profile"]
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))


# --- alpha


@pytest.mark.parametrize("format", ["png", "webp", "tiff"])
def test_alpha_comes_back_bit_for_bit(format):
    image = picture()
    alpha = (np.arange(16 * 24) % 256).astype(np.uint8).reshape(16, 24)
    image.putalpha(Image.fromarray(alpha))
    photo = decode(saved(image, "PNG"))
    np.testing.assert_array_equal(np.asarray(reopened(images.encode(photo, format)).getchannel("A")), alpha)


def test_palette_and_colour_key_transparency_become_alpha():
    image = picture(mode="P")
    image.info["transparency"] = 0
    assert decode(saved(image, "PNG", transparency=0)).alpha is not None
    grey = Image.fromarray(np.array([[0, 9]], np.uint8))
    np.testing.assert_array_equal(decode(saved(grey, "PNG", transparency=9)).alpha, [[1, 0]])


def test_jpg_lays_transparency_on_white_and_says_so():
    encoded = images.encode(decode(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")), "jpg")
    assert encoded.notes == ("jpg has no transparency: laid on white",)
    assert np.asarray(reopened(encoded)).min() > 250


# --- metadata


def exif_with_everything():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.5
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif.tobytes()


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("format", ["jpg", "png", "webp", "avif", "tiff"])
def test_exif_and_xmp_are_kept(source, format):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">words</x:xmpmeta>'
    extra = {"xmp": xmp, "exif": exif_with_everything()}
    if source == "TIFF":
        exif = Image.Exif()
        exif.load(exif_with_everything())
        exif[700] = xmp
        extra = {"exif": exif}
    elif source == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        extra = {"pnginfo": text, "exif": exif_with_everything()}
    photo = decode(saved(picture(), source, **extra))
    back = decode(images.encode(photo, format).data)
    exif = Image.Exif()
    exif.load(back.exif)
    assert exif[ExifTags.Base.Make] == "Maker"
    assert float(exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime]) == 0.5
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert back.xmp == xmp
    stripped = decode(images.encode(photo, format, metadata="strip").data)
    assert stripped.exif is None and stripped.xmp is None


def test_thumbnail_is_dropped():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    plain = exif.tobytes()
    # a second directory, after the first one's four-byte link, with one entry that says "JPEG thumbnail at 8"
    order = "<" if plain[6:8] == b"II" else ">"
    first = struct.unpack(order + "I", plain[10:14])[0] + 6
    link = first + 2 + 12 * struct.unpack(order + "H", plain[first : first + 2])[0]
    second = struct.pack(order + "HHHIII", 1, 513, 4, 1, 8, 0)
    with_thumbnail = plain[:link] + struct.pack(order + "I", len(plain) - 6) + plain[link + 4 :] + second
    data = saved(picture(), "JPEG", exif=with_thumbnail)
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(ExifTags.IFD.IFD1)
    kept = Image.Exif()
    kept.load(decode(data).exif)
    assert kept[ExifTags.Base.Make] == "Maker"
    assert not kept.get_ifd(ExifTags.IFD.IFD1)


def test_metadata_too_long_for_a_jpeg_is_dropped_with_a_note():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "x" * 70_000)
    encoded = images.encode(decode(saved(picture(), "PNG", pnginfo=text)), "jpg")
    assert encoded.notes and "XMP" in encoded.notes[0]


def test_broken_exif_is_dropped_with_a_note_or_read():
    data = saved(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert decode(data).exif is None


# --- encoding


def test_values_are_rounded_not_truncated():
    photo = images.Photo(np.full((4, 4, 3), 127.6 / 255, np.float32))
    assert np.asarray(reopened(images.encode(photo, "png"))).max() == 128


def test_jpg_keeps_full_colour_resolution():
    image = reopened(images.encode(images.from_pil(picture()), "jpg"))
    assert [component[1:3] for component in image.layer] == [(1, 1)] * 3


def test_quality_counts():
    photo = images.from_pil(picture(200, 200))
    for format in ("jpg", "webp", "avif"):
        assert len(images.encode(photo, format, quality=30).data) < len(images.encode(photo, format, quality=95).data)


def test_too_large_for_a_format_is_refused_with_a_way_out():
    photo = images.Photo(np.zeros((1, 20_000, 3), np.float32))
    with pytest.raises(PhotoError, match="format='png'"):
        images.encode(photo, "webp")
    assert reopened(images.encode(photo, "png")).size == (20_000, 1)


# --- sizes and arrays


@pytest.mark.parametrize(
    ("size", "limit", "expected"), [((100, 50), 20, (20, 10)), ((1, 900), 9, (1, 9)), ((8, 6), 99, (8, 6))]
)
def test_longest_side_is_reduced_never_enlarged(size, limit, expected):
    assert images.resize_longest(images.from_pil(picture(*size)), limit).size == expected


def test_style_is_read_from_its_centre_square():
    pixels = np.zeros((10, 30, 3), np.float32)
    pixels[:, 10:20] = 1
    assert images.style_input(pixels, size=8).min() == pytest.approx(1, abs=1e-6)  # f32
    assert images.style_input(pixels, size=8, crop="none").shape == (8, 8, 3)
    assert images.style_input(pixels, size=8, crop="none").min() == 0


def test_arrays_in_every_layout_and_nonsense_refused():
    assert images.from_array(np.zeros((4, 5), np.uint8)).pixels.shape == (4, 5, 3)
    assert images.from_array(np.ones((4, 5, 4), np.float64)).alpha.shape == (4, 5)
    for bad in (
        np.zeros((4, 5, 2)),
        np.zeros(5),
        np.full((2, 2, 3), 7.0),
        np.full((2, 2), np.nan),
        np.zeros((2, 2), int),
    ):
        with pytest.raises(PhotoError, match="Try"):
            images.from_array(bad)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((3, 4, 5), np.float32), "shape (3, 4, 5) is no picture. Try: (H, W), (H, W, 3) or (H, W, 4): "
         "array.transpose(1, 2, 0)"),
        (np.zeros((1, 4, 5, 3), np.uint8), "shape (1, 4, 5, 3) is no picture. Try: (H, W), (H, W, 3) or (H, W, 4)"),
        (np.float32([[0, 255]]), "values from 0.0 to 255.0, outside [0, 1]. Try: uint8, or divide by 255"),
        (np.float32([[-0.25, 1]]), "values from -0.25 to 1.0, outside [0, 1]. Try: np.clip(array, 0, 1)"),
        (np.float32([[0, 1.0000001]]), "values from 0.0 to 1.0000001, outside [0, 1]. Try: np.clip(array, 0, 1)"),
        (np.float32([[0, np.nan]]), "holds values that are no numbers, or infinite. Try: np.nan_to_num(array)"),
        (np.full((2, 2), np.inf), "holds values that are no numbers, or infinite. Try: np.nan_to_num(array)"),
    ],
)  # fmt: skip
def test_an_array_that_is_no_picture_is_told_with_what_makes_it_one(array, told):
    with pytest.raises(PhotoError) as caught:
        images.from_array(array)
    assert str(caught.value) == f"array: {told}"


def test_pil_round_trip_is_exact():
    image = picture(mode="RGBA")
    assert images.to_pil(images.from_pil(image)).tobytes() == image.tobytes()


@pytest.mark.parametrize("height", [1, 64, 200])
def test_bytes_to_floats_and_back_whatever_the_height(height):
    rgba = np.random.default_rng(height).integers(0, 256, (height, 5, 4), np.uint8)
    photo = images.from_pil(Image.fromarray(rgba, "RGBA"))
    np.testing.assert_array_equal(photo.pixels, rgba[..., :3].astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(photo.alpha, rgba[..., 3].astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(np.asarray(images.to_pil(photo)), rgba)


def test_the_callers_image_stays_as_it_was(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, "Lens & Co"
    for suffix in ("jpg", "png", "tiff"):
        picture(32, 16).save(tmp_path / f"x.{suffix}", exif=exif)
        with Image.open(tmp_path / f"x.{suffix}") as image:
            assert [images.from_pil(image).size for _ in range(2)] == [(16, 32), (16, 32)]
            assert dict(image.getexif())[ExifTags.Base.Orientation] == 6


def test_an_image_without_pixels():
    with pytest.raises(PhotoError, match="0x5"):
        images.from_pil(Image.new("RGB", (0, 5)))


def grey_profile(gamma):
    """A minimal ICC profile of grey with this gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I", 2) + b"kTRC" + struct.pack(">II", 156, 16) + b"wtpt" + struct.pack(">II", 172, 20)
    head = struct.pack(">I4sI4s4s4s12s4s", 192, bytes(4), 0x02400000, b"mntr", b"GRAY", b"XYZ ", bytes(12), b"acsp")
    return (head + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0") + tags + curve + white


def test_deep_grey_goes_through_its_profile_and_keeps_its_transparent_tone():
    deep, shallow = (
        Image.fromarray(np.full((4, 4), value, kind)) for value, kind in ((32896, np.uint16), (128, np.uint8))
    )
    profile = grey_profile(1.0)
    seen = [decode(saved(image, "PNG", icc_profile=profile)) for image in (deep, shallow)]
    np.testing.assert_allclose(seen[0].pixels, seen[1].pixels, atol=1 / 255)
    assert seen[0].pixels.min() > 0.7 and seen[0].notes == ()
    assert decode(saved(deep, "PNG", transparency=32896)).alpha.max() == 0
