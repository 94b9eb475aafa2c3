"""What a photo tells besides its pixels, carried from file to file."""

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from PIL import ExifTags, Image, PngImagePlugin

from arbitrary_nst import options
from arbitrary_nst.images import exif, exif_layout, photoshop

Policy = options.Metadata
PREFIX = b"Exif\0\0"
PHOTOSHOP_MARK = b"Photoshop 3.0\0"
# What Pillow's and our readers raise on broken metadata; none of them costs the picture.
BROKEN = (OSError, RuntimeError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError,
          OverflowError, struct.error)  # fmt: skip


class Density(NamedTuple):
    """Resolution across and down, in dots per ``unit``; of ``aspect`` only the ratio means something."""

    x: float
    y: float
    unit: Literal["inch", "cm", "aspect"] = "inch"


class Text(NamedTuple):
    """A PNG's text: ``language`` and ``translated`` are None where it was stored as Latin-1."""

    keyword: str
    text: str
    language: str | None = None
    translated: str | None = None


@dataclass(frozen=True)
class Metadata:
    """Metadata as it goes into a file: upright, in sRGB, without thumbnails or claims of parts that are gone.

    ``exif`` is the block from its byte order mark on, its bytes as they were but for what is patched; ``photoshop``
    the resources that IPTC is one of; ``size`` the width and height in px that EXIF and XMP tell, None for unknown.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: bytes | None = None
    comments: tuple[bytes, ...] = ()
    text: tuple[Text, ...] = ()
    density: Density | None = None
    size: tuple[int, int] | None = None

    def written(self, size: tuple[int, int], policy: Policy) -> "Metadata":
        """What a picture of this width and height takes along.

        ``strip`` leaves nothing; ``private`` rights, dates and camera, but no position and no serial numbers, and of
        EXIF no maker's note, which holds both.
        """
        if policy == "strip":
            return Metadata()
        kept = self if self.size in (None, size) else self._resized(size)
        if policy == "keep":
            return kept
        from arbitrary_nst.images import xmp

        return replace(
            kept,
            exif=kept.exif and _patched(kept.exif, exif.Block.make_private),
            xmp=kept.xmp and xmp.private(kept.xmp),
            photoshop=kept.photoshop and photoshop.private(kept.photoshop),
            text=tuple(text for text in kept.text if not xmp.PRIVATE_NAMES.search(text.keyword)),
        )

    def _resized(self, size: tuple[int, int]) -> "Metadata":
        packet = self.xmp
        if packet is not None:
            from arbitrary_nst.images import xmp

            packet = xmp.resized(packet, size)
        return replace(
            self,
            exif=self.exif and _patched(self.exif, lambda block: block.resize(size)),
            xmp=packet,
            size=size,
        )


class Found(NamedTuple):
    """Metadata, the orientation (1 to 8) still to be applied to the pixels, and notes."""

    metadata: Metadata
    orientation: int = 1
    notes: tuple[str, ...] = ()


def read(image: Image.Image) -> Found:
    """All that an image which Pillow opened tells; of a TIFF before its pixels are loaded. Raises nothing."""
    notes: list[str] = []
    orientation, block = 1, None
    size = image.size
    if image.format == "HEIF" and image.info.get("original_orientation") in range(5, 9):  # turned already
        size = size[::-1]
    try:
        raw, gathering = _raw_exif(image)
        notes += gathering
        if raw is not None:
            patched = exif.Block(raw)
            orientation = patched.upright()
            patched.drop_parts()
            patched.to_srgb()
            block = bytes(patched.data)
        if image.format in ("AVIF", "TIFF"):  # which tell it elsewhere, and turn the pixels by themselves unless asked
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            orientation = orientation if orientation in range(1, 9) else 1
    except (*BROKEN, MemoryError) as exc:
        block, orientation = None, 1
        notes.append(f"EXIF dropped: it cannot be read ({type(exc).__name__})")
    packet, xmp_notes = _read_xmp(image)
    density = _read_density(image)
    if orientation >= 5:
        density = density and Density(density.y, density.x, density.unit)
    metadata = Metadata(block, packet, _read_photoshop(image), _read_comments(image), _read_text(image), density, size)
    return Found(metadata, orientation, (*notes, *xmp_notes))


def is_adobe_rgb(image: Image.Image) -> bool:
    """Whether EXIF says that an image which Pillow opened is in Adobe RGB; of a TIFF before its pixels are loaded."""
    try:
        raw, _ = _raw_exif(image)
        return raw is not None and exif.Block(raw).is_adobe_rgb()
    except (*BROKEN, MemoryError):
        return False


def _patched(block: bytes, patch: Callable[[exif.Block], None]) -> bytes | None:
    """A block after a patch, None where it cannot be read any more."""
    try:
        it = exif.Block(block)
        patch(it)
    except BROKEN:
        return None
    return bytes(it.data)


def _raw_exif(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """The block as it stands in the file, from its byte order mark on."""
    file = getattr(image, "fp", None)
    if image.format == "TIFF" and file is not None:
        with contextlib.suppress(ValueError):  # a BigTIFF, which Pillow reads

            def read_at(at: int, size: int) -> bytes:
                file.seek(at)
                found: bytes = file.read(size)
                return found

            before = file.tell()
            try:
                return exif_layout.gathered(read_at)
            finally:
                file.seek(before)
    raw = image.info.get("exif")
    if image.format == "AVIF" and hasattr(image, "_decoder"):  # Pillow writes it anew where a file turns itself
        raw = image._decoder.get_info()[4]
    raw = raw or _raw_profile(image, "exif", "APP1")
    if raw is None and image.format in ("TIFF", None) and len(image.getexif()):
        raw = _rewritten(image.getexif())
    if not isinstance(raw, bytes):
        return None, ()
    while raw.startswith(PREFIX):
        raw = raw[len(PREFIX) :]
    return raw or None, ()


def _rewritten(tags: Image.Exif) -> bytes | None:
    """Pillow's tags as a block, where no file is at hand any more."""
    kept = Image.Exif()
    kept.load(tags.tobytes())
    for tag in [tag for tag in kept if tag in exif_layout.LAYOUT_TAGS]:
        del kept[tag]
    return kept.tobytes() if len(kept) else None


