"""A TensorFlow checkpoint without TensorFlow: a sorted table that says where each tensor's bytes lie, and the bytes.

The table is LevelDB's: blocks of keys that share their beginnings, an index block of those blocks, and a footer. Its
values and the graph of names are protocol buffers, of which few fields are read here.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

FOOTER, MAGIC = 48, 0xDB4775248B80FB57
TRAILER = 5  # behind a block: how it is packed, and its checksum
FLOAT = 1  # the kind of tensors that are read
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def floats(prefix: Path) -> dict[str, NDArray[np.float32]]:
    """Every f32 tensor by its key; ``prefix`` is the path up to ``.index``.

    Raises ValueError and OSError for what is no whole checkpoint.
    """
    entries = _entries(prefix)
    with _Shards(prefix, entries) as shards:
        found = {}
        for key, entry in sorted(entries.items()):
            if key and _number(entry, 1) == FLOAT:
                shape = [_number(_fields(dim), 1) for dim in _fields(_first(entry, 2, b"")).get(2, [])]
                found[key] = np.frombuffer(shards.bytes_of(entry), "<f4").astype(np.float32).reshape(shape)
        return found


def names(prefix: Path) -> dict[str, str]:
    """What variables were called when they were trained, by the keys of their tensors."""
    entries = _entries(prefix)
    with _Shards(prefix, entries) as shards:
        stored = shards.bytes_of(entries[GRAPH], checked=False)  # its checksum counts the length otherwise
    length, start = _varint(stored, 0)
    graph = _fields(stored[start + 4 : start + 4 + length])  # behind the length lies a checksum of it
    attributes = [_fields(each) for node in graph.get(1, []) for each in _fields(node).get(2, [])]
    return {_text(each, 3): _text(each, 2) for each in attributes}


class _Shards:
    """The files that the tensors' bytes lie in."""

    def __init__(self, prefix: Path, entries: Mapping[str, Any]) -> None:
        count = _number(entries[""], 1) or 1
        self._files = [open(f"{prefix}.data-{number:05d}-of-{count:05d}", "rb") for number in range(count)]  # noqa: SIM115

    def __enter__(self) -> "_Shards":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def bytes_of(self, entry: dict[int, list[Any]], *, checked: bool = True) -> bytes:
        """A tensor's. Raises ValueError where they are not as they were written."""
        file, size = self._files[_number(entry, 3)], _number(entry, 5)
        start = _number(entry, 4)
        if start + size > os.fstat(file.fileno()).st_size:
            raise ValueError("its data ends too early")
        file.seek(start)
        data = file.read(size)
        if checked and masked_crc32c(data) != _number(entry, 6):
            raise ValueError("a checksum of its data is another")
        return data


def _entries(prefix: Path) -> dict[str, dict[int, list[Any]]]:
    """What the table says of each key; of "" it tells of the files."""
    table = Path(f"{prefix}.index").read_bytes()
    if len(table) < FOOTER or struct.unpack("<Q", table[-8:])[0] != MAGIC:
        raise ValueError("its index is no table")
    _, _, after = _handle(table, len(table) - FOOTER)  # of blocks that tell of the table itself
    start, size, _ = _handle(table, after)
    found: dict[str, dict[int, list[Any]]] = {}
    for _, value in _block(table, start, size):
        where, length, _ = _handle(value, 0)
        found |= {key.decode(): _fields(entry) for key, entry in _block(table, where, length)}
    if "" not in found:
        raise ValueError("its index has no header")
    return found


def _block(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values."""
    block = table[start : start + size]
    if len(block) != size or size < 4 or start + size + TRAILER > len(table):
        raise ValueError("its index ends too early")
    if table[start + size]:
        raise ValueError("its index is packed")
    end = size - 4 * (1 + struct.unpack("<I", block[-4:])[0])
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Where a block lies, its size, and what comes after the two."""
    start, at = _varint(data, at)
    size, at = _varint(data, at)
    return start, size, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in seven bits a byte, and what comes after it."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number ends too early")
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def _fields(message: bytes) -> dict[int, list[Any]]:
    """A protocol buffer's fields by number: integers, and bytes of all that has a length."""
    found: dict[int, list[Any]] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: Any
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
            case 1:
                value, at = int.from_bytes(message[at : at + 8], "little"), at + 8
            case 2:
                length, at = _varint(message, at)
                value, at = message[at : at + length], at + length
            case 5:
                value, at = int.from_bytes(message[at : at + 4], "little"), at + 4
            case kind:
                raise ValueError(f"a field of kind {kind}")
        if at > len(message):
            raise ValueError("a message ends too early")
        found.setdefault(tag >> 3, []).append(value)
    return found


def _first(fields: dict[int, list[Any]], number: int, otherwise: Any) -> Any:
    return fields.get(number, [otherwise])[-1]


def _number(fields: dict[int, list[Any]], number: int) -> int:
    value = _first(fields, number, 0)
    if not isinstance(value, int):
        raise ValueError(f"field {number} is no number")
    return value


def _text(fields: dict[int, list[Any]], number: int) -> str:
    return bytes(_first(fields, number, b"")).decode()


def masked_crc32c(data: bytes) -> int:
    """A CRC-32C in the form in which checkpoints store it: rotated right by 15 bits, plus a constant."""
    crc: int = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
