"""A Photo, and what is done to one: colour to float RGB, resizing, to and from PIL and arrays."""

import io
import struct
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.images import placing
from arbitrary_nst.images.metadata import Metadata

Pixels = NDArray[np.float32]

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


def to_float(image: Image.Image, icc: bytes | None = None) -> tuple[Pixels, Pixels | None, tuple[str, ...]]:
    """Float pixels in sRGB, alpha and notes of an image in any of Pillow's modes.

    16-bit grey is divided by 65535. 32-bit integer and float grey is taken as it is where it lies in [0, 1], and
    else scaled by 65535 or, above that, by its largest value; what is not a number becomes black. A PNG's gamma is
    ignored, as browsers do where there is a profile or none is wanted.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        key = image.info.get("transparency")
        pixels, notes = _grey_to_srgb(_deep_grey(image), icc)
        return pixels, None if key is None else (np.asarray(image) != key).astype(np.float32), notes
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        # premultiplied modes are divided first; palettes and colour keys become a channel of their own
        rgba = image.convert("RGBA")
        alpha = _from_bytes(rgba.getchannel("A"))
        image = rgba.convert("RGB") if image.mode not in ("LA", "La") else rgba.convert("RGB").getchannel(0)
    image, notes = _to_srgb(image, icc)
    return _from_bytes(image), alpha, notes


def _deep_grey(image: Image.Image) -> Pixels:
    grey = np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        return grey / np.float32(65535)
    top = float(grey.max(initial=0))
    if image.mode == "I" or top > 1:
        grey /= np.float32(65535 if image.mode == "I" and top <= 65535 else max(top, 1))
    return np.clip(grey, 0, 1)


def _grey_to_srgb(grey: Pixels, icc: bytes | None) -> tuple[Pixels, tuple[str, ...]]:
    """(H, W) to (H, W, 3). Pillow has no profiles for deep grey: what one makes of 256 tones is interpolated."""
    if not icc:
        return np.repeat(grey[..., np.newaxis], 3, axis=-1), ()
    tones = np.arange(256, dtype=np.uint8)
    shown, notes = _to_srgb(Image.fromarray(tones[np.newaxis]), icc)
    table = _from_bytes(shown)[0]
    return np.stack([np.interp(grey, tones / 255, column) for column in table.T], axis=-1).astype(np.float32), notes


def _to_srgb(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """8-bit RGB by the embedded profile; by Pillow's own conversion where there is none or it is broken."""
    if image.mode in ("1", "P", "HSV", "YCbCr", "RGBX"):
        image = image.convert("RGB")
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            # relative colorimetric keeps every colour that sRGB can show as it was, as browsers do
            converted = ImageCms.profileToProfile(
                image, profile, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
            )
            return converted or image, ()
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return _plain_rgb(image), ("colour profile unusable: taken as sRGB",)
    return _plain_rgb(image), ()


def _plain_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":  # Pillow has no conversion of its own
        lab = ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    if image.mode == "RGB" and image.format != "TIFF":  # a TIFF's size is that of the turned picture until it is copied
        return image
    return image.convert("RGB")


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
        raise PhotoError(f"array: shape {array.shape} is no picture", "(H, W), (H, W, 3) or (H, W, 4)")
    if array.dtype == np.uint8:
        array = array.astype(np.float32) / np.float32(255)
    elif np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float32)
    else:
        raise PhotoError(f"array: {array.dtype} is no range of pixels", "uint8, or float32 in [0, 1]")
    if not (array.min() >= 0 and array.max() <= 1):  # also catches what is not a number
        raise PhotoError("array: values outside [0, 1]", "divide by 255, or pass uint8")
    pixels = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., :3]
    return Photo(np.ascontiguousarray(pixels), array[..., 3].copy() if array.shape[2] == 4 else None)


def to_pil(photo: Photo) -> Image.Image:
    """An RGB image, or RGBA where the photo has alpha; metadata and an sRGB profile are in its ``info``."""
    image = Image.fromarray(to_bytes(photo.pixels), "RGB")
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(to_bytes(photo.alpha), "L"))
    image.info.update(placing.for_pillow(photo.metadata.written(photo.size, "keep")))
    image.info["icc_profile"] = srgb_profile()
    return image


def to_bytes(values: Pixels) -> NDArray[np.uint8]:
    """[0, 1] to [0, 255], rounded, not truncated."""
    result = np.empty(values.shape, np.uint8)
    for rows in _strips(len(values)):
        result[rows] = np.rint(np.clip(values[rows], 0, 1) * np.float32(255))
    return result


def _from_bytes(image: Image.Image) -> Pixels:
    """[0, 255] to [0, 1]: (H, W, 3) of an RGB image, (H, W) of a grey one."""
    width, height = image.size
    result = np.empty((height, width, *([3] if image.mode == "RGB" else [])), np.float32)
    for rows in _strips(height):
        np.divide(np.asarray(image.crop((0, rows.start, width, rows.stop))), np.float32(255), out=result[rows])
    return result


def _strips(height: int) -> list[slice]:
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
    alpha = None if photo.alpha is None else resize(photo.alpha[..., np.newaxis], (height, width))[..., 0]
    return replace(photo, pixels=resize(photo.pixels, (height, width)), alpha=alpha)


def style_input(pixels: Pixels, *, size: int = 256, crop: Literal["centre", "none"] = "centre") -> Pixels:
    """What a network reads a style from, (size, size, 3): the centre square, or the whole picture squeezed into one."""
    height, width = pixels.shape[:2]
    if crop == "centre":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    return resize(pixels, (size, size))


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture (H, W, C) in [0, 1] to another height and width, antialiased."""
    resized: Pixels = np.clip(resample(pixels, size), 0, 1)
    return resized


def resample(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """(H, W, C) of any range to another height and width; Lanczos may ring a little beyond the range of the values."""
    if size == pixels.shape[:2]:
        return pixels
    planes = [np.ascontiguousarray(pixels[..., channel]) for channel in range(pixels.shape[2])]
    resized = [Image.fromarray(plane, "F").resize(size[::-1], Image.Resampling.LANCZOS) for plane in planes]
    return np.stack([np.asarray(plane, np.float32) for plane in resized], axis=-1)
