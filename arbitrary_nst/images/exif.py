"""An EXIF block, kept byte for byte: what would be untrue of the new picture, or tell too much, is patched in place.

A block is a small TIFF file: directories of 12-byte entries, whose longer values lie anywhere else in it. Makers' notes
hold offsets of their own that count from the block's first byte, so nothing in it may move.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORIENTATION, MAKER_NOTE, COLOR_SPACE, INTEROP_INDEX = 274, 37500, 40961, 1
EXIF, GPS, INTEROP = 34665, 34853, 40965
UNCALIBRATED, ADOBE_BY_CUSTOM = 65535, 2  # values of ColorSpace
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
SIZE_TAGS = {256: 0, 257: 1, 40962: 0, 40963: 1}
PHOTOSHOP_LAYERS, SUB_DIRECTORIES, XIAOMI_MOTION_PHOTO = 37724, 330, 34967
# Declare parts that no result has; then XMP, Photoshop's resources and a profile, which have places of their own.
GONE = {PHOTOSHOP_LAYERS, SUB_DIRECTORIES, XIAOMI_MOTION_PHOTO, 700, 34377, 34675}
# Serial numbers of camera and lens, the camera's owner, and makers' data, which hold serial numbers and places too.
PRIVATE = {GPS, MAKER_NOTE, 700, 33723, 34377, 42032, 42033, 42037, 50735, 50740, 65000, 65001}
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
MOST_BYTES = 16_000_000  # of a block
MOST_ENTRIES = 2000  # of a directory; cameras write some 60
EMBEDDED_JPEG = tuple(b"\xff\xd8\xff" + bytes([marker]) for marker in (0xDB, 0xE0, 0xE1, 0xC4, 0xC0))

Read = Callable[[int, int], bytes]  # offset, length -> bytes, fewer at the end


def reader(data: bytes | bytearray) -> Read:
    """What reads data that are at hand."""
    return lambda at, size: bytes(data[at : at + size])


@dataclass(frozen=True)
class Entry:
    """One tag: where its 12 bytes are, and its value's bytes."""

    tag: int
    type: int
    count: int
    at: int
    value: int
    size: int


@dataclass(frozen=True)
class Directory:
    """A list of tags, and the offset of the directory that follows (0 for none)."""

    at: int
    entries: tuple[Entry, ...]
    following: int

    @property
    def end(self) -> int:
        """Where the link to the following directory is."""
        return self.at + 2 + 12 * len(self.entries)

    def find(self, tag: int) -> Entry | None:
        """The entry of a tag, None where it has none."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


class Structure:
    """The directories of an EXIF block or a TIFF file. Raises ValueError where there is no first one."""

    def __init__(self, read: Read) -> None:
        self.read = read
        head = read(0, 8)
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4], "")
        if not self.order or len(head) < 8:
            raise ValueError("no byte order")
        self.first = self.directory(self.unpack("I", 4))
        self.exif = self._below(self.first, EXIF)
        self.gps = self._below(self.first, GPS)
        self.interop = None if self.exif is None else self._below(self.exif, INTEROP)

    def unpack(self, kind: str, at: int) -> int:
        """One number of ``struct``'s kind."""
        data = self.read(at, struct.calcsize(kind))
        if len(data) < struct.calcsize(kind):
            raise ValueError("cut short")
        number: int = struct.unpack(self.order + kind, data)[0]
        return number

    def directory(self, at: int) -> Directory:
        """The directory at an offset. Raises ValueError."""
        count = self.unpack("H", at)
        table = self.read(at + 2, 12 * count + 4)
        if at < 8 or not 0 < count <= MOST_ENTRIES or len(table) < 12 * count:
            raise ValueError("no directory")
        entries = []
        for index in range(count):
            tag, kind, items = struct.unpack_from(self.order + "HHI", table, 12 * index)
            here, size = at + 2 + 12 * index, TYPE_SIZES.get(kind, 0) * items
            value = here + 8 if size <= 4 else struct.unpack_from(self.order + "I", table, 12 * index + 8)[0]
            entries.append(Entry(tag, kind, items, here, value, size))
        following = struct.unpack_from(self.order + "I", table, 12 * count)[0] if len(table) == 12 * count + 4 else 0
        return Directory(at, tuple(entries), following)

    def _below(self, directory: Directory, pointer: int) -> Directory | None:
        entry = directory.find(pointer)
        if entry is None:
            return None
        try:
            return self.directory(self.unpack("I", entry.at + 8))
        except ValueError:
            return None

    def bytes_of(self, entry: Entry) -> bytes:
        """A value as it is stored, shorter where the file ends."""
        return self.read(entry.value, entry.size)

    def number(self, entry: Entry | None) -> int | None:
        """The value of a tag that holds one SHORT or LONG."""
        if entry is None or entry.count != 1 or entry.type not in (3, 4):
            return None
        return self.unpack("H" if entry.type == 3 else "I", entry.at + 8)

    def all(self) -> list[Directory]:
        """Every directory of the picture itself; the thumbnail's follow the first."""
        return [each for each in (self.first, self.exif, self.gps, self.interop) if each is not None]