def _raw_profile(image: Image.Image, *names: str) -> bytes | None:
    """What ImageMagick keeps in a PNG's text: a name, a length, and hexadecimal digits."""
    for name in names:
        value = image.info.get(f"Raw profile type {name}")
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                return bytes.fromhex("".join(value.split()[2:]))
    return None


def _segments(image: Image.Image, name: str, mark: bytes) -> list[bytes]:
    """A JPEG's segments of one name that begin with these bytes."""
    found = getattr(image, "applist", ()) if image.format in ("JPEG", "MPO") else ()
    return [data for kind, data in found if kind == name and data.startswith(mark)]


def _read_xmp(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or _raw_profile(image, "xmp")
    if packet is None and hasattr(image, "tag_v2"):
        packet = image.tag_v2.get(700)
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not isinstance(packet, bytes):
        return None, ()
    from arbitrary_nst.images import xmp  # and a parser of XML, where there is some

    packet, notes = xmp.carried(packet, _segments(image, "APP1", xmp.EXTENSION_HEADER))
    return packet and xmp.to_srgb(packet), notes


def _read_photoshop(image: Image.Image) -> bytes | None:
    block = b"".join(part[len(PHOTOSHOP_MARK) :] for part in _segments(image, "APP13", PHOTOSHOP_MARK))
    profile = _raw_profile(image, "8bim", "iptc")
    iptc = None
    if hasattr(image, "tag_v2"):
        with contextlib.suppress(*BROKEN):
            block, iptc = (_bytes_of(image.tag_v2.get(tag)) or b"" for tag in (34377, 33723))
    elif profile is not None:
        block, iptc = (profile, None) if profile.startswith(photoshop.MARK) else (b"", profile)
    if iptc and photoshop.iptc_of(block) is None:
        block += photoshop.joined([photoshop.Resource(photoshop.IPTC, iptc)]) or b""
    return photoshop.carried(block)


def _bytes_of(value: Any) -> bytes | None:
    """A TIFF's tag as bytes: IPTC is often declared as LONG."""
    if isinstance(value, tuple) and value and all(isinstance(each, int) for each in value):
        value = struct.pack(f"<{len(value)}I", *value)
    return value if isinstance(value, bytes) else None


def _read_comments(image: Image.Image) -> tuple[bytes, ...]:
    if image.format in ("JPEG", "MPO"):
        return tuple(part for part in _segments(image, "COM", b"") if part)
    comment = image.info.get("comment") if image.format == "GIF" else None
    return (comment,) if isinstance(comment, bytes) and comment else ()


def _read_text(image: Image.Image) -> tuple[Text, ...]:
    """A PNG's text, less the profiles among it."""
    if image.format != "PNG":
        return ()
    found = []
    for keyword, value in image.info.items():
        if (
            not isinstance(value, str)
            or not isinstance(keyword, str)
            or keyword.startswith(("XML:com.adobe.xmp", "Raw profile type "))
        ):
            continue
        if isinstance(value, PngImagePlugin.iTXt):
            found.append(Text(keyword, str(value), str(value.lang or ""), str(value.tkey or "")))
        else:
            found.append(Text(keyword, value))
    return tuple(found)


def _read_density(image: Image.Image) -> Density | None:
    """JPEG's and PNG's, and TIFF's, where it is not in EXIF already."""
    info = image.info
    if image.format in ("JPEG", "MPO") and "jfif_density" not in info:  # Pillow makes up 72
        return None
    with contextlib.suppress(*BROKEN, ZeroDivisionError):
        x, y = info.get("jfif_density") or info.get("aspect") or info.get("dpi") or (0, 0)
        unit: Literal["inch", "cm", "aspect"] = "aspect" if "aspect" in info else "inch"
        if "jfif_density" in info and info.get("jfif_unit") != 1:
            unit = "cm" if info.get("jfif_unit") == 2 else "aspect"
        if 0 < float(x) < 65536 and 0 < float(y) < 65536 and not (unit == "aspect" and x == y):
            return Density(float(x), float(y), unit)
    return None
