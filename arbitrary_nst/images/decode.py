"""Bytes to a Photo: only formats that hold photos, whatever is broken in them told in one line."""

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from PIL import ExifTags, Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import deep, metadata
from arbitrary_nst.images.declared import declared
from arbitrary_nst.images.encode import format_of
from arbitrary_nst.images.photo import Photo, upright
from arbitrary_nst.images.to_srgb import to_float
from arbitrary_nst.options import MAX_PIXELS, Format

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
# What Pillow's readers raise on broken files; none of them means a bug of ours.
BROKEN = (
    OSError,
    RuntimeError,
    ValueError,
    SyntaxError,
    struct.error,
    zlib.error,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
)
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# Pillow's pixel limit and Python's warning filters belong to the whole process: one header at a time.
_process_wide = threading.Lock()


def decode(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Photo:
    """Upright sRGB pixels in [0, 1], alpha and metadata of an encoded picture.

    ``name`` is for messages. JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, and HEIC where pillow-heif is installed. More than
    ``max_pixels`` pixels are refused by the header, before any is decoded. Of several frames the first is used, with a
    note. Raises PhotoError.
    """
    if not data:
        raise PhotoError(f"{name}: the file is empty", "copy it again")
    with _unwarned():
        try:
            image = _open(io.BytesIO(data), _formats(data, name))
        except BROKEN as exc:
            raise PhotoError(f"{name}: {_what_it_is(data)}", f"a {', '.join(FORMATS[:3])} or TIFF file") from exc
        width, height = image.size
        if width * height > max_pixels:
            megapixels = f"{width}x{height} is {width * height / 1e6:.0f} megapixels"
            raise PhotoError(f"{name}: {megapixels}, over the limit of {max_pixels / 1e6:g}", "{max_pixels}")
        held = _hold(image)
    with image:
        return _from_open_image(image, held, name=name, data=data)


def peek(file: BinaryIO) -> tuple[Format | None, tuple[int, int]]:
    """By a file's header: the format to give it back in, and its width and height as stored. None and 0 if no photo."""
    with _unwarned():
        try:
            formats = _formats(file.read(64), "")
            file.seek(0)
            with _open(file, formats) as image:
                return format_of({"MPO": "JPEG"}.get(image.format or "", image.format or "")), image.size
        except (*BROKEN, PhotoError):
            return None, (0, 0)


def _open(file: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    """An image whose pixels are still to be decoded, also of samples that Pillow does not know."""
    try:
        return Image.open(file, formats=formats)
    except BROKEN:
        known = deep.open_header(file)
        if known is None:
            raise
        return known


def from_pil(image: Image.Image) -> Photo:
    """A PIL image in any mode, with the profile, EXIF and orientation it carries. Raises PhotoError."""
    if 0 in image.size:
        raise PhotoError(f"image: {image.width}x{image.height} is no picture", "one with pixels")
    data = _file_of(image)
    if image.format != "TIFF":
        return _from_open_image(image, None, name="image", data=data)
    exif = image.getexif()
    kept = dict(exif), dict(exif._ifds)
    try:
        return _from_open_image(image, _hold(image), name="image", data=data)
    finally:
        exif._data, exif._ifds = kept  # the image is the caller's, its orientation too


def _file_of(image: Image.Image) -> bytes:
    """The file of an image that was opened and not decoded yet, so is as its file has it; else nothing."""
    file = getattr(image, "fp", None)
    try:
        if file is None or not getattr(image, "tile", None) or image.tell() > 0:
            return b""
        at = file.tell()
        file.seek(0)
        data: bytes = file.read()
        file.seek(at)
    except (OSError, ValueError, AttributeError, EOFError):
        return b""
    return data


def _from_open_image(image: Image.Image, held: metadata.Found | None, *, name: str, data: bytes) -> Photo:
    """The Photo of an image that Pillow has opened, decoded or not."""
    notes = []
    file_format = {"MPO": "JPEG"}.get(image.format or "", image.format or "")
    try:
        if getattr(image, "is_animated", False) and image.format != "MPO":
            notes.append("several frames: only the first is used")
        colours = declared(image, data)
        samples = deep.read(image, data, name=name)
        if samples is None:
            image.load()
    except (*BROKEN, MemoryError) as exc:
        detail = " ".join(str(exc).split())[:80] or type(exc).__name__
        raise PhotoError(f"{name}: truncated or damaged ({detail})", "copy it again") from exc
    found = held or metadata.read(image)
    try:
        pixels, alpha, colour_notes = to_float(image, colours, samples)
    except (*BROKEN, MemoryError) as exc:
        raise PhotoError(f"{name}: mode {image.mode} cannot be converted to RGB ({exc})", "save it as RGB") from exc
    pixels = upright(pixels, found.orientation)
    alpha = None if alpha is None else upright(alpha, found.orientation)
    return Photo(pixels, alpha, found.metadata, file_format, (*notes, *found.notes, *colour_notes))


def _formats(data: bytes, name: str) -> tuple[str, ...]:
    """The formats to try: HEIC too if these bytes are one and pillow-heif is here."""
    if data[4:8] != b"ftyp" or data[8:12] not in HEIF_BRANDS or b"avif" in data[8:40]:
        return FORMATS
    try:
        import pillow_heif
    except ImportError as exc:
        raise PhotoError(f"{name}: a HEIC picture", "pip install 'arbitrary-nst[heic]'") from exc
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _what_it_is(data: bytes) -> str:
    """Why Pillow would not open it, as far as the first bytes tell."""
    head = data[:512].lstrip().lower()
    signatures = {b"%pdf": "a PDF", b"%!ps": "an EPS", b"8bps": "a Photoshop file", b"simple  =": "a FITS file",
                  b"<svg": "an SVG drawing", b"<!doctype html": "a web page", b"<html": "a web page"}  # fmt: skip
    for signature, kind in signatures.items():
        if head.startswith(signature) or (signature == b"<svg" and head.startswith(b"<?xml") and b"<svg" in head):
            return f"{kind}, not a photo"
    photo_starts = (b"\xff\xd8", b"\x89png", b"riff", b"ii*\0", b"mm\0*", b"bm", b"gif8")
    return "damaged: its header cannot be read" if head.startswith(photo_starts) else "not a readable image"


def _hold(image: Image.Image) -> metadata.Found | None:
    """A TIFF's metadata, before its pixels: it turns them as it loads unless the tag is reset, and forgets its EXIF."""
    if image.format != "TIFF":
        return None
    found = metadata.read(image)
    with contextlib.suppress(*BROKEN, AttributeError):
        image.getexif()[ExifTags.Base.Orientation] = 1
    return found


@contextlib.contextmanager
def _unwarned() -> Iterator[None]:
    """Pillow's own pixel limit off, ours being checked, and its warnings about odd metadata kept to itself."""
    with _process_wide, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
