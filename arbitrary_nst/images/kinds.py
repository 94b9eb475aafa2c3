"""What a file is, by its first bytes: a photo that is read, a camera's RAW file, or something else by its name."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

HEAD = 512  # bytes that tell a kind

Kind = Literal["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "JXL", "RAW"]

RAW_SUFFIXES = {
    ".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2", ".pef", ".srw",
    ".raw", ".rwl", ".3fr", ".iiq", ".kdc", ".dcr", ".mrw", ".erf", ".mef", ".mos", ".gpr",
}  # fmt: skip
JXL_BOX = b"\0\0\0\x0cJXL \r\n\x87\n"
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"), (b"BM", "BMP"),
    (b"\xff\x0a", "JXL"), (JXL_BOX, "JXL"),
    # RAW files that are no TIFF, or one with a word of their own: Fujifilm, Olympus, Panasonic, Canon, Minolta, Sigma
    (b"FUJIFILMCCD-RAW", "RAW"), (b"IIRO", "RAW"), (b"IIRS", "RAW"), (b"MMOR", "RAW"), (b"IIU\0", "RAW"),
    (b"II\x1a\0\0\0HEAPCCDR", "RAW"), (b"\0MRM", "RAW"), (b"FOVb", "RAW"),
)  # fmt: skip
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"mif2", b"msf1"}
# What Pillow would not open, in words.
_OTHERS = {
    b"%pdf": "a PDF", b"%!ps": "an EPS", b"8bps": "a Photoshop file", b"simple  =": "a FITS file",
    b"<svg": "an SVG drawing", b"<!doctype html": "a web page", b"<html": "a web page", b"pk\x03\x04": "a ZIP archive",
    b"\0\0\0\x0cjp  ": "a JPEG 2000 picture", b"\xffO\xffQ".lower(): "a JPEG 2000 picture",
    b"v/1\x01": "an OpenEXR picture", b"#?radiance": "a Radiance HDR picture", b"\0\0\x01\0": "an icon",
    b"ii\xbc": "a JPEG XR picture", b"dds ": "a DDS texture", b"p5\n": "a PGM picture", b"p6\n": "a PPM picture",
    b"version https://git-lfs": "a pointer of Git LFS",
}  # fmt: skip
_VIDEOS = (b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"FLV\x01", b"0&\xb2u\x8ef\xcf\x11", b"OggS")
_VIDEO_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"pnot")

# Of TIFF: sub-directories, colour filter array and linear RAW as kinds of pixels, and the tag that makes a DNG.
_SUB_IFDS, _PHOTOMETRIC, _DNG_VERSION = 330, 262, 50706
_SENSOR_PIXELS = (32803, 34892)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 13: 4, 16: 8, 18: 8}  # bytes of a value, by the type of the tag
_MOST_DIRECTORIES = 32


def kind_of(head: bytes) -> Kind | None:
    """The kind of photo that a file's first ``HEAD`` bytes begin; a RAW file that looks like a TIFF is one here."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(_TIFF_STARTS):
        return "RAW" if head[8:10] == b"CR" else "TIFF"  # Canon's CR2
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _kind_of_box(head) if head[4:8] == b"ftyp" else None


def _kind_of_box(head: bytes) -> Kind | None:
    """The kind of an ISO base media file, by its brands: HEIC, AVIF and Canon's CR3 share it with videos."""
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4]), HEAD), 4)}
    if head[8:12] == b"crx ":
        return "RAW"
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def what_else(head: bytes) -> tuple[str, str] | None:
    """What a file is that holds no photo, in words, and what to do about it."""
    if head.startswith(_VIDEOS) or head[4:8] in _VIDEO_BOXES or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return "a video, not a photo", "one of its frames, saved as a picture"
    text = head.lstrip().lower()
    for start, what in _OTHERS.items():
        if text.startswith(start) or head.lower().startswith(start):
            return _other(what)
    return _other("an SVG drawing") if text.startswith(b"<?xml") and b"<svg" in text else None


def _other(what: str) -> tuple[str, str]:
    is_picture = what.endswith(("picture", "texture", "icon", "Photoshop file"))
    return (what if is_picture else f"{what}, not a photo"), "a JPEG, PNG, WEBP or TIFF file"


def is_raw_tiff(file: BinaryIO, suffix: str = "") -> bool:
    """Whether a TIFF is a camera's RAW file: DNG, NEF, ARW and others keep a thumbnail where a TIFF has its picture.

    By what its directories say, or, where they say nothing, by the suffix.
    """
    try:
        return any(_is_sensors(file, tags) for tags in _directories(file)) or suffix.lower() in RAW_SUFFIXES
    except (struct.error, OSError, ValueError, OverflowError):
        return suffix.lower() in RAW_SUFFIXES


def _is_sensors(file: BinaryIO, tags: dict[int, list[int]]) -> bool:
    return _DNG_VERSION in tags or any(value in _SENSOR_PIXELS for value in tags.get(_PHOTOMETRIC, ()))


def _directories(file: BinaryIO) -> Iterator[dict[int, list[int]]]:
    """The tags that tell a RAW file, of each directory of a TIFF and below it."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:1] == b"I" else ">"
    is_big = struct.unpack(order + "H", head[2:4])[0] == 43
    waiting = [struct.unpack(order + "Q", head[8:16])[0] if is_big else struct.unpack(order + "I", head[4:8])[0]]
    seen = set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        offset = waiting.pop(0)
        if offset and offset not in seen:
            seen.add(offset)
            tags, following = _directory(file, offset, order, is_big)
            waiting += [*tags.get(_SUB_IFDS, ()), following]
            yield tags


def _directory(file: BinaryIO, offset: int, order: str, is_big: bool) -> tuple[dict[int, list[int]], int]:
    """The tags that matter of one directory, and where the next one is."""
    word, entry = ("Q", 20) if is_big else ("I", 12)
    file.seek(offset)
    (count,) = struct.unpack(order + ("Q" if is_big else "H"), file.read(8 if is_big else 2))
    entries = file.read(min(count, 4096) * entry)
    link = file.read(struct.calcsize(word))
    tags: dict[int, list[int]] = {}
    for at in range(0, len(entries) - entry + 1, entry):
        tag, kind, length = struct.unpack_from(order + "HH" + word, entries, at)
        if tag in (_SUB_IFDS, _PHOTOMETRIC, _DNG_VERSION):
            size = _SIZES.get(kind, 0)
            length = min(length, _MOST_DIRECTORIES)
            value = entries[at + entry - struct.calcsize(word) : at + entry]
            if size * length > len(value):
                file.seek(struct.unpack(order + word, value)[0])
                value = file.read(size * length)
            code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(size)
            tags[tag] = list(struct.unpack_from(f"{order}{length}{code}", value)) if code else []
    return tags, struct.unpack(order + word, link)[0] if len(link) == struct.calcsize(word) else 0
