"""Where each format keeps metadata, in the words of Pillow's options, and a note for what it has no place for."""

import io
import struct
from dataclasses import replace
from typing import Any

from PIL import Image, PngImagePlugin

from arbitrary_nst.images import exif_layout, photoshop
from arbitrary_nst.images.exif import ORIENTATION, Block, Structure
from arbitrary_nst.images.metadata import BROKEN, PHOTOSHOP_MARK, PREFIX, Density, Metadata, Text

JPEG_SEGMENT = 65_533  # bytes in one segment of a JPEG
INCHES = 2.54  # cm


def options_for(format: str, metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    """Pillow's options for a format of ``encode``'s, and notes."""
    places = {"jpg": _in_jpeg, "png": _in_png, "avif": _in_avif, "tiff": _in_tiff}
    return places[format](metadata) if format in places else _in_boxes(format, metadata)


def finished(format: str, data: bytes, metadata: Metadata) -> tuple[bytes, list[str]]:
    """A file that Pillow wrote with what Pillow has no option for; notes."""
    if format == "jpg" and metadata.density is not None and data[2:4] == b"\xff\xe0" and data[6:10] == b"JFIF":
        x, y, unit = metadata.density
        numbers = (min(65535, max(1, round(each))) for each in (x, y))
        told = struct.pack(">BHH", {"aspect": 0, "inch": 1, "cm": 2}[unit], *numbers)
        return b"".join((data[:13], told, data[18:])), []
    if format == "tiff" and metadata.exif is not None:
        try:
            return exif_layout.in_front(metadata.exif, data), []
        except BROKEN:
            return data, ["EXIF dropped: it cannot be laid out in a TIFF"]
    return data, []


def for_pillow(metadata: Metadata) -> dict[str, Any]:
    """What ``picture.save(path, **picture.info)`` may take in any format, without raising."""
    info: dict[str, Any] = {}
    if metadata.exif is not None and len(metadata.exif) + len(PREFIX) <= JPEG_SEGMENT:
        block = _without_orientation(metadata.exif)
        info |= {"exif": PREFIX + block} if block is not None and _pillow_takes(block) else {}
    if metadata.xmp is not None and len(metadata.xmp) + 29 <= JPEG_SEGMENT:
        info["xmp"] = metadata.xmp
    segments, _ = _in_jpeg(replace(metadata, exif=None, xmp=None))
    chunks, _ = _in_png(metadata)
    info |= {name: value for name, value in (segments | chunks).items() if name in ("extra", "pnginfo")}
    if metadata.density is not None and metadata.density.unit != "aspect":
        info["dpi"] = _per_inch(metadata.density)
    return info


def _pillow_takes(block: bytes) -> bool:
    """Whether Pillow can lay a block out in a TIFF, for which it reads and writes every tag."""
    try:
        Image.new("L", (1, 1)).save(io.BytesIO(), "TIFF", exif=PREFIX + block)
    except (*BROKEN, Warning):
        return False
    return True


def _in_jpeg(metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    options: dict[str, Any] = {}
    notes, extra = _no_place("jpg", text=[text for text in metadata.text if text.keyword != "Comment"]), b""
    if metadata.exif is not None:
        block = metadata.exif
        if len(block) + len(PREFIX) > JPEG_SEGMENT:
            block = _smaller(block)
        if len(block) + len(PREFIX) > JPEG_SEGMENT:
            notes.append(f"EXIF dropped: {len(block)} bytes do not fit into a JPEG")
        else:
            options["exif"] = PREFIX + block
    if metadata.xmp is not None:
        try:
            fits = len(metadata.xmp) + 29 <= JPEG_SEGMENT
            options["xmp"], extension = (metadata.xmp, []) if fits else _split(metadata.xmp)
            extra += b"".join(_segment(0xE1, part) for part in extension)
        except ValueError:
            notes.append(f"XMP dropped: {len(metadata.xmp)} bytes do not fit into a JPEG")
    if metadata.photoshop is not None:
        extra += b"".join(
            _segment(0xED, PHOTOSHOP_MARK + metadata.photoshop[at : at + 65_000])
            for at in range(0, len(metadata.photoshop), 65_000)
        )
    comments = [*metadata.comments, *(text.text.encode() for text in metadata.text if text.keyword == "Comment")]
    extra += b"".join(_segment(0xFE, comment) for comment in comments if len(comment) <= JPEG_SEGMENT)
    if any(len(comment) > JPEG_SEGMENT for comment in comments):
        notes.append("a comment dropped: it does not fit into a JPEG")
    return options | ({"extra": extra} if extra else {}), notes


def _split(packet: bytes) -> tuple[bytes, list[bytes]]:
    from arbitrary_nst.images import xmp

    return xmp.split(packet)


def _in_png(metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    chunks = PngImagePlugin.PngInfo()
    if metadata.xmp is not None:
        chunks.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    if metadata.photoshop is not None:
        digits = metadata.photoshop.hex()
        lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
        chunks.add_text("Raw profile type iptc", f"\niptc\n{len(metadata.photoshop):8}\n{lines}\n", zip=True)
    for text in metadata.text:
        if text.language is None:
            chunks.add_text(text.keyword, text.text)
        else:
            chunks.add_itxt(text.keyword, text.text, text.language, text.translated or "")
    for comment in metadata.comments:
        chunks.add_text("Comment", _decoded(comment))
    options: dict[str, Any] = {"pnginfo": chunks} if chunks.chunks else {}
    if metadata.exif is not None:
        options["exif"] = PREFIX + metadata.exif
    if metadata.density is not None:
        if metadata.density.unit == "aspect":
            chunks.add(b"pHYs", struct.pack(">IIB", round(metadata.density.x), round(metadata.density.y), 0))
            options["pnginfo"] = chunks
        else:
            options["dpi"] = _per_inch(metadata.density)
    return options, []


def _in_boxes(format: str, metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    """In a WebP or JPEG XL: EXIF and XMP."""
    options: dict[str, Any] = {} if metadata.xmp is None else {"xmp": metadata.xmp}
    block = metadata.exif
    if block is None and metadata.density is not None and metadata.density.unit != "aspect":
        block = exif_layout.resolution_block(*_per_inch(metadata.density))
    if block is not None:
        options["exif"] = PREFIX + block
    return options, _no_place(format, metadata.text, metadata.comments, metadata.photoshop)


def _in_avif(metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    options, notes = _in_boxes("avif", metadata)
    if "exif" in options:  # Pillow would write the block anew if it told an orientation
        block = _without_orientation(options.pop("exif")[len(PREFIX) :])
        options |= {} if block is None else {"exif": PREFIX + block}
    return options, notes


def _in_tiff(metadata: Metadata) -> tuple[dict[str, Any], list[str]]:
    """All but EXIF, which Pillow would write anew: see ``finished``."""
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    values = {700: metadata.xmp}
    if metadata.photoshop is not None:
        found = photoshop.resources(metadata.photoshop)
        values[34377] = photoshop.joined([each for each in found if each.number != photoshop.IPTC])
        values[33723] = photoshop.iptc_of(metadata.photoshop)
    for tag, value in values.items():
        if value is not None:
            tags.tagtype[tag] = 7 if tag == 33723 else 1
            tags[tag] = value
    options: dict[str, Any] = {"tiffinfo": tags}
    if metadata.density is not None and metadata.density.unit != "aspect":
        options["dpi"] = _per_inch(metadata.density)
    return options, _no_place("tiff", metadata.text, metadata.comments)


def _no_place(
    format: str,
    text: "tuple[Text, ...] | list[Text]" = (),
    comments: tuple[bytes, ...] = (),
    resources: bytes | None = None,
) -> list[str]:
    missing = [each.keyword for each in text]
    missing += ["the comment"] if comments else []
    missing += ["IPTC"] if resources is not None and photoshop.iptc_of(resources) else []
    shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    return [f"{format} has no place for {shown}: dropped"] if missing else []


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _per_inch(density: Density) -> tuple[float, float]:
    factor = INCHES if density.unit == "cm" else 1
    return density.x * factor, density.y * factor


def _decoded(comment: bytes) -> str:
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")


def _smaller(block: bytes) -> bytes:
    """A block without what no tag refers to."""
    try:
        return exif_layout.gathered(lambda at, size: block[at : at + size])[0] or block
    except BROKEN:
        return block


def _without_orientation(block: bytes) -> bytes | None:
    """An upright picture needs none; None where nothing else was told."""
    try:
        structure = Structure(lambda at, size: block[at : at + size])
        if len(structure.first.entries) == 1 and structure.first.find(ORIENTATION):
            return None
        patched = Block(block)
        patched.remove({ORIENTATION})
    except BROKEN:
        return None
    return bytes(patched.data)
