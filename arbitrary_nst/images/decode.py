"""Bytes to a Photo: only formats that hold photos, whatever is broken in them told in one line."""

import io
import re
from pathlib import PurePath
from typing import BinaryIO

from PIL import ExifTags, Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import kinds, opening, png_chunks, raw, truncated
from arbitrary_nst.images.encode import Format, format_of
from arbitrary_nst.images.opening import BROKEN
from arbitrary_nst.images.photo import Photo, to_float, upright

MAX_PIXELS = 200_000_000
# A file may be so long, in bytes, and by so many more for each pixel: layers, pages and frames are read too.
LONGEST_FILE, BYTES_PER_PIXEL = 256_000_000, 30
XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[2-8]')
# Tags that describe the file they came from, not the picture: a TIFF keeps its layout among its EXIF.
LAYOUT_TAGS = {
    *range(254, 260), 262, 263, 266, 273, *range(277, 282), 284, *range(317, 326), 330, 338, 339, 347,
    *range(512, 515), *range(529, 533), 700, 33723, 34377, 34675,
}  # fmt: skip


def decode(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS, accept_truncated: bool = False) -> Photo:
    """Upright sRGB pixels in [0, 1], alpha and metadata of an encoded picture.

    ``name`` is for messages, and its suffix for a RAW file that does not tell. JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF;
    HEIC, JPEG XL and cameras' RAW files where their extras are installed. More than ``max_pixels`` pixels are refused
    by the header, before any memory is taken for them. Of several frames the first is used, with a note. A JPEG that
    lacks only its last bytes is read, with a note; a JPEG or PNG with pixels missing only if ``accept_truncated``.
    Raises PhotoError.
    """
    if not data:
        raise PhotoError(f"{name}: the file is empty", "copy it again")
    kind = kinds.kind_of(data[: kinds.HEAD])
    if kind is None:
        raise not_a_photo(data[: kinds.HEAD], name)
    if kind == "RAW" or (kind == "TIFF" and kinds.is_raw_tiff(io.BytesIO(data), PurePath(name).suffix)):
        return raw.develop(data, name=name, max_pixels=max_pixels)
    image, notes = opening.open_photo(kind, data, name=name, max_pixels=max_pixels)
    # before the pixels: a TIFF turns them as it loads unless the tag is reset, and forgets its EXIF
    exif, orientation, exif_notes = _read_exif(image)
    if kind == "JXL" and not getattr(image, "jpeg", False):
        orientation = 1  # its decoder turned the pixels by the codestream, which alone counts
    if opening.is_animated(kind, image, data):
        notes = (*notes, "several frames: only the first is used")
    mended = _load(kind, image, data, name=name, accept_truncated=accept_truncated)
    if mended is not None:
        image, note = mended
        notes = (*(each for each in notes if each != png_chunks.LACKS_END), note)
        exif, orientation, exif_notes = _read_exif(image)
    return _from_open_image(image, exif, orientation, (*notes, *exif_notes), name=name, is_ours=True)


def peek(file: BinaryIO) -> tuple[Format | None, tuple[int, int]]:
    """By a file's header: the format to give it back in, and its width and height as stored. None and 0 if no photo."""
    try:
        kind = kinds.kind_of(file.read(kinds.HEAD))
        if kind is None:
            return None, (0, 0)
        if kind == "RAW" or (kind == "TIFF" and kinds.is_raw_tiff(file)):
            return format_of("RAW"), raw.size_of(file)
        size = opening.size_by_header(kind, file)
        return (format_of(kind), size) if all(size) else (None, (0, 0))
    except PhotoError:
        return None, (0, 0)


def look(file: BinaryIO, length: int, *, name: str, max_pixels: int = MAX_PIXELS) -> None:
    """Raise PhotoError for what ``decode`` would refuse by its first bytes, or a file too long for the picture in it.

    ``length`` is the file's, in bytes; it stands at its beginning before and after.
    """
    head = file.read(kinds.HEAD)
    kind = kinds.kind_of(head)
    if kind is None:
        raise not_a_photo(head, name) if head else PhotoError(f"{name}: the file is empty", "copy it again")
    size = raw.size_of(file) if kind == "RAW" else opening.size_by_header(kind, file)
    opening.check_size(size, name=name, max_pixels=max_pixels)
    if length > LONGEST_FILE + BYTES_PER_PIXEL * size[0] * size[1]:
        what = f"{length / 1e9:.1f} GB, for a picture of {size[0]}x{size[1]} px"
        raise PhotoError(f"{name}: {what}", "copy it again, or save its picture alone")
    file.seek(0)


