"""Masks: pictures that say where, white for here and black for not here."""

import hashlib
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import held
from arbitrary_nst.images.decode import decode
from arbitrary_nst.images.photo import Pixels, to_bytes

ASPECT = 0.02  # by which a mask's shape may differ from the photo's
FAINTEST = 0.5 / 255  # what is less is black


class Mask(NamedTuple):
    """Where something applies: ``weights`` (h, w) float32 in [0, 1]; ``name`` is its file's."""

    weights: Pixels
    name: str

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether a photo of this width and height has the mask's shape, within 2 % or a pixel of the smaller."""
        height, width = self.weights.shape
        tolerance = max(ASPECT, 1 / min(height, width, *size))
        return bool(abs(width * size[1] / (height * size[0]) - 1) <= tolerance)

    def at(self, size: tuple[int, int], feather: float = 0.0) -> Pixels:
        """The weights (H, W) for a photo of this width and height, edges blurred over about ``feather`` px of it.

        Raises PhotoError for a photo of another shape.
        """
        if not self.fits(size):
            raise self.wrong_shape(size)
        weights = self.weights
        if weights.shape != size[::-1]:  # by a kernel without lobes, which would be a halo around what is white
            plane = Image.fromarray(weights, "F").resize(size, Image.Resampling.BILINEAR)
            weights = np.clip(np.asarray(plane, np.float32), 0, 1)
        if feather:
            grey = Image.fromarray(to_bytes(weights), "L").filter(ImageFilter.GaussianBlur(feather / 2))
            weights = np.asarray(grey, np.float32) / np.float32(255)
        return weights

    def wrong_shape(self, size: tuple[int, int]) -> PhotoError:
        """The error for a photo of another shape."""
        height, width = self.weights.shape
        return PhotoError(f"{self.name}: a mask of {width}x{height} for a photo of {size[0]}x{size[1]}",
                          "a mask of the photo's shape, at any size")  # fmt: skip


def read(path: Path) -> Mask:
    """The mask in a picture's file; read once as long as the file stays as it is.

    White is here; where the picture is transparent at all, as what a background remover cuts out, what is opaque is
    here. Raises PhotoError for what is no picture, and for one that is black all over.
    """
    if (file := held.file_of(path)) is not None:  # remembered with it, and no longer
        if file.read is None:
            file.read = _decoded(path)
        mask: Mask = file.read
        return mask
    return _read(path, stamp(path))


@lru_cache(maxsize=8)
def _read(path: Path, stamp: tuple[int, ...]) -> Mask:
    return _decoded(path)


def _decoded(path: Path) -> Mask:
    picture = decode(read_file(path), name=str(path))
    weights: Pixels = picture.pixels.mean(axis=2, dtype=np.float32)
    if picture.alpha is not None and picture.alpha.min() < 1:
        weights = picture.alpha
    if weights.max() < FAINTEST:
        raise PhotoError(f"{path}: a mask that is black all over", "a mask that is white where the style is to be")
    return Mask(weights, str(path))


def read_file(path: Path) -> bytes:
    """The bytes of a picture that an option names. Raises PhotoError."""
    if (data := held.bytes_of(path)) is not None:
        return data
    stamp(path)
    try:
        return path.read_bytes()
    except OSError as exc:
        raise PhotoError(f"{path}: cannot be read ({exc.strerror})", "check its permissions") from exc


def digest(path: Path) -> str:
    """The SHA-256 of a file, read once as long as it stays as it is. Raises PhotoError."""
    return _digest(path, stamp(path))


@lru_cache(maxsize=64)
def _digest(path: Path, stamp: tuple[int, ...]) -> str:
    return hashlib.sha256(read_file(path)).hexdigest()


def stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file does. Raises PhotoError for what is no file."""
    if held.bytes_of(path) is not None:
        return ()
    try:
        status = os.stat(path)
    except (OSError, ValueError) as exc:
        reason = (
            "no such file"
            if isinstance(exc, FileNotFoundError)
            else f"cannot be read ({getattr(exc, 'strerror', None) or exc})"
        )
        raise PhotoError(f"{path}: {reason}", "check the path") from exc
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError(f"{path}: no file", "the path of a picture")
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def composed(below: Pixels, above: Pixels, weights: Pixels) -> Pixels:
    """``above`` where the weights (H, W) are 1, ``below`` where they are 0, each exactly; (H, W, 3) all."""
    share = weights[..., np.newaxis]
    mixed: Pixels = below * (1 - share) + above * share
    return mixed
