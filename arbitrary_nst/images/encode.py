"""A Photo to the bytes of a file."""

import io
from pathlib import PurePath
from typing import Any, NamedTuple

from PIL import Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import placing
from arbitrary_nst.images.metadata import Policy
from arbitrary_nst.images.photo import Photo, srgb_profile, to_bytes
from arbitrary_nst.options import Format

PILLOW_NAMES: dict[Format, str] = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "tiff": "TIFF",
    "jxl": "JXL",
}
SUFFIXES: dict[str, Format] = {
    ".jpg": "jpg", ".jpeg": "jpg", ".jpe": "jpg", ".png": "png", ".webp": "webp", ".avif": "avif", ".tif": "tiff",
    ".tiff": "tiff", ".jxl": "jxl",
}  # fmt: skip
# The longest side a format can hold, in px.
LONGEST: dict[Format, int] = {"jpg": 65535, "webp": 16383, "avif": 65535}


class Encoded(NamedTuple):
    """A file's bytes, and a line each for what of the photo the format could not hold."""

    data: bytes
    notes: tuple[str, ...] = ()


def format_of(photo_format: str) -> Format:
    """The format to give a photo back in: its own, or the closest that can be written."""
    own = {pillow: name for name, pillow in PILLOW_NAMES.items()}
    return own.get(photo_format, "jpg" if photo_format in ("MPO", "HEIF", "RAW") else "png")


def suffix_format(path: PurePath) -> Format | None:
    """The format that a file name asks for."""
    return SUFFIXES.get(path.suffix.lower())


def encode(photo: Photo, format: Format, *, quality: int = 95, metadata: Policy = "keep") -> Encoded:
    """Encode at 8 bits per channel, rounded, with an sRGB profile.

    ``quality`` is 1 to 100 and counts for jpg, webp, avif and jxl; a JPEG keeps its colours at full resolution (4:4:4).
    ``metadata`` is ``keep``, ``strip`` or ``private``: see ``Metadata.written``. JPEG has no alpha: the photo is laid
    on white. Raises PhotoError where the format cannot hold so large a picture.
    """
    if max(photo.size) > LONGEST.get(format, 2**31):
        width, height = photo.size
        raise PhotoError(f"{width}x{height}: too large for {format}", "{format=png} or tiff, or {max_size}")
    image, notes = _to_image(photo, format)
    carried = photo.metadata.written(photo.size, metadata)
    placed, unplaced = placing.options_for(format, carried)
    options = _options(format, quality) | placed
    buffer = io.BytesIO()
    if format == "jxl":
        _need_jxl()
    try:
        image.save(buffer, PILLOW_NAMES[format], icc_profile=srgb_profile(), **options)
    except (OSError, ValueError, KeyError) as exc:
        raise PhotoError(f"{format}: cannot be written ({exc})", "{format=png}, or {metadata=strip}") from exc
    data, unfinished = placing.finished(format, buffer.getvalue(), carried)
    return Encoded(data, (*notes, *unplaced, *unfinished))


def _need_jxl() -> None:
    """Pillow writes JPEG XL once its plugin is imported. Raises PhotoError where it is not installed."""
    try:
        import pillow_jxl  # noqa: F401
    except ImportError as exc:
        raise PhotoError("jxl: cannot be written", "pip install 'arbitrary-nst[jxl]', or {format=png}") from exc


def _to_image(photo: Photo, format: Format) -> tuple[Image.Image, list[str]]:
    if photo.alpha is None:
        return Image.fromarray(to_bytes(photo.pixels), "RGB"), []
    if format == "jpg":
        alpha = photo.alpha[..., None]
        on_white = photo.pixels * alpha + (1 - alpha)
        seen_through = [] if photo.alpha.min() >= 1 else ["jpg has no transparency: laid on white"]
        return Image.fromarray(to_bytes(on_white), "RGB"), seen_through
    image = Image.fromarray(to_bytes(photo.pixels), "RGB")
    image.putalpha(Image.fromarray(to_bytes(photo.alpha), "L"))
    return image, []


def _options(format: Format, quality: int) -> dict[str, Any]:
    match format:
        case "jpg":
            return {"quality": quality, "subsampling": "4:4:4"}  # optimised tables: 5 % smaller, 3 times as slow
        case "webp":
            # exact: colours under full transparency stay, as everywhere else
            return {"quality": quality, "method": 4, "exact": True}
        case "avif":
            return {"quality": quality, "subsampling": "4:4:4"}
        case "tiff":
            return {"compression": "tiff_adobe_deflate"}
        case "png":
            return {}
        case "jxl":
            return {"quality": quality}
