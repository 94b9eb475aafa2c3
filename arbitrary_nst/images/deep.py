"""Samples that Pillow flattens to 8 bits or misreads, at the depth their file holds: PNG, HEIC, AVIF, JPEG, TIFF."""

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images.boxes import boxes
from arbitrary_nst.images.photo import strips
from arbitrary_nst.images.png_chunks import without_long_chunks
from arbitrary_nst.images.samples import Samples

# By a PNG's colour type, how to unpack from 16-bit samples the bytes that Pillow leaves out, the low ones: by the
# other byte order's name, and of grey with alpha all four bytes as they lie.
GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
LOW_BYTES = {RGB: "RGB;16L", RGBA: "RGBA;16L", GREY_ALPHA: "RGBA"}


class Jpeg12(JpegImagePlugin.JpegImageFile):
    """The header of a JPEG of 12 bits per sample, for size and metadata: Pillow knows 8 only."""

    def _open(self) -> None:
        try:
            super()._open()
        except SyntaxError:
            if self.bits != 12:
                raise
            self._mode = "RGB"


def open_header(file: BinaryIO) -> Image.Image | None:
    """A JPEG or TIFF that Pillow cannot open for its kind of samples; None where that is not why."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    try:
        if start in TIFF_MAGIC:
            from arbitrary_nst.images import tiff

            return tiff.AnyTiff(file)
        return Jpeg12(file) if start[:2] == b"\xff\xd8" else None
    except (SyntaxError, OSError, ValueError, TypeError, KeyError, struct.error):
        return None


def read(image: Image.Image, data: bytes, *, name: str) -> Samples | None:
    """The samples of an opened image, decoded or not; None where Pillow's own reading is whole and right.

    ``data`` is its file, empty where that is not at hand. Raises PhotoError where nobody here can read them.
    """
    if not data:
        return None
    if image.format == "PNG" and len(data) > 25:
        bits, colours = data[24], data[25]
        if bits in (2, 4) and colours == GREY and "transparency" in image.info:
            return _keyed_grey(image, bits)
        return _png16(image, data, colours) if bits == 16 and colours in LOW_BYTES else None
    if image.format == "TIFF":
        from arbitrary_nst.images import tiff

        return tiff.read(image, data, name=name)
    if image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
        return _heif(data, image.info["bit_depth"])
    if image.format == "AVIF" and (bits := boxes(data).bits) > 8:
        return _avif(data, bits, image.size)
    return _jpeg12(data, name) if isinstance(image, Jpeg12) else None


def _keyed_grey(image: Image.Image, bits: int) -> Samples:
    """Grey of few bits whose transparent tone is told in those bits, where Pillow compares it with 8-bit pixels."""
    image.load()
    grey = np.asarray(image).astype(np.float32)
    key = (image.info["transparency"] % 2**bits) * (255 // (2**bits - 1))
    return Samples((grey / np.float32(255))[..., np.newaxis], (grey != key).astype(np.float32))


def _png16(image: Image.Image, data: bytes, colour_type: int) -> Samples:
    """Pillow unpacks the high bytes; asked for the other byte order, the low ones."""
    again = PngImagePlugin.PngImageFile(io.BytesIO(without_long_chunks(data)[0]))
    again.tile = [tile._replace(args=LOW_BYTES[colour_type]) for tile in again.tile]
    image.load()
    again.load()
    height, width = image.height, image.width
    key = image.info.get("transparency")
    colours = 1 if colour_type == GREY_ALPHA else 3
    values = np.empty((height, width, colours), np.float32)
    alpha = np.empty((height, width), np.float32) if key is not None or colour_type != RGB else None
    for rows in strips(height):
        box = (0, rows.start, width, rows.stop)
        low = np.asarray(again.crop(box)).astype(np.uint16)
        if colours == 1:  # all four bytes, as they lie
            codes = low[..., 0::2] << 8 | low[..., 1::2]
        else:
            codes = np.asarray(image.crop(box)).astype(np.uint16) << 8 | low
        np.divide(codes[..., :colours], np.float32(65535), out=values[rows])
        if alpha is not None:
            alpha[rows] = codes[..., -1] / np.float32(65535) if key is None else (codes != key).any(axis=-1)
    return Samples(values, alpha, 16)


def _heif(data: bytes, bits: int) -> Samples:
    import pillow_heif

    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    # its samples are shifted up to 16 bits
    return from_codes(np.asarray(file), (2**bits - 1) << (16 - bits), bits)


def _avif(data: bytes, bits: int, size: tuple[int, int]) -> Samples | None:
    """At full depth where imagecodecs is installed; else Pillow's 8 bits must do."""
    try:
        import imagecodecs
    except ImportError:
        return None
    codes = imagecodecs.avif_decode(data, index=0)
    return from_codes(codes, 2**bits - 1, bits) if codes.shape[1::-1] == size and codes.dtype == np.uint16 else None


def _jpeg12(data: bytes, name: str) -> Samples:
    try:
        import imagecodecs
    except ImportError as exc:
        raise PhotoError(f"{name}: a 12-bit JPEG", "pip install 'arbitrary-nst[tiff]', or save it as 8-bit") from exc
    codes = imagecodecs.jpeg_decode(data)
    if codes.ndim == 3 and codes.shape[2] != 3:
        raise PhotoError(f"{name}: a 12-bit JPEG of {codes.shape[2]} inks", "save it as 8-bit RGB")
    return from_codes(codes, 4095, 12)


def from_codes(codes: NDArray[np.uint16], white: int, bits: int) -> Samples:
    """(H, W), (H, W, 1 or 3), each with one more channel for alpha, ``white`` being 1."""
    if codes.ndim == 2:
        codes = codes[..., np.newaxis]
    colours = 1 if codes.shape[2] <= 2 else 3
    values = np.divide(codes[..., :colours], np.float32(white), dtype=np.float32)
    alpha = None if codes.shape[2] == colours else np.divide(codes[..., -1], np.float32(white), dtype=np.float32)
    return Samples(values, alpha, bits)
