"""The kinds in which a program gives a picture and gets one back: a path, bytes, a PIL image, an array."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arbitrary_nst.declaration import shown
from arbitrary_nst.errors import OptionError
from arbitrary_nst.images.photo import Photo, to_pil

PathSource = str | PathLike[str]
Source = PathSource | bytes | Image.Image
Array = NDArray[Any]


def in_kind(picture: Photo, photo: Source | Array) -> Image.Image | Array:
    """A PIL image, or where an array was given an array of the same kind."""
    if not isinstance(photo, np.ndarray):
        return to_pil(picture)
    if photo.dtype == np.uint8:
        return np.array(to_pil(picture))
    if picture.alpha is None:
        return picture.pixels
    return np.concatenate([picture.pixels, picture.alpha[..., np.newaxis]], axis=-1)


def refuse_others(source: object) -> None:
    """Raise OptionError for what is no kind of picture."""
    if not isinstance(source, str | PathLike | bytes | Image.Image | np.ndarray | Photo):
        raise OptionError(f"{shown(source)}: no picture", "a path, the bytes of a file, a PIL image or an array")


def name_of(source: object) -> str:
    """What to call a picture in messages."""
    return str(source) if isinstance(source, str | PathLike) else "bytes"


def stem_of(source: Source | Array | Photo) -> str:
    """The name that a style has of itself."""
    return Path(source).stem if isinstance(source, str | PathLike) else "style"
