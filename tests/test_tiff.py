"""TIFF in every layout: the same scene out of each, or its true name."""

import contextlib
import importlib
import io
import struct
import sys

import numpy as np
import pytest
import tifffile
from drawn import decode, saved
from PIL import Image

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError

HEIGHT, WIDTH = 70, 20
RAMP = np.linspace(0.05, 0.9, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
SCENE = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def tiff(array, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def codes(scene, dtype, bits=None):
    if np.issubdtype(dtype, np.floating):
        return scene.astype(dtype)
    return np.rint(scene * (2.0 ** (bits or np.dtype(dtype).itemsize * 8) - 1)).astype(dtype)


def assert_scene(data, scene, atol=2e-5):
    photo = decode(data)
    wanted = scene if scene.ndim == 3 else np.repeat(scene[..., np.newaxis], 3, axis=2)
    np.testing.assert_allclose(photo.pixels, wanted, atol=atol)
    assert photo.notes == ()
    assert images.peek(io.BytesIO(data)) == ("tiff", (WIDTH, HEIGHT))
    return photo


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", ["uint16", "uint32", "float16", "float32", "float64"])
def test_grey(byteorder, photometric, dtype):
    scene = RAMP if photometric == "minisblack" else 1 - RAMP
    data = tiff(codes(scene, dtype), byteorder=byteorder, photometric=photometric)
    assert_scene(data, RAMP, atol=5e-4 if dtype == "float16" else 2e-5)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float16", "float32"])
def test_rgb(byteorder, planar, dtype):
    array = codes(SCENE, dtype)
    array = np.moveaxis(array, -1, 0) if planar == "separate" else array
    data = tiff(array, byteorder=byteorder, photometric="rgb", planarconfig=planar)
    assert_scene(data, SCENE, atol={"uint8": 2e-3, "float16": 5e-4}.get(dtype, 2e-5))


@pytest.mark.parametrize(
    ("compression", "predictor", "tile"),
    [
        ("zlib", None, None),
        ("lzw", True, None),
        ("zstd", None, None),
        ("zlib", True, (16, 16)),
        ("packbits", None, None),
    ],
)
def test_compressed_16_bit_rgb(compression, predictor, tile):
    pytest.importorskip("imagecodecs")
    data = tiff(codes(SCENE, "uint16"), photometric="rgb", compression=compression, predictor=predictor, tile=tile)
    assert_scene(data, SCENE)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_grey_of_odd_depth(bits):
    pytest.importorskip("imagecodecs")
    array = codes(RAMP, np.uint16, bits)
    packed = np.unpackbits(array.astype(">u2").view(np.uint8).reshape(HEIGHT, WIDTH, 2), axis=2)[..., -bits:]
    rows = np.packbits(packed.reshape(HEIGHT, -1), axis=1).tobytes()
    assert_scene(plain_tiff(rows, bits), RAMP, atol=1e-3)


def plain_tiff(rows, bits, photometric=1, extra=()):
    """An uncompressed TIFF of one strip, by the standard's own words."""
    tags = {256: (3, WIDTH), 257: (3, HEIGHT), 258: (3, bits), 259: (3, 1), 262: (3, photometric), 273: (4, 0),
            277: (3, 1), 278: (3, HEIGHT), 279: (4, len(rows)), **dict(extra)}  # fmt: skip
    tags[273] = (4, 8 + 2 + 12 * len(tags) + 4)
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + (struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value))
        for tag, (kind, value) in sorted(tags.items())
    )
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + b"\0\0\0\0" + rows


