"""Styles in files: `.style`, a safetensors file, which holds numbers and text and runs nothing.

Tensors: ``numbers`` (D,) float32; ``thumbnail``, the bytes of a small JPEG; ``transfer/...`` float16, the style's own
weights. The text beside them is JSON for each key of ``TEXTS``.
"""

import io
import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import held
from arbitrary_nst.styles import Style
from arbitrary_nst.styles.thumbnails import joined

SUFFIX = ".style"
VERSION = 1
LONGEST = 4_000_000  # bytes; one with weights has 0.5 MB
LARGEST = 1e6  # what a number may be at most: more is no style, and would overflow in half precision
TEXTS = ("name", "model", "model_sha256", "origin", "source", "learnt")
TEXT_LENGTH = 1000  # characters of one
_TYPES = (np.float32, np.float16, np.uint8)


def is_style_file(path: Path) -> bool:
    """By its name alone."""
    return path.suffix.lower() == SUFFIX


def read(path: Path) -> Style:
    """The style in a file. Raises PhotoError."""
    if (there := held.bytes_of(path)) is not None:
        return decoded(there, name=str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(LONGEST + 1)
    except FileNotFoundError as exc:
        raise PhotoError(f"{path}: no such file", "check the path") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise PhotoError(f"{path}: cannot be read ({reason})", "check the path and its permissions") from exc
    return decoded(data or b"", name=str(path))


def decoded(data: bytes, *, name: str) -> Style:
    """The style in a file's bytes, checked to the last; ``name`` is for messages. Raises PhotoError."""
    try:
        return _decoded(data)
    except _Damaged as exc:
        why = "".join(letter if letter.isprintable() else "?" for letter in str(exc))
        raise PhotoError(f"{name}: no style that can be read ({why})", "arbstyle style save, from its picture") from exc


class _Damaged(ValueError):
    """What is wrong with a file, in a few words."""


def _decoded(data: bytes) -> Style:
    if len(data) > LONGEST:
        raise _Damaged("too long")
    tensors, texts = _tensors(data), _texts(data)
    numbers = _float32(tensors.pop("numbers", None), "numbers", 1)
    picture = tensors.pop("thumbnail", None)
    weights = {key: _float32(tensors[key], key, 4) for key in sorted(tensors)}
    if strange := [key for key in weights if not key.startswith("transfer/")]:
        raise _Damaged(f"holds {strange[0][:40]!r}")
    if not texts["model_sha256"]:
        raise _Damaged("does not say of which model")
    thumbnails = () if picture is None else ((_thumbnail(picture), 1.0),)
    return Style(
        numbers,
        texts["model_sha256"],
        _file_name(texts["name"]),
        texts["origin"] or None,
        model_name=texts["model"],
        source=texts["source"],
        learnt=texts["learnt"],
        thumbnails=thumbnails,
        weights=weights or None,
    )


def _tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays in a file: the library checks that its header is JSON, its ranges within the file and without gaps."""
    from safetensors.numpy import load

    try:
        arrays = load(data)
    except Exception as exc:  # whatever it says of whatever it was given
        raise _Damaged("of another kind, or cut short") from exc
    for key, array in arrays.items():
        if array.dtype not in _TYPES or array.ndim > 4:
            raise _Damaged(f"{key[:40]!r} is {array.dtype}, of {array.ndim} axes")
    return dict(arrays)


def _texts(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    try:
        kept = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
        version = json.loads(kept.get("arbstyle_style", "null"))
        texts = {key: json.loads(kept.get(key, '""')) or "" for key in TEXTS}
    except (ValueError, AttributeError, TypeError, RecursionError) as exc:
        raise _Damaged("its text cannot be read") from exc
    if type(version) is not int:
        raise _Damaged("a safetensors file, but no style")
    if version > VERSION:
        raise _Damaged(f"version {version}, from a newer arbstyle")
    for key, text in texts.items():
        if not isinstance(text, str) or len(text) > TEXT_LENGTH or not text.isprintable():
            raise _Damaged(f"its {key} is no line of text")
    return texts


def _float32(array: NDArray[Any] | None, key: str, rank: int) -> NDArray[np.float32]:
    if array is None or array.dtype == np.uint8 or not 1 <= array.ndim <= rank or not array.size:
        raise _Damaged(f"{key[:40]} missing, or of another kind")
    values = array.astype(np.float32)
    if not np.abs(values).max() <= LARGEST:  # nor for what is no number
        raise _Damaged(f"{key[:40]} out of range")
    return values


def _thumbnail(array: NDArray[Any]) -> bytes:
    picture = array.tobytes()
    try:
        image = Image.open(io.BytesIO(picture), formats=("JPEG",))
        if math.prod(image.size) > 1024**2:
            raise _Damaged("its thumbnail is large")
        image.load()
    except _Damaged:
        raise
    except Exception as exc:  # Pillow has no one error for what is no picture
        raise _Damaged("its thumbnail is no picture") from exc
    return picture


def _file_name(name: str) -> str:
    """A name that may become part of a file's."""
    kept = name.replace("/", "-").replace("\\", "-").strip(" .")
    return kept[:100] or "style"


def encoded(style: Style) -> bytes:
    """A file's bytes: the same for the same style, where the library mixes the order of texts."""
    tensors: dict[str, tuple[str, NDArray[Any]]] = {"numbers": ("F32", style.numbers.astype("<f4"))}
    for key, difference in sorted((style.weights or {}).items()):
        tensors[key] = "F16", np.asarray(difference).astype("<f2")
    if (picture := joined(style.thumbnails)) is not None:
        tensors["thumbnail"] = "U8", np.frombuffer(picture, np.uint8)
    texts = (style.name, style.model_name, style.model, style.origin or "", style.source, style.learnt)
    kept = {key: json.dumps(text[:TEXT_LENGTH]) for key, text in zip(TEXTS, texts, strict=True)}
    header: dict[str, Any] = {"__metadata__": {"arbstyle_style": json.dumps(VERSION), **kept}}
    end = 0
    for key, (kind, array) in tensors.items():
        end, start = end + array.nbytes, end
        header[key] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for _, array in tensors.values())


def write(style: Style, path: Path, mode: int = 0o666) -> None:
    """Write a file whole or not at all, with the mode less what the umask takes. Raises PhotoError."""
    data = encoded(style)
    scratch = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(scratch, flags, mode)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(scratch, path)
        except BaseException:
            os.unlink(scratch)
            raise
    except OSError as exc:
        raise PhotoError(f"{path}: cannot be written ({exc.strerror or exc})", "another place") from exc