def not_a_photo(head: bytes, name: str) -> PhotoError:
    """The error for a file whose first bytes begin no photo: by its name, where that is known."""
    what, hint = kinds.what_else(head) or ("not a readable image", "a JPEG, PNG, WEBP or TIFF file")
    return PhotoError(f"{name}: {what}", hint)


def from_pil(image: Image.Image) -> Photo:
    """A PIL image in any mode, with the profile, EXIF and orientation it carries. Raises PhotoError."""
    if 0 in image.size:
        raise PhotoError(f"image: {image.width}x{image.height} is no picture", "one with pixels")
    exif = image.getexif()
    kept = dict(exif), dict(exif._ifds)
    try:
        return _from_open_image(image, *_read_exif(image), name="image")
    finally:
        exif._data, exif._ifds = kept  # the image is the caller's, its orientation too


def _from_open_image(
    image: Image.Image,
    exif: bytes | None,
    orientation: int,
    notes: tuple[str, ...],
    *,
    name: str,
    is_ours: bool = False,
) -> Photo:
    """The Photo of an image that Pillow has opened, decoded or not; closes it where it ``is_ours``."""
    file_format = {"MPO": "JPEG"}.get(image.format or "", image.format or "")
    try:
        image.load()
    except (*BROKEN, MemoryError) as exc:
        raise _damaged(exc, None, name) from exc
    xmp, xmp_notes = _read_xmp(image)
    try:
        pixels, alpha, colour_notes = to_float(image, image.info.get("icc_profile"))
    except (*BROKEN, MemoryError) as exc:
        raise PhotoError(f"{name}: mode {image.mode} cannot be converted to RGB ({exc})", "save it as RGB") from exc
    if is_ours:  # its bytes are not held while floats are turned, which takes them twice
        image.close()
    pixels = upright(pixels, orientation)
    alpha = None if alpha is None else upright(alpha, orientation)
    return Photo(pixels, alpha, exif, xmp, file_format, (*notes, *xmp_notes, *colour_notes))


def _load(
    kind: kinds.Kind, image: Image.Image, data: bytes, *, name: str, accept_truncated: bool
) -> tuple[Image.Image, str] | None:
    """Load the image's pixels; of a file that breaks off another image in its place, and a note. Raises PhotoError."""

    def load_whole(whole: bytes) -> Image.Image:
        mended = opening.open_photo(kind, whole, name=name, max_pixels=image.width * image.height)[0]
        mended.load()
        return mended

    try:
        if not (kind == "JPEG" and truncated.breaks_off(data)):
            image.load()
            opening.release(image)
            return None
        damage: BaseException = EOFError("its end is missing")
    except (*BROKEN, MemoryError) as exc:
        damage = exc
    try:
        mended = truncated.mend(kind, data, load_whole, accept=accept_truncated)
    except (*BROKEN, MemoryError, PhotoError):
        mended = None
    if mended is None:
        raise _damaged(damage, kind, name) from damage
    return mended


def _damaged(exc: BaseException, kind: kinds.Kind | None, name: str) -> PhotoError:
    detail = " ".join(str(exc).split())[:80] or type(exc).__name__
    hint = "copy it again, or {accept_truncated}" if kind in ("JPEG", "PNG") else "copy it again"
    return PhotoError(f"{name}: truncated or damaged ({detail})", hint)


def _read_exif(image: Image.Image) -> tuple[bytes | None, int, tuple[str, ...]]:
    """EXIF without orientation, thumbnail and file layout; the orientation still to apply; notes."""
    try:
        exif = image.getexif()
        if not len(exif):
            return None, 1, ()
        # pillow-heif turns the pixels itself and leaves the tag at 1
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        ifds = [dict(exif.get_ifd(ifd)) for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)]
        for tag in [tag for tag in exif if tag in LAYOUT_TAGS]:
            del exif[tag]
        if ExifTags.Base.Orientation in exif:
            exif[ExifTags.Base.Orientation] = 1
        exif._ifds.pop(ExifTags.IFD.IFD1, None)  # the thumbnail shows the photo as it was
        data = exif.tobytes() if len(exif) or any(ifds) else None
        return data, orientation if orientation in range(1, 9) else 1, ()
    except BROKEN as exc:
        return None, 1, (f"EXIF dropped: it cannot be read ({type(exc).__name__})",)


def _read_xmp(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """XMP with its orientation reset."""
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if xmp is None and image.format == "TIFF":
        xmp = image.tag_v2.get(700)  # type: ignore[attr-defined]
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if not isinstance(xmp, bytes) or not xmp:
        return None, ()
    return XMP_ORIENTATION.sub(rb"\g<1>1", xmp), ()