@pytest.mark.parametrize("white", [255, 65535])
def test_palettes_with_maps_of_8_and_of_16_bits(white):
    colormap = np.stack([np.arange(256), np.arange(256)[::-1], np.arange(256) // 2]).astype(np.uint16)
    indices = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)
    data = tiff(indices, photometric="palette", colormap=colormap * (white // 255))
    np.testing.assert_allclose(decode(data).pixels, colormap.T[indices] / 255, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("colours", [RAMP[..., np.newaxis], SCENE])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha(dtype, colours, planar, kind):
    alpha = np.linspace(0.2, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1)
    stored = colours * alpha if kind == "assocalpha" else colours
    array = codes(np.concatenate([stored, alpha], axis=-1), dtype)
    array = np.moveaxis(array, -1, 0) if planar == "separate" else array
    photometric = "rgb" if colours.shape[2] == 3 else "minisblack"
    data = tiff(array, photometric=photometric, planarconfig=planar, extrasamples=[kind])
    photo = assert_scene(data, np.broadcast_to(colours, SCENE.shape), atol=1e-4)
    if kind == "unspecified":
        assert photo.alpha is None
    else:
        np.testing.assert_allclose(photo.alpha, alpha[..., 0], atol=1e-4)


def test_orientation_and_exif_also_where_pillow_knows_no_such_samples():
    data = tiff(
        codes(SCENE, "float32"), photometric="rgb", extratags=[(274, "H", 1, 6, True), (271, "s", 0, "Canon", True)]
    )
    photo = decode(data)
    np.testing.assert_allclose(photo.pixels, np.rot90(SCENE, -1), atol=1e-6)
    exif = Image.Exif()
    exif.load(photo.exif)
    assert exif[271] == "Canon" and exif.get(274, 1) == 1


def test_a_profile_beside_float_samples():
    pytest.importorskip("imagecodecs")
    from test_colour import matrix_profile

    from arbitrary_nst.images import colour

    profile = matrix_profile(colour.ADOBE_RGB, 2.19921875)
    wanted, _ = colour.to_srgb(SCENE.astype(np.float32), colour.ADOBE)
    assert_scene(
        tiff(codes(SCENE, "float32"), photometric="rgb", iccprofile=profile), wanted, atol=0.02
    )  # Little CMS rounds colorants to 16 bits, steep at black


def test_floats_above_1_are_scaled_and_told():
    photo = decode(tiff((SCENE * 200).astype(np.float32), photometric="rgb"))
    top = SCENE.max() * 200
    np.testing.assert_allclose(photo.pixels, SCENE * 200 / top, atol=1e-6)
    assert photo.notes == (f"float samples up to {top:.4g}: divided by that",)


def test_what_is_not_a_number_is_black():
    array = codes(SCENE, "float32")
    array[0, 0], array[0, 1], array[0, 2] = np.nan, np.inf, -1
    assert decode(tiff(array, photometric="rgb")).pixels[0, :3].max() == 0


# --- by their names


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (lambda: tiff(np.zeros((8, 8), np.int16), photometric="minisblack"), "16-bit signed samples"),
        (lambda: tiff(np.zeros((8, 8), np.complex64), photometric="minisblack"), "64-bit complex samples"),
        (lambda: tiff(np.zeros((8, 8, 3), np.uint16), photometric="cielab"), "CIELAB colours of 16 bits"),
        (lambda: tiff(np.zeros((8, 8, 12), np.uint16), photometric="minisblack", planarconfig="contig"), "12 channels"),
        (lambda: tiff(np.zeros((8, 8, 3), np.float32), photometric=32845), "LogLuv colours of 32 bits"),
    ],
)
def test_refused(data, what):
    with pytest.raises(PhotoError) as caught:
        decode(data())
    assert str(caught.value) == f"photo: a TIFF with {what}. Try: save it as 16-bit RGB"


def test_without_the_extra_a_codec_is_named(monkeypatch):
    pytest.importorskip("imagecodecs")
    data = tiff(codes(SCENE, "float32"), photometric="rgb", compression="zstd")
    without_imagecodecs(monkeypatch)
    with pytest.raises(
        PhotoError, match=r"a TIFF with ZSTD compression\. Try: pip install 'arbitrary-nst\[tiff\]', or"
    ):
        decode(data)


def test_without_the_extra_an_odd_depth_is_named(monkeypatch):
    pytest.importorskip("imagecodecs")
    without_imagecodecs(monkeypatch)
    with pytest.raises(PhotoError, match=r"a TIFF with 12-bit samples\. Try: pip install 'arbitrary-nst\[tiff\]', or"):
        decode(plain_tiff(bytes(HEIGHT * WIDTH * 12 // 8), 12))


def test_without_the_extra_pillow_reads_plain_16_bits(monkeypatch):
    pytest.importorskip("imagecodecs")
    data = tiff(codes(SCENE, "uint16"), photometric="rgb", compression="lzw", predictor=True)
    without_imagecodecs(monkeypatch)
    assert_scene(data, SCENE, atol=1 / 255)


def without_imagecodecs(monkeypatch):
    """As in an installation without the extra, where tifffile brings some codecs of its own."""
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    monkeypatch.setattr(tifffile.tifffile, "imagecodecs", importlib.import_module("tifffile._imagecodecs"))
    for table in (tifffile.TIFF.DECOMPRESSORS, tifffile.TIFF.UNPREDICTORS):
        monkeypatch.setattr(table, "_codecs", {1: table[1]})


# --- bad ones


def test_a_size_over_the_limit_is_refused_before_the_pixels():
    for dtype in ("float32", "uint16"):
        with pytest.raises(PhotoError, match="over the limit"):
            decode(tiff(codes(SCENE, dtype), photometric="rgb"), max_pixels=100)


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_missing_pixels_are_an_error(dtype):
    data = tiff(codes(SCENE, dtype), photometric="rgb")
    with pytest.raises(PhotoError, match="truncated or damaged"):
        decode(data[: len(data) // 2])


@pytest.mark.slow
def test_flipped_bytes_give_a_photo_or_a_photo_error():
    rng = np.random.default_rng(7)
    for dtype in ("uint16", "float32"):
        data = tiff(codes(SCENE[:9, :9], dtype), photometric="rgb", compression="zlib")
        for _ in range(150):
            broken = bytearray(data)
            for at in rng.integers(0, min(len(data), 400), 3):
                broken[at] = rng.integers(0, 256)
            with contextlib.suppress(PhotoError):
                decode(bytes(broken))


def test_integer_grey_that_pillow_writes_is_as_before():
    array = np.array([[0, 65535]], np.int32)
    assert decode(saved(Image.fromarray(array), "TIFF")).pixels[0, :, 0].tolist() == [0, 1]
