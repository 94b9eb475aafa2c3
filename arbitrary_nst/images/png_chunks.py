"""A PNG's chunks: the long texts and profiles that Pillow takes for an attack, and pixels that break off."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONG = 1_000_000  # bytes of a text or profile above which Pillow refuses the whole picture
MOST_KEPT = 8_000_000  # bytes of XMP or a profile that are still believed
MOST_TEXT = 32_000_000  # bytes of all texts together
LACKS_END = "its last bytes are missing; every pixel is there"
XMP = b"XML:com.adobe.xmp"
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the colour type


def without_long_chunks(data: bytes) -> tuple[bytes, dict[str, bytes], tuple[str, ...]]:
    """The PNG without what Pillow would refuse it for; XMP and profile out of that, as Pillow names them; notes."""
    kept: dict[str, bytes] = {}
    notes: list[str] = []
    cuts: list[tuple[int, int]] = []
    total, ended = 0, False
    for kind, start, stop in chunks(data):
        ended = ended or kind == b"IEND"
        if kind not in (b"iTXt", b"zTXt", b"tEXt", b"iCCP"):
            continue
        keyword, body = _text(kind, data[start + 8 : stop - 4])
        length = len(body)
        if length <= LONG and total + length <= MOST_TEXT:
            total += length
            continue
        cuts.append((start, stop))
        name = {XMP: "xmp"}.get(keyword, "icc_profile" if kind == b"iCCP" else "")
        if name and length <= MOST_KEPT:
            kept[name] = body
        else:
            what = {"xmp": "XMP", "icc_profile": "the colour profile"}.get(name) or "a text"
            notes.append(f"{what} dropped: longer than {(MOST_KEPT if name else LONG) / 1e6:g} MB")
    if not ended:
        notes.append(LACKS_END)
    if cuts:
        begins, ends = [0, *(stop for _, stop in cuts)], [*(start for start, _ in cuts), len(data)]
        data = b"".join(data[begin:end] for begin, end in zip(begins, ends, strict=True))
    return data, kept, tuple(dict.fromkeys(notes))


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each whole chunk."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield kind, at, at + 12 + length
        at += 12 + length


def _text(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Keyword and contents of a text or profile; of a compressed one at most ``MOST_KEPT`` bytes and one."""
    keyword, _, rest = body.partition(b"\0")
    is_packed = kind in (b"zTXt", b"iCCP")
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif is_packed:
        rest = rest[1:]
    if is_packed:
        try:
            rest = zlib.decompressobj().decompress(rest, MOST_KEPT + 1)
        except zlib.error:  # Pillow drops it too
            rest = b""
    return keyword, rest


def completed(data: bytes) -> bytes | None:
    """A PNG that breaks off, made whole with pixels of zeros; None where not even its header is there."""
    found = list(chunks(data))
    if not found or found[0][0] != b"IHDR":
        return None
    packed = b"".join(data[start + 8 : stop - 4] for kind, start, stop in found if kind == b"IDAT")
    last = found[-1][2]
    if data[last + 4 : last + 8] == b"IDAT":
        packed += data[last + 8 :]
    expected = _bytes_of_pixels(data[16:29])
    unpack = zlib.decompressobj()
    pixels = bytearray()
    try:
        while len(pixels) < expected and packed:
            pixels += unpack.decompress(packed, min(1 << 20, expected - len(pixels)))
            packed = unpack.unconsumed_tail
    except zlib.error:
        pass
    pixels += bytes(expected - len(pixels))
    head = b"".join(data[start:stop] for kind, start, stop in found if kind not in (b"IDAT", b"IEND"))
    return SIGNATURE + head + _chunk(b"IDAT", zlib.compress(pixels, 1)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _bytes_of_pixels(header: bytes) -> int:
    """Bytes of all rows, each after one that tells its filter."""
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * _SAMPLES.get(colour, 4)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += rows * (1 + -(-columns * bits // 8)) if columns > 0 and rows > 0 else 0
    return total
