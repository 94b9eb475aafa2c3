"""A photo's header to an open image, refused by name where it is none or would cost too much to decode.

Nothing here touches Pillow's own limits for longer than an instant, and never what it does for the host program.
"""

import contextlib
import io
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from PIL import Image, JpegImagePlugin

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import deep, headers
from arbitrary_nst.images.kinds import Kind
from arbitrary_nst.images.png_chunks import without_long_chunks

# What Pillow's readers raise on broken files; none of them means a bug of ours. Warnings: where they are errors.
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
    AttributeError,
    OverflowError,
    Warning,
    Image.DecompressionBombError,
)
Opener = Callable[[BinaryIO], Image.Image]
MOST_RUNS = 20_000_000  # bytes of a run-length BMP, which Pillow decodes in Python, at about 1 MB a second
_pillows_limit = threading.Lock()


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG, of several pictures (MPO) the first; EXIF is not read for its resolution, and so not warned about."""

    def _read_dpi_from_exif(self) -> None:
        pass


def open_photo(kind: Kind, data: bytes, *, name: str, max_pixels: int) -> tuple[Image.Image, tuple[str, ...]]:
    """The image of a photo's header, no pixel decoded yet, and notes. Raises PhotoError."""
    size = headers.size_of(kind, io.BytesIO(data))
    if size is not None:
        check_size(size, name=name, max_pixels=max_pixels)
    if kind == "JPEG" and headers.has_too_many_scans(data):
        hint = "save it again as a plain JPEG"
        raise PhotoError(f"{name}: a progressive JPEG of more than {headers.MOST_SCANS} scans", hint)
    kept: dict[str, bytes] = {}
    notes: tuple[str, ...] = ()
    if kind == "PNG":
        data, kept, notes = without_long_chunks(data)
    file = io.BytesIO(data)
    try:
        with _room_for(kind, size):
            image = _open(kind, file, name)
    except (*BROKEN, MemoryError) as exc:
        raise PhotoError(f"{name}: damaged: its header cannot be read", "copy it again") from exc
    check_size(image.size, name=name, max_pixels=max_pixels)
    if kind == "BMP" and _is_slow_bmp(image, len(data)):
        raise PhotoError(f"{name}: a run-length BMP of {len(data) / 1e6:.0f} MB", "save it as a PNG")
    image.info.update(kept)
    return image, notes


def release(image: Image.Image) -> None:
    """Let go of what decoders of whole files keep beside the pixels, once these are loaded: up to 8 bytes a pixel."""
    for held in ("_decoder", "_data", "fc"):
        if hasattr(image, held):
            setattr(image, held, None)


def size_by_header(kind: Kind, file: BinaryIO) -> tuple[int, int]:
    """Width and height as stored; 0 where the header is broken."""
    size = headers.size_of(kind, file)
    if size is None and kind in ("JPEG", "TIFF", "BMP"):  # those that Pillow reads no further than it must
        file.seek(0)
        try:
            size = _open(kind, file, "").size
        except (*BROKEN, MemoryError):
            size = None
    return size or (0, 0)


def check_size(size: tuple[int, int], *, name: str, max_pixels: int) -> None:
    """Raise PhotoError for a picture over the limit."""
    width, height = size
    if width * height > max_pixels:
        megapixels = (
            f"{width}x{height} is {width * height / 1e6:{'.0f' if width * height >= 1e7 else '.2g'}} megapixels"
        )
        raise PhotoError(f"{name}: {megapixels}, over the limit of {max_pixels / 1e6:g}", "{max_pixels}")


def is_animated(kind: Kind, image: Image.Image, data: bytes) -> bool:
    """Whether there are frames or pages after the first."""
    if kind == "GIF":
        return headers.is_animated_gif(io.BytesIO(data))
    try:
        return kind != "JPEG" and bool(getattr(image, "is_animated", False))
    except BROKEN:  # what follows the first is not looked at otherwise
        return True


def _open(kind: Kind, file: BinaryIO, name: str) -> Image.Image:
    """An image whose pixels are still to be decoded, also of samples that Pillow does not know."""
    opener = _opener(kind, name)
    try:
        return opener(file)
    except BROKEN:
        known = deep.open_header(file)
        if known is None:
            raise
        return known


def _opener(kind: Kind, name: str) -> Opener:
    """What reads a kind's header. Each by itself: Pillow's own `open` knows what the host program has registered."""
    match kind:
        case "HEIF":
            try:
                from pillow_heif import HeifImageFile
            except ImportError as exc:
                raise PhotoError(f"{name}: a HEIC picture", "pip install 'arbitrary-nst[heic]'") from exc
            return HeifImageFile  # type: ignore[no-any-return]
        case "JXL":
            try:
                from pillow_jxl.JpegXLImagePlugin import JXLImageFile
            except ImportError as exc:
                raise PhotoError(f"{name}: a JPEG XL picture", "pip install 'arbitrary-nst[jxl]'") from exc
            return JXLImageFile  # type: ignore[no-any-return]
        case "JPEG":
            return _Jpeg
        case "TIFF":
            from arbitrary_nst.images.tiff import Tiff

            return Tiff
        case "PNG":
            from PIL.PngImagePlugin import PngImageFile

            return PngImageFile
        case "WEBP":
            from PIL.WebPImagePlugin import WebPImageFile

            return WebPImageFile
        case "BMP":
            from PIL.BmpImagePlugin import BmpImageFile

            return BmpImageFile
        case "GIF":
            from PIL.GifImagePlugin import GifImageFile

            return GifImageFile
        case "AVIF":
            from PIL.AvifImagePlugin import AvifImageFile

            return AvifImageFile
        case _:
            raise AssertionError(kind)


@contextlib.contextmanager
def _room_for(kind: Kind, size: tuple[int, int] | None) -> Iterator[None]:
    """Raise Pillow's limit where it is asked as a header is read, and is below what we allow: two formats do."""
    limit = Image.MAX_IMAGE_PIXELS
    if kind not in ("WEBP", "GIF") or size is None or limit is None or size[0] * size[1] <= limit:
        yield
        return
    with _pillows_limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, size[0] * size[1]
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _is_slow_bmp(image: Image.Image, length: int) -> bool:
    return length > MOST_RUNS and any(tile[0] == "bmp_rle" for tile in image.tile)  # type: ignore[attr-defined]
