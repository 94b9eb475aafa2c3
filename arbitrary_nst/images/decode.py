"""Bytes to a Photo: only formats that hold photos, whatever is broken in them told in one line."""

import contextlib
import io
from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from PIL import ExifTags, Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import deep, kinds, metadata, opening, png_chunks, raw, truncated
from arbitrary_nst.images.declared import declared
from arbitrary_nst.images.encode import format_of
from arbitrary_nst.images.opening import BROKEN
from arbitrary_nst.images.photo import Photo, upright
from arbitrary_nst.images.to_srgb import to_float
from arbitrary_nst.options import MAX_PIXELS, Format

# A file may be so long, in bytes, and by so many more for each pixel: layers, pages and frames are read too.
LONGEST_FILE, BYTES_PER_PIXEL = 256_000_000, 30


class _Loaded(NamedTuple):
    """An image with its pixels, the file it is of, and notes; those of a file that breaks off are of the mended one."""

    image: Image.Image
    data: bytes
    notes: tuple[str, ...] = ()


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
    if opening.is_animated(kind, image, data):
        notes = (*notes, "several frames: only the first is used")

    def load() -> _Loaded:
        return _load(kind, _Loaded(image, data, notes), name=name, accept_truncated=accept_truncated)

    return _from_open_image(_Loaded(image, data, notes), load, name=name, is_ours=True)


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
    given = _Loaded(image, _file_of(image))

    def load() -> _Loaded:
        image.load()
        return given

    if image.format != "TIFF":
        return _from_open_image(given, load, name="image")
    exif = image.getexif()
    kept = dict(exif), dict(exif._ifds)
    try:
        return _from_open_image(given, load, name="image")
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


def _from_open_image(opened: _Loaded, load: Callable[[], _Loaded], *, name: str, is_ours: bool = False) -> Photo:
    """The Photo of an image that Pillow has opened; closes it where it ``is_ours``."""
    is_png = opened.image.format == "PNG"  # whose EXIF may follow its pixels; a TIFF forgets its own over them
    try:
        held = _hold(opened.image)
        image, data, notes = load() if is_png else opened
        colours = declared(image, data)
        samples = deep.read(image, data, name=name)
        if samples is None and not is_png:
            image, _, notes = load()
    except (*BROKEN, MemoryError) as exc:
        raise _damaged(exc, None, name) from exc
    found = held or metadata.read(image)
    orientation = found.orientation
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        orientation = 1  # its decoder turned the pixels by the codestream, which alone counts
    file_format = {"MPO": "JPEG"}.get(image.format or "", image.format or "")
    try:
        pixels, alpha, colour_notes = to_float(image, colours, samples)
    except (*BROKEN, MemoryError) as exc:
        raise PhotoError(f"{name}: mode {image.mode} cannot be converted to RGB ({exc})", "save it as RGB") from exc
    if is_ours:  # its bytes are not held while floats are turned, which takes them twice
        image.close()
    pixels = upright(pixels, orientation)
    alpha = None if alpha is None else upright(alpha, orientation)
    return Photo(pixels, alpha, found.metadata, file_format, (*notes, *found.notes, *colour_notes))


def _hold(image: Image.Image) -> metadata.Found | None:
    """What is gone with loading: a TIFF turns its pixels unless the tag is reset, and an AVIF's decoder is let go."""
    if image.format not in ("TIFF", "AVIF"):
        return None
    found = metadata.read(image)
    if image.format == "TIFF":
        with contextlib.suppress(*BROKEN):
            image.getexif()[ExifTags.Base.Orientation] = 1
    return found


def _load(kind: kinds.Kind, opened: _Loaded, *, name: str, accept_truncated: bool) -> _Loaded:
    """Load the image's pixels; of a file that breaks off another image in its place. Raises PhotoError."""
    image, data, notes = opened
    whole = data

    def load_whole(completed: bytes) -> Image.Image:
        nonlocal whole
        whole = completed
        mended = opening.open_photo(kind, completed, name=name, max_pixels=image.width * image.height)[0]
        mended.load()
        return mended

    try:
        if not (kind == "JPEG" and truncated.breaks_off(data)):
            image.load()
            opening.release(image)
            return opened
        damage: BaseException = EOFError("its end is missing")
    except (*BROKEN, MemoryError) as exc:
        damage = exc
    try:
        mended = truncated.mend(kind, data, load_whole, accept=accept_truncated)
    except (*BROKEN, MemoryError, PhotoError):
        mended = None
    if mended is None:
        raise _damaged(damage, kind, name) from damage
    return _Loaded(mended[0], whole, (*(each for each in notes if each != png_chunks.LACKS_END), mended[1]))


def _damaged(exc: BaseException, kind: kinds.Kind | None, name: str) -> PhotoError:
    detail = " ".join(str(exc).split())[:80] or type(exc).__name__
    hint = "copy it again, or {accept_truncated}" if kind in ("JPEG", "PNG") else "copy it again"
    return PhotoError(f"{name}: truncated or damaged ({detail})", hint)
