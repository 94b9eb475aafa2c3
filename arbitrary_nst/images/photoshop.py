"""Photoshop's image resources, where JPEG and TIFF keep IPTC: ``8BIM``, a number, a name, and data."""

import struct
from typing import NamedTuple

MARK = b"8BIM"
IPTC, IPTC_DIGEST = 1028, 1061
# Thumbnails, copies of the profile, of EXIF and of XMP, and what is said of layers that are gone.
UNTRUE = {1033, 1036, 1039, 1058, 1059, 1060, 1024, 1026, 1069, 1072}
# IPTC's record 2: location codes and names, city, sublocation, province, country.
PLACES = {26, 27, 90, 92, 95, 100, 101}


class Resource(NamedTuple):
    """One resource; ``name`` is stored with its length first, padded to even."""

    number: int
    data: bytes
    name: bytes = b"\0\0"


def resources(block: bytes) -> list[Resource]:
    """The resources of a block; a broken one ends it."""
    found: list[Resource] = []
    at = 0
    while block[at : at + 4] == MARK and at + 8 <= len(block):
        (number,) = struct.unpack_from(">H", block, at + 4)
        start = at + 6 + (block[at + 6] + 2) // 2 * 2
        size = int.from_bytes(block[start : start + 4], "big")
        if start + 4 + size > len(block):
            break
        found.append(Resource(number, block[start + 4 : start + 4 + size], block[at + 6 : start]))
        at = start + 4 + (size + 1) // 2 * 2
    return found


def joined(found: list[Resource]) -> bytes | None:
    """The block of these resources; None for none."""
    parts = [
        MARK + struct.pack(">H", each.number) + each.name + struct.pack(">I", len(each.data)) + each.data
        + b"\0" * (len(each.data) % 2)
        for each in found
    ]  # fmt: skip
    return b"".join(parts) or None


def iptc_of(block: bytes) -> bytes | None:
    """The IPTC record in a block."""
    return next((each.data for each in resources(block) if each.number == IPTC), None)


def carried(block: bytes) -> bytes | None:
    """Without thumbnails and copies of what is carried elsewhere."""
    return joined([each for each in resources(block) if each.number not in UNTRUE])


def private(block: bytes) -> bytes | None:
    """Without the places that IPTC names, and then without its digest."""
    before = resources(block)
    after = [each._replace(data=_without_places(each.data)) if each.number == IPTC else each for each in before]
    return joined(after if after == before else [each for each in after if each.number != IPTC_DIGEST])


def _without_places(iptc: bytes) -> bytes:
    kept, at = [], 0
    while iptc[at : at + 1] == b"\x1c" and at + 5 <= len(iptc):
        record, dataset, size = struct.unpack_from(">BBH", iptc, at + 1)
        end = at + 5 + size
        if size & 0x8000:  # an extended dataset: the length of its length
            digits = size & 0x7FFF
            end = at + 5 + digits + int.from_bytes(iptc[at + 5 : at + 5 + min(digits, 8)], "big")
        if not (record == 2 and dataset in PLACES):
            kept.append(iptc[at:end])
        at = end
    return b"".join(kept)
