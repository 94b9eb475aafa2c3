"""Hostile and broken photos: one line that says what is wrong, and nothing decoded that should not be."""

import contextlib
import io
import struct
import sys
import zlib

import numpy as np
import pytest
from drawn import FORMATS, decode, picture, saved
from PIL import Image, PngImagePlugin

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError


def test_what_is_not_a_photo_is_named(subtests):
    cases = {
        b"": "empty",
        b"just words": "not a readable image",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>": "SVG",
        b"<!DOCTYPE html><html>": "web page",
        b"%PDF-1.7\n": "PDF",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n": "EPS",
        b"8BPS\0\1" + bytes(40): "Photoshop",
        b"SIMPLE  =                    T" + bytes(99): "FITS",
        saved(picture(), "JPEG")[:20]: "header",
        saved(picture(), "PNG")[:20]: "header",
    }
    for data, word in cases.items():
        with subtests.test(word), pytest.raises(PhotoError, match=word) as caught:
            decode(data)
        assert "\n" not in str(caught.value) and ". Try: " in str(caught.value)


@pytest.mark.parametrize("format", [*FORMATS, "BMP", "GIF"])
def test_truncated_pixels_are_an_error(format):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = saved(noise, format)
    with pytest.raises(PhotoError):
        decode(data[: len(data) * 2 // 3])


def test_pixel_limit_is_checked_before_decoding():
    # a PNG header that promises 40 gigapixels, with no pixels behind it
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    data = b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(PhotoError, match="40000 megapixels"):
        decode(data)
    assert limit == Image.MAX_IMAGE_PIXELS
    with pytest.raises(PhotoError, match="max_pixels"):
        decode(saved(picture(10, 10), "PNG"), max_pixels=99)


def test_compressed_text_bomb_costs_the_text_not_the_photo():
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * 80_000_000, zip=True)
    data = saved(picture(), "PNG", pnginfo=text)
    try:
        assert decode(data).size == (24, 16)
    except PhotoError as exc:
        assert "\n" not in str(exc)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_with_a_note(format):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    photo = decode(saved(frames[0], format, save_all=True, append_images=frames[1:], lossless=True))
    assert photo.notes == ("several frames: only the first is used",)
    np.testing.assert_allclose(photo.pixels[4, 4], [1, 0, 0], atol=0.01)


def test_first_page_of_a_tiff():
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    photo = decode(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert photo.notes == ("several frames: only the first is used",)


def test_heic_is_read_or_the_missing_extra_named(monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture(64, 32)).save(buffer, quality=95)
    photo = decode(buffer.getvalue())
    assert photo.size == (64, 32) and photo.format == "HEIF" and images.format_of(photo.format) == "jpg"
    np.testing.assert_allclose(photo.pixels, np.asarray(picture(64, 32)) / 255, atol=0.1)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match=r"arbitrary-nst\[heic\]"):
        decode(buffer.getvalue())


@pytest.mark.parametrize("format", [*FORMATS, "GIF", "BMP"])
def test_flipped_bytes_give_a_photo_or_a_photo_error(format):
    rng = np.random.default_rng(1)
    whole = np.frombuffer(saved(picture(), format), np.uint8)
    for _ in range(60):
        data = whole.copy()
        data[rng.integers(len(data), size=4)] = rng.integers(0, 256, 4)
        try:
            photo = decode(data.tobytes(), max_pixels=1_000_000)
        except PhotoError as exc:
            assert "\n" not in str(exc)
        else:
            images.encode(photo, "png")


def test_an_animation_that_breaks_off_is_one_photo_less():
    """The frames after the first are only counted, which must not fail in another way than reading does."""
    frames = [Image.effect_noise((40, 40), 90).convert("P") for _ in range(3)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for length in range(len(data) // 3, 2 * len(data) // 3):
        with contextlib.suppress(PhotoError):
            assert decode(data[:length]).size == (40, 40)
