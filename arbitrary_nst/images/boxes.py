"""The few boxes of an AVIF file that tell its colours and depth (ISO/IEC 23008-12 and 14496-12), read within bounds."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

MOST_BOXES = 10_000  # in one box; a real file has some dozens


class Boxes(NamedTuple):
    """Primaries and transfer by nclx, None for neither; bits per sample."""

    nclx: tuple[int, int] | None = None
    bits: int = 8


def boxes(data: bytes) -> Boxes:
    """What meta/iprp/ipco says; the first of each kind counts. Nothing where it cannot be found."""
    nclx, bits = None, 0
    for kind, start, end in _inside(data, 0, len(data), (b"meta", b"iprp", b"ipco")):
        body = data[start : min(end, start + 8)]
        if kind == b"colr" and body[:4] == b"nclx" and len(body) == 8 and nclx is None:
            nclx = struct.unpack(">HH", body[4:8])
        if kind == b"av1C" and len(body) >= 3:  # of alpha too, which is never deeper
            bits = max(bits, (12 if body[2] & 0x20 else 10) if body[2] & 0x40 else 8)
    return Boxes(nclx, bits or 8)


def _inside(data: bytes, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[tuple[bytes, int, int]]:
    """Kind and extent of the boxes at the end of a path."""
    for kind, inner, stop in _children(data, start, end):
        if not path:
            yield kind, inner, stop
        elif kind == path[0]:
            # meta is a full box: version and flags come first
            yield from _inside(data, inner + (4 if kind == b"meta" else 0), stop, path[1:])


def _children(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        header = 8
        if size == 1 and start + 16 <= end:
            size, header = struct.unpack(">Q", data[start + 8 : start + 16])[0], 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += size
