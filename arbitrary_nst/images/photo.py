"""A Photo, and what is done to one: colour to float RGB, resizing, to and from PIL and arrays."""

import struct
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.images import placing
from arbitrary_nst.images.metadata import Metadata
from arbitrary_nst.images.resampling import resample

Pixels = NDArray[np.float32]

GREY = np.full(3, 1 / 3, np.float32)  # pixels @ GREY: the mean of their colours
ROWS = 64  # of a photo that are converted at a time


@dataclass(frozen=True)
class Photo:
    """A picture, upright and in sRGB.

    ``pixels`` is (H, W, 3) RGB and ``alpha`` (H, W), float32 in [0, 1]. ``format`` is Pillow's name of the file it came
    from, ``""`` for none. ``notes`` tell, a line each, what of the file could not be kept or used.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)
    format: str = ""
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def exif(self) -> bytes | None:
        """The EXIF block, from its byte order mark on."""
        return self.metadata.exif

    @property
    def xmp(self) -> bytes | None:
        """The XMP packet."""
        return self.metadata.xmp


def upright(array: Pixels, orientation: int) -> Pixels:
    """An (H, W) or (H, W, C) array turned as EXIF orientation 1 to 8 asks."""
    if orientation >= 5:  # stored on its side
        array = array.swapaxes(0, 1)
    down = orientation in (3, 4, 7, 8)
    across = orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(array[:: -1 if down else 1, :: -1 if across else 1])


def from_array(array: NDArray[Any]) -> Photo:
    """An (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 in [0, 255] or floating in [0, 1], in sRGB."""
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        kinds, is_chw = "(H, W), (H, W, 3) or (H, W, 4)", array.ndim == 3 and array.shape[0] in (1, 3, 4)
        hint = f"{kinds}: array.transpose(1, 2, 0)" if is_chw else kinds
        raise PhotoError(f"array: shape {array.shape} is no picture", hint)
    if array.dtype == np.uint8:
        array = array.astype(np.float32) / np.float32(255)
    elif np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float32)
    else:
        raise PhotoError(f"array: {array.dtype} is no range of pixels", "uint8, or float32 in [0, 1]")
    least, most = array.min(), array.max()
    if not (least >= 0 and most <= 1):  # also catches what is not a number
        hint = "uint8, or divide by 255" if most > 2 else "np.clip(array, 0, 1)"
        if not np.isfinite([least, most]).all():
            raise PhotoError("array: holds values that are no numbers, or infinite", "np.nan_to_num(array)")
        raise PhotoError(f"array: values from {least!s} to {most!s}, outside [0, 1]", hint)
    pixels = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., :3]
    return Photo(np.ascontiguousarray(pixels), array[..., 3].copy() if array.shape[2] == 4 else None)


def to_pil(photo: Photo) -> Image.Image:
    """An RGB image, or RGBA where the photo has alpha; metadata and an sRGB profile are in its ``info``."""
    image = as_image(photo)
    image.info.update(placing.for_pillow(photo.metadata.written(photo.size, "keep")))
    image.info["icc_profile"] = srgb_profile()
    return image


def as_image(photo: Photo) -> Image.Image:
    """Its pixels alone, with its alpha where it has some."""
    image = Image.fromarray(to_bytes(photo.pixels), "RGB")
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(to_bytes(photo.alpha), "L"))
    return image


def to_bytes(values: Pixels) -> NDArray[np.uint8]:
    """[0, 1] to [0, 255], rounded, not truncated."""
    result = np.empty(values.shape, np.uint8)
    for rows in strips(len(values)):
        result[rows] = np.rint(np.clip(values[rows], 0, 1) * np.float32(255))
    return result


def strips(height: int) -> list[slice]:
    """Rows a few at a time: what lies between bytes and floats stays small, and in the processor's cache."""
    return [slice(top, min(top + ROWS, height)) for top in range(0, height, ROWS)]


def srgb_profile() -> bytes:
    """The ICC profile that every result carries, the same bytes every time: its date is set to 2000-01-01."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


def resize_longest(photo: Photo, max_size: int) -> Photo:
    """Reduce so that the longest side is at most ``max_size`` px, antialiased; never enlarges."""
    if max_size < 1:
        raise OptionError(f"max size {max_size}: too small", "a number of pixels")
    longest = max(photo.size)
    if longest <= max_size:
        return photo
    width, height = (max(1, round(side * max_size / longest)) for side in photo.size)
    return resized(photo, (height, width))


def resized(photo: Photo, size: tuple[int, int]) -> Photo:
    """A photo at another height and width, antialiased."""
    alpha = None if photo.alpha is None else resize(photo.alpha[..., np.newaxis], size)[..., 0]
    return replace(photo, pixels=resize(photo.pixels, size), alpha=alpha)


def style_input(pixels: Pixels, *, size: int = 256, crop: Literal["auto", "centre", "none"] = "centre") -> Pixels:
    """What a network reads a style from, (size, size, 3): the centre square, or with ``none`` all squeezed into one."""
    height, width = pixels.shape[:2]
    if crop != "none":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    return resize(pixels, (size, size))


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture (H, W, C) in [0, 1] to another height and width, antialiased."""
    resized: Pixels = np.clip(resample(pixels, size), 0, 1)
    return resized