def _covered(spans: list[tuple[int, int]], length: int) -> NDArray[np.bool_]:
    """Which of so many bytes lie in any of the spans, in one pass however many there are."""
    edges = np.zeros(length + 1, np.int32)
    bounds = np.clip(np.array(spans, np.int64).reshape(-1, 2), 0, length)
    np.add.at(edges, bounds[:, 0], 1)
    np.add.at(edges, bounds[:, 1], -1)
    covered: NDArray[np.bool_] = np.cumsum(edges)[:-1] > 0
    return covered


class Block:
    """An EXIF block being patched.

    Raises ValueError where it has no readable first directory, and OverflowError above MOST_BYTES.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise OverflowError("more than any camera writes")
        self.data = bytearray(data)
        self._reread()

    def _reread(self) -> None:
        self.structure = Structure(reader(self.data))

    def upright(self) -> int:
        """Set the orientation to 1, and return what it was; resolutions change places where the picture lay."""
        first = self.structure.first
        entry = first.find(ORIENTATION)
        orientation = self.structure.number(entry)
        if entry is None or orientation is None:
            return 1
        self._put(entry, 1)
        across, down = first.find(X_RESOLUTION), first.find(Y_RESOLUTION)
        if orientation in range(5, 9) and across and down and across.type == down.type == 5:
            x, y = (bytes(self.data[each.at + 8 : each.at + 12]) for each in (across, down))
            self.data[across.at + 8 : across.at + 12], self.data[down.at + 8 : down.at + 12] = y, x
        return orientation if orientation in range(1, 9) else 1

    def drop_parts(self) -> None:
        """Remove thumbnails and what declares layers or a film that are not there any more."""
        link, gone = self.structure.first.end, []
        following, seen = self.structure.first.following, 0
        while following and seen < 8:
            try:
                thumbnail = self.structure.directory(following)
            except ValueError:
                break
            gone += [
                (thumbnail.at, thumbnail.end + 4),
                *((each.value, each.value + each.size) for each in thumbnail.entries),
            ]
            gone += self._thumbnail_data(thumbnail)
            following, seen = thumbnail.following, seen + 1
        if self.structure.first.following:
            self.data[link : link + 4] = bytes(4)
        self.remove(GONE)
        self._blank(gone)
        self._blank(self._embedded_jpegs(), but_makers=True)

    def _thumbnail_data(self, thumbnail: Directory) -> Iterable[tuple[int, int]]:
        for start_tag, size_tag in ((513, 514), (273, 279)):
            start, size = (self.structure.number(thumbnail.find(tag)) for tag in (start_tag, size_tag))
            if start and size:
                yield start, start + size

    def _embedded_jpegs(self) -> list[tuple[int, int]]:
        """Previews in makers' notes, too, show the photo as it was."""
        found, data = [], bytes(self.data)
        for start in EMBEDDED_JPEG:
            at = data.find(start)
            while at >= 0:
                end = data.find(b"\xff\xd9", at)
                end = len(data) if end < 0 else end + 2
                found.append((at, end))
                at = data.find(start, end)
        return found

    def remove(self, tags: set[int]) -> None:
        """Remove tags wherever they are, and blank their values."""
        gone = []
        for directory in self.structure.all():
            kept = [entry for entry in directory.entries if entry.tag not in tags]
            if len(kept) == len(directory.entries):
                continue
            gone += [(each.value, each.value + each.size) for each in directory.entries if each.tag in tags]
            table = b"".join(bytes(self.data[each.at : each.at + 12]) for each in kept)
            table = (
                struct.pack(self.structure.order + "H", len(kept))
                + table
                + self.data[directory.end : directory.end + 4]
            )
            length = directory.end + 4 - directory.at
            self.data[directory.at : directory.at + length] = table.ljust(length, b"\0")[
                : len(self.data) - directory.at
            ]
        if gone:
            self._reread()
            self._blank(gone)

    def make_private(self) -> None:
        """Remove position, serial numbers and makers' notes, and blank all that no tag refers to."""
        self.remove(PRIVATE)
        self._blank([(0, len(self.data))])

    def _blank(self, spans: list[tuple[int, int]], *, but_makers: bool = False) -> None:
        """Zero bytes that no remaining tag refers to; with ``but_makers`` those inside long undefined values, too."""
        if not spans:
            return
        kept = [(0, 8)]
        for directory in self.structure.all():
            kept.append((directory.at, directory.end + 4))
            for entry in directory.entries:
                if not (but_makers and entry.type in (1, 7) and entry.size > 64):
                    kept.append((entry.value, entry.value + entry.size))
        blanked = _covered(spans, len(self.data)) & ~_covered(kept, len(self.data))
        np.frombuffer(self.data, np.uint8)[blanked] = 0
        if blanked.any() and not but_makers:  # what was last in the block, as thumbnails are, need not stay as zeros
            others = np.flatnonzero(~blanked)
            del self.data[int(others[-1]) + 1 :]

    def resize(self, size: tuple[int, int]) -> None:
        """Set the width and height in px wherever they are told."""
        for directory in (self.structure.first, self.structure.exif):
            for entry in () if directory is None else directory.entries:
                if entry.tag in SIZE_TAGS and self.structure.number(entry) is not None:
                    self._put(entry, size[SIZE_TAGS[entry.tag]])

    def to_srgb(self) -> None:
        """Say that the colours are sRGB: ColorSpace 1, and DCF's R98 for R03."""
        space = None if self.structure.exif is None else self.structure.exif.find(COLOR_SPACE)
        if space is not None and self.structure.number(space) is not None:
            self._put(space, 1)
        index = self._adobes_index()
        if index is not None:
            self.data[index.at + 8 : index.at + 12] = b"R98\0"

    def is_adobe_rgb(self) -> bool:
        """Whether the colours are Adobe RGB: DCF's optional space, Interop index R03 beside an uncalibrated ColorSpace.

        Or ColorSpace 2, which is in no standard, and in many cameras.
        """
        tags = self.structure.exif
        space = None if tags is None else self.structure.number(tags.find(COLOR_SPACE))
        return space == ADOBE_BY_CUSTOM or (space in (None, UNCALIBRATED) and self._adobes_index() is not None)

    def _adobes_index(self) -> Entry | None:
        """The Interop index, where it is R03."""
        index = None if self.structure.interop is None else self.structure.interop.find(INTEROP_INDEX)
        return index if index is not None and self.data[index.at + 8 : index.at + 12] == b"R03\0" else None

    def _put(self, entry: Entry, number: int) -> None:
        if entry.type == 3:
            struct.pack_into(self.structure.order + "H", self.data, entry.at + 8, min(number, 65535))
        else:
            struct.pack_into(self.structure.order + "I", self.data, entry.at + 8, number)
