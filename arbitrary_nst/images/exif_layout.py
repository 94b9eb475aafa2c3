"""EXIF in and out of TIFF files, which keep it among their own tags: gathered into a block, or laid before pixels."""

import struct
from dataclasses import dataclass

from arbitrary_nst.images.exif import (
    EXIF,
    GONE,
    GPS,
    INTEROP,
    MAKER_NOTE,
    MOST_BYTES,
    RESOLUTION_UNIT,
    TYPE_SIZES,
    X_RESOLUTION,
    Y_RESOLUTION,
    Directory,
    Read,
    Structure,
    reader,
)

# Tags that describe the file they came from, not the picture: a TIFF keeps its layout among its EXIF.
LAYOUT_TAGS = {
    *range(254, 260), 262, 263, 266, 273, *range(277, 282), 284, *range(288, 293), 301, *range(317, 326), *GONE, 332,
    *range(334, 348), *range(512, 515), *range(529, 533), 700, 33723, 34377, 34675,
}  # fmt: skip
POINTERS = {EXIF, GPS, INTEROP}
STRIP_OFFSETS = 273
FURTHEST = 64_000  # bytes into the file where a maker's note may lie and still keep its place in a block
# Makers' notes whose offsets count from their own first byte hold wherever they lie.
MOVABLE = (b"Nikon\0\2", b"Apple iOS\0", b"FUJIFILM", b"OLYMPUS\0", b"OM SYSTEM\0", b"PENTAX \0")
UNIT_SIZES = {5: 4, 10: 4} | {kind: size for kind, size in TYPE_SIZES.items() if kind not in (5, 10)}


@dataclass(frozen=True)
class Tag:
    """A tag and its value as stored; ``value`` is the offset where it lies already, or its bytes."""

    tag: int
    type: int
    count: int
    value: bytes | int


def gathered(read: Read) -> tuple[bytes | None, tuple[str, ...]]:
    """The EXIF of a TIFF file as a block of its own, values as they are stored; notes. Raises ValueError.

    A maker's note keeps its distance from the first byte, which its offsets count from. One that lies too far into
    the file for that is left out, with a note, unless its offsets are its own.
    """
    source = Structure(read)
    tags = {id(each): _tags(source, each) for each in source.all()}
    inside = [] if source.exif is None else tags[id(source.exif)]
    maker = next((tag for tag in inside if tag.tag == MAKER_NOTE and len(_bytes(tag)) > 4), None)
    notes: tuple[str, ...] = ()
    out = bytearray(8)
    if maker is not None and source.exif is not None:
        data, entry = _bytes(maker), source.exif.find(MAKER_NOTE)
        assert entry is not None
        inside.remove(maker)
        if entry.value + len(data) <= FURTHEST:
            others = sum(len(_bytes(tag)) + 13 for each in tags.values() for tag in each) + 100  # heads and pointers
            inside.append(Tag(MAKER_NOTE, entry.type, entry.count, entry.value))
            if entry.value < 8 + others:
                out.extend(bytes(entry.value + len(data) - len(out)))
            _write_all(out, source, tags)
            out.extend(bytes(max(0, entry.value + len(data) - len(out))))
            out[entry.value : entry.value + len(data)] = data
            return bytes(out), notes
        if data.startswith(MOVABLE):
            inside.append(maker)
        else:
            notes = ("the maker's own notes dropped: they hold only at their place in the file",)
    _write_all(out, source, tags)
    return (bytes(out) if len(out) > 8 else None), notes


def _write_all(out: bytearray, source: Structure, tags: dict[int, list[Tag]]) -> None:
    """Lay out the directories, those that are pointed to first."""
    pointers: dict[int, list[Tag]] = {id(each): [] for each in source.all()}
    below = ((INTEROP, source.interop, source.exif), (EXIF, source.exif, source.first), (GPS, source.gps, source.first))
    for pointer, directory, parent in below:
        if directory is None or parent is None:
            continue
        all_tags = tags[id(directory)] + pointers[id(directory)]
        if all_tags:
            at = _write(out, all_tags, source.order)
            pointers[id(parent)].append(Tag(pointer, 4, 1, struct.pack(source.order + "I", at)))
    first = tags[id(source.first)] + pointers[id(source.first)]
    out[:4] = b"II*\0" if source.order == "<" else b"MM\0*"
    if first:
        struct.pack_into(source.order + "I", out, 4, _write(out, first, source.order))


