"""How large a photo is and how much it holds, by its header alone: before a decoder takes memory for it."""

import re
import struct
from typing import BinaryIO

from arbitrary_nst.images.kinds import JXL_BOX, Kind

Size = tuple[int, int]  # width, height
Scan = tuple[list[int], int, int, int]  # components of a JPEG, first and last coefficient, lowest bit

SEARCHED = 1 << 20  # bytes in which the size of an AVIF or HEIC is looked for
MOST_SCANS = 400  # of a progressive JPEG: each costs up to 0.5 ns per pixel, encoders make 20 at most
# In the coded data of a JPEG these are no markers: a stuffed 255, the eight restarts, a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7\x01]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def size_of(kind: Kind, file: BinaryIO) -> Size | None:
    """Width and height in px of what a decoder would make memory for; None where only a decoder can tell.

    Of a GIF it is the screen, grown to what its first frame needs; of an AVIF or HEIC the largest of its pictures.
    """
    file.seek(0)
    try:
        match kind:
            case "PNG":
                return struct.unpack(">II", file.read(24)[16:24])
            case "GIF":
                return _gif_size(file)
            case "WEBP":
                return _webp_size(file.read(30))
            case "AVIF" | "HEIF":
                return _largest_item(file.read(SEARCHED))
            case "JXL":
                return _jxl_size(file.read(SEARCHED))
            case _:
                return None
    except (struct.error, IndexError):
        return None


def is_animated_gif(file: BinaryIO) -> bool:
    """Whether a GIF has a second frame; Pillow would make memory for it to tell."""
    file.seek(0)
    return _gif_frame(file, skip=1) is not None


def _gif_size(file: BinaryIO) -> Size:
    width, height = struct.unpack("<HH", file.read(10)[6:])
    file.seek(0)
    frame = _gif_frame(file, skip=0)
    if frame is not None:
        left, top, across, down = frame
        width, height = max(width, left + across), max(height, top + down)
    return width, height


def _gif_frame(file: BinaryIO, *, skip: int) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of a frame, so many others skipped."""
    head = file.read(13)
    if head[10] & 0x80:
        file.seek(3 << (head[10] & 7) + 1, 1)
    while (block := file.read(1)) not in (b"", b";"):
        if block == b"!":
            file.seek(1, 1)
            _skip_sub_blocks(file)
        elif block == b",":
            frame = file.read(9)
            if len(frame) < 9:
                return None
            if not skip:
                return struct.unpack("<4H", frame[:8])
            skip -= 1
            file.seek(((3 << (frame[8] & 7) + 1) if frame[8] & 0x80 else 0) + 1, 1)
            _skip_sub_blocks(file)
    return None


def _skip_sub_blocks(file: BinaryIO) -> None:
    while length := file.read(1)[:1]:
        if length == b"\0":
            return
        file.seek(length[0], 1)


def _webp_size(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case _:
            return None


def _largest_item(head: bytes) -> Size | None:
    """By the boxes `ispe`, one for each picture and tile of the file."""
    sizes = []
    at = head.find(b"ispe")
    while at >= 0 and at + 16 <= len(head):
        sizes.append(struct.unpack_from(">II", head, at + 8))
        at = head.find(b"ispe", at + 4)
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _jxl_size(head: bytes) -> Size | None:
    """By the size header of the codestream (ISO/IEC 18181-1), which is in bits, the lowest first."""
    start = 0
    if head.startswith(JXL_BOX):
        whole, part = head.find(b"jxlc"), head.find(b"jxlp")
        start = whole + 4 if whole >= 0 and (part < 0 or whole < part) else part + 8
    if head[start : start + 2] != b"\xff\x0a":
        return None
    bits = int.from_bytes(head[start + 2 : start + 14], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & (1 << count) - 1, bits >> count
        return value

    is_small = take(1)

    def side() -> int:
        return (take(5) + 1) * 8 if is_small else take((9, 13, 18, 30)[take(2)]) + 1

    height = side()
    ratio = take(3)
    if not ratio:
        return side(), height
    across, down = _JXL_RATIOS[ratio - 1]
    return height * across // down, height


def has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG is made of so many scans that decoding it would take minutes."""
    # counted in a hurry first: what is found may lie in a profile or behind the picture too
    return data.count(b"\xff\xda") > MOST_SCANS and len(_scans(data)[1]) > MOST_SCANS


def lacks_scans(data: bytes) -> bool:
    """Whether a scan of a JPEG is missing that one of its coefficients needs, in whole or for its last bits."""
    components, scans = _scans(data)
    final: dict[int, set[int]] = {}
    for parts, first, last, low in scans:
        for part in parts if low == 0 else ():
            final.setdefault(part, set()).update(range(first, last + 1))
    return any(len(final.get(part, ())) < 64 for part in components)


def is_ended(data: bytes) -> bool:
    """Whether the mark that ends a JPEG's picture is there."""
    return _walk(data)[2]


def _scans(data: bytes) -> tuple[list[int], list[Scan]]:
    """The components of a JPEG's frame, and of each scan its components, spectral selection and lowest bit."""
    components, scans, _ = _walk(data)
    return components, scans


def _walk(data: bytes) -> tuple[list[int], list[Scan], bool]:
    """``_scans``, and whether the mark of the end was met."""
    components: list[int] = []
    scans: list[Scan] = []
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = data[found.start() + 1], found.end()
        if marker == _END_OF_IMAGE:
            return components, scans, True
        if len(data) < at + 2:
            break
        segment = data[at + 2 : at + int.from_bytes(data[at : at + 2])]
        at += 2 + len(segment)
        if marker in _START_OF_FRAME and len(segment) >= 6:
            components = [*segment[6::3]]
        elif marker == _START_OF_SCAN and len(segment) >= 4:
            count = segment[0]
            spectral = segment[1 + 2 * count : 4 + 2 * count]
            if len(spectral) == 3:
                scans.append(([*segment[1 : 1 + 2 * count : 2]], spectral[0], spectral[1], spectral[2] & 15))
    return components, scans, False
