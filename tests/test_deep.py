"""Samples deeper than 8 bits, and those that Pillow misreads, as their file holds them."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from drawn import decode, saved
from PIL import Image

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError

# --- PNG


def raw_png(codes, bits, colour_type, chunks=b""):
    """A PNG by the standard's own words: codes (H, W, C) big-endian or packed, every row with a filter of its own."""
    height, width, channels = codes.shape
    if bits == 16:
        rows = codes.astype(">u2").reshape(height, -1).view(np.uint8)
    else:
        packed = np.unpackbits(codes.astype(np.uint8).reshape(height, -1, 1), axis=2)[..., -bits:]
        rows = np.packbits(packed.reshape(height, -1), axis=1)
    step = max(1, bits * channels // 8)
    lines = b""
    for at, row in enumerate(rows.astype(np.int16)):
        kind = at % 3  # none, sub, up
        left = np.concatenate([np.zeros(step, np.int16), row[:-step]])
        above = rows[at - 1].astype(np.int16) if at else np.zeros_like(row)
        lines += bytes([kind]) + ((row - (0, left, above)[kind]) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunks
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_png_keeps_16_bits(colour_type, channels):
    codes = np.random.default_rng(channels).integers(0, 65536, (70, 5, channels))  # more than one strip of rows
    photo = decode(raw_png(codes, 16, colour_type))
    colours = 1 if channels < 3 else 3
    np.testing.assert_allclose(photo.pixels, np.broadcast_to(codes[..., :colours] / 65535, (70, 5, 3)), atol=1e-7)
    if channels in (2, 4):
        np.testing.assert_allclose(photo.alpha, codes[..., -1] / 65535, atol=1e-7)


def test_16_bit_png_with_a_colour_key():
    codes = np.full((2, 2, 3), 0x1234)
    codes[0, 0] = 0x1235  # the same in 8 bits
    photo = decode(raw_png(codes, 16, 2, chunk(b"tRNS", struct.pack(">3H", *[0x1234] * 3))))
    assert photo.alpha.tolist() == [[1, 0], [0, 0]]


def test_dark_tones_of_a_linear_16_bit_png_are_not_banded():
    codes = np.arange(0, 600, 2).reshape(1, -1, 1).repeat(3, axis=2)
    pixels = decode(raw_png(codes, 16, 2, chunk(b"gAMA", struct.pack(">I", 100000)))).pixels
    assert len(np.unique(pixels[..., 0])) == 300


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("filled", [False, True])
def test_the_transparent_tone_of_grey_with_few_bits(bits, filled):
    tones = np.arange(2**bits).reshape(1, -1, 1)
    key = 2**bits - 1 if filled else 2**bits // 3
    photo = decode(raw_png(tones, bits, 0, chunk(b"tRNS", struct.pack(">H", key))))
    assert (photo.alpha[0] == (tones[0, :, 0] != key)).all()
    np.testing.assert_allclose(photo.pixels[0, :, 0], tones[0, :, 0] / (2**bits - 1), atol=1e-6)


def test_a_callers_grey_png_with_a_transparent_tone():
    data = raw_png(np.arange(16).reshape(1, -1, 1), 4, 0, chunk(b"tRNS", struct.pack(">H", 5)))
    image = Image.open(io.BytesIO(data))
    assert images.from_pil(image).alpha[0].tolist() == [1] * 5 + [0] + [1] * 10
    assert image.info["transparency"] == 5


def test_deep_colours_go_through_their_profile_at_their_depth():
    pytest.importorskip("imagecodecs")
    from test_colour import matrix_profile

    from arbitrary_nst.images import colour

    profile = matrix_profile(colour.BT709, 1.0)  # linear light
    codes = np.arange(0, 600, 2).reshape(1, -1, 1).repeat(3, axis=2)
    iccp = chunk(b"iCCP", b"linear\0\0" + zlib.compress(profile))
    pixels = decode(raw_png(codes, 16, 2, iccp)).pixels[..., 0]
    np.testing.assert_allclose(pixels[0], colour.linear_to_srgb(codes[0, :, 0].astype(np.float32) / 65535), atol=2e-3)
    assert len(np.unique(pixels)) > 250


def test_deep_colours_go_through_their_profile_without_imagecodecs(monkeypatch):
    from test_colour import matrix_profile

    from arbitrary_nst.images import colour

    iccp = chunk(b"iCCP", b"adobe\0\0" + zlib.compress(matrix_profile(colour.ADOBE_RGB, 2.19921875)))
    codes = np.random.default_rng(0).integers(0, 65536, (8, 8, 3))
    seen = []
    for present in (True, False):
        if not present:
            monkeypatch.setitem(sys.modules, "imagecodecs", None)
        seen.append(decode(raw_png(codes, 16, 2, iccp)).pixels)
    np.testing.assert_allclose(seen[1], seen[0], atol=6 / 255)  # 8 bits in, steep where sRGB is dark


def test_a_damaged_deep_png_is_a_photo_error():
    data = raw_png(np.random.default_rng(0).integers(0, 65536, (40, 40, 3)), 16, 2)
    for cut in (60, len(data) // 2, len(data) - 30):
        with pytest.raises(PhotoError, match="truncated or damaged"):
            decode(data[:cut])


# --- 12-bit JPEG


def jpeg12(codes):
    imagecodecs = pytest.importorskip("imagecodecs")
    return imagecodecs.jpeg8_encode(codes, level=100, bitspersample=12, subsampling="444")


def ramp12(channels):
    ramp = np.linspace(0, 4095, 64).astype(np.uint16)
    return np.repeat(np.repeat(ramp[np.newaxis, :, np.newaxis], 32, axis=0), channels, axis=2)


@pytest.mark.parametrize("channels", [1, 3])
def test_12_bit_jpeg(channels):
    codes = ramp12(channels)
    data = jpeg12(codes if channels == 3 else codes[..., 0])
    np.testing.assert_allclose(decode(data).pixels, np.broadcast_to(codes / 4095, (32, 64, 3)), atol=3e-3)
    assert images.peek(io.BytesIO(data)) == ("jpg", (64, 32))


def test_12_bit_jpeg_is_turned_and_refused_by_its_name(monkeypatch):
    data = jpeg12(ramp12(3))
    exif = Image.Exif()
    exif[274] = 6
    segment = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    assert decode(data).size == (32, 64)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(PhotoError, match=r"a 12-bit JPEG\. Try: pip install 'arbitrary-nst\[tiff\]'"):
        decode(data)


def test_a_jpeg_of_8_bits_that_is_damaged_is_called_so():
    data = saved(Image.new("RGB", (8, 8)), "JPEG")
    with pytest.raises(PhotoError, match="damaged"):
        decode(data[:100])