def _tags(source: Structure, directory: Directory) -> list[Tag]:
    """The tags of a directory that are neither layout nor pointers, nor cut short."""
    found, total = [], 0
    for entry in directory.entries:
        left_out = LAYOUT_TAGS if directory is source.first else set()
        value = source.bytes_of(entry) if entry.tag not in POINTERS | left_out else b""
        total += len(value)
        if total > MOST_BYTES:  # a bomb: many tags that all name the same long value
            raise OverflowError("more than any camera writes")
        if value and len(value) == entry.size:
            found.append(Tag(entry.tag, entry.type, entry.count, value))
    return found


def _bytes(tag: Tag) -> bytes:
    return tag.value if isinstance(tag.value, bytes) else b""


def _write(out: bytearray, tags: list[Tag], order: str) -> int:
    """Append a directory and its values, and return its offset."""
    out.extend(bytes(len(out) % 2))
    at = len(out)
    out.extend(bytes(6 + 12 * len(tags)))
    struct.pack_into(order + "H", out, at, len(tags))
    for index, tag in enumerate(sorted(tags, key=lambda tag: tag.tag)):
        entry = at + 2 + 12 * index
        struct.pack_into(order + "HHI", out, entry, tag.tag, tag.type, tag.count)
        if isinstance(tag.value, int):
            struct.pack_into(order + "I", out, entry + 8, tag.value)
        elif len(tag.value) <= 4:
            out[entry + 8 : entry + 12] = tag.value.ljust(4, b"\0")
        else:
            out.extend(bytes(len(out) % 2))
            struct.pack_into(order + "I", out, entry + 8, len(out))
            out.extend(tag.value)
    return at


def resolution_block(x: float, y: float) -> bytes:
    """An EXIF block that tells a resolution in dots per inch and nothing else."""
    out = bytearray(b"II*\0\0\0\0\0")
    rationals = [struct.pack("<II", round(each * 10_000), 10_000) for each in (x, y)]
    tags = [Tag(X_RESOLUTION, 5, 1, rationals[0]), Tag(Y_RESOLUTION, 5, 1, rationals[1])]
    struct.pack_into("<I", out, 4, _write(out, [*tags, Tag(RESOLUTION_UNIT, 3, 1, struct.pack("<H", 2))], "<"))
    return bytes(out)


def in_front(block: bytes, tiff: bytes) -> bytes:
    """A TIFF file that begins with an EXIF block, where every offset of the block holds, and has one directory of both.

    Raises ValueError where the block cannot be read.
    """
    exif, file = (Structure(reader(data)) for data in (block, tiff))
    base = (len(block) + 1) // 2 * 2
    tags = {
        entry.tag: Tag(entry.tag, entry.type, entry.count, block[entry.at + 8 : entry.at + 12])
        if entry.size <= 4
        else Tag(entry.tag, entry.type, entry.count, entry.value)
        for entry in exif.first.entries
        if entry.tag not in LAYOUT_TAGS and entry.value + entry.size <= len(block)
    }
    has_resolution = X_RESOLUTION in tags
    for entry in file.first.entries:
        if has_resolution and entry.tag in (X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT):
            continue
        value = file.bytes_of(entry)
        if entry.tag == STRIP_OFFSETS:
            kind = "H" if entry.type == 3 else "I"
            strips = struct.unpack(f"{file.order}{entry.count}{kind}", value)
            value = struct.pack(f"{exif.order}{entry.count}I", *(strip + base for strip in strips))
            tags[STRIP_OFFSETS] = Tag(STRIP_OFFSETS, 4, entry.count, value)
        else:
            value = value if exif.order == file.order else _swapped(value, entry.type)
            tags[entry.tag] = Tag(entry.tag, entry.type, entry.count, value)
    out = bytearray(block).ljust(base, b"\0")
    out[exif.first.at : exif.first.end] = bytes(exif.first.end - exif.first.at)
    out += tiff
    struct.pack_into(exif.order + "I", out, 4, _write(out, list(tags.values()), exif.order))
    return bytes(out)


def _swapped(value: bytes, kind: int) -> bytes:
    """A value in the other byte order."""
    size = UNIT_SIZES.get(kind, 1)
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size)) if size > 1 else value
