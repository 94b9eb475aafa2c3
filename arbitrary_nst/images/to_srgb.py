"""An opened image's pixels as float sRGB, by what its file declares and as deep as the file holds them."""

import io

import numpy as np
from PIL import Image, ImageCms

from arbitrary_nst.images import colour
from arbitrary_nst.images.declared import Declared
from arbitrary_nst.images.photo import Pixels, strips, to_bytes
from arbitrary_nst.images.samples import Samples

Converted = tuple[Pixels, Pixels | None, tuple[str, ...]]


def to_float(image: Image.Image, declared: Declared, deep: Samples | None = None) -> Converted:
    """Float pixels in sRGB, alpha and notes of an image in any of Pillow's modes, or of its ``deep`` samples.

    16-bit grey is divided by 65535. 32-bit integer and float grey is taken as it is where it lies in [0, 1], and
    else scaled by 65535 or, above that, by its largest value; what is not a number becomes black.
    """
    if deep is not None:
        pixels, alpha, notes = deep.values, deep.alpha, deep.notes
    elif image.mode in ("I", "F") or image.mode.startswith("I;16"):
        key = image.info.get("transparency")
        alpha = None if key is None else (np.asarray(image) != key).astype(np.float32)
        pixels, notes = _deep_grey(image)[..., np.newaxis], ()
    else:
        rgb, alpha = _without_alpha(image)
        rgb, notes = _shallow_to_srgb(rgb, declared.icc)
        pixels = _from_bytes(rgb)
        declared = Declared(None, declared.space, declared.full_range, declared.notes)
    pixels, told = _to_srgb(pixels, declared, bits=8 if deep is None else deep.bits)
    return pixels, alpha, (*declared.notes, *notes, *told)


def _to_srgb(pixels: Pixels, declared: Declared, bits: int) -> tuple[Pixels, tuple[str, ...]]:
    """(H, W, 1 or 3) in the file's colours to (H, W, 3) in sRGB."""
    if declared.icc:
        return (
            _grey_by_profile(pixels[..., 0], declared.icc)
            if pixels.shape[2] == 1
            else _by_profile(pixels, declared.icc)
        )
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)
    if not declared.full_range:  # black at 16, white at 235 of 8 bits
        codes = np.float32((2**bits - 1) / 2 ** (bits - 8))
        pixels = np.clip((pixels * codes - np.float32(16)) / np.float32(219), 0, 1)
    return colour.to_srgb(pixels, declared.space)


def _by_profile(pixels: Pixels, icc: bytes) -> tuple[Pixels, tuple[str, ...]]:
    """Deep RGB by its ICC profile, in place: at 16 bits through imagecodecs, at Pillow's 8 where that is missing."""
    try:
        import imagecodecs
    except ImportError:
        image, notes = _shallow_to_srgb(Image.fromarray(to_bytes(pixels), "RGB"), icc)
        return _from_bytes(image), notes
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    try:
        for rows in strips(len(pixels)):
            codes = np.rint(pixels[rows] * np.float32(65535)).astype(np.uint16)
            relative = imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC
            codes = imagecodecs.cms_transform(
                codes, icc, srgb, colorspace="RGB", outcolorspace="RGB", outdtype="uint16", intent=relative
            )
            np.divide(codes, np.float32(65535), out=pixels[rows])
    except (imagecodecs.CmsError, ValueError, RuntimeError):
        return pixels, ("colour profile unusable: taken as sRGB",)
    return pixels, ()


def _without_alpha(image: Image.Image) -> tuple[Image.Image, Pixels | None]:
    """The image without its alpha, colour key or transparent palette; what it shows through."""
    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image, None
    # premultiplied modes are divided first; palettes and colour keys become a channel of their own
    # a TIFF's size is that of the turned picture until it is copied
    is_rgba = image.mode == "RGBA" and image.format != "TIFF"
    rgba = image if is_rgba else image.convert("RGBA")
    alpha = _from_bytes(rgba.getchannel("A"))
    return rgba.convert("RGB") if image.mode not in ("LA", "La") else rgba.convert("RGB").getchannel(0), alpha


def _deep_grey(image: Image.Image) -> Pixels:
    grey = np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        return grey / np.float32(65535)
    top = float(grey.max(initial=0))
    if image.mode == "I" or top > 1:
        grey /= np.float32(65535 if image.mode == "I" and top <= 65535 else max(top, 1))
    return np.clip(grey, 0, 1)


def _grey_by_profile(grey: Pixels, icc: bytes) -> tuple[Pixels, tuple[str, ...]]:
    """(H, W) to (H, W, 3). Pillow has no profiles for deep grey: what one makes of 256 tones is interpolated."""
    tones = np.arange(256, dtype=np.uint8)
    shown, notes = _shallow_to_srgb(Image.fromarray(tones[np.newaxis]), icc)
    table = _from_bytes(shown)[0]
    return np.stack([np.interp(grey, tones / 255, column) for column in table.T], axis=-1).astype(np.float32), notes


def _shallow_to_srgb(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
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


def _from_bytes(image: Image.Image) -> Pixels:
    """[0, 255] to [0, 1]: (H, W, 3) of an RGB image, (H, W) of a grey one."""
    width, height = image.size
    result = np.empty((height, width, *([3] if image.mode == "RGB" else [])), np.float32)
    for rows in strips(height):
        np.divide(np.asarray(image.crop((0, rows.start, width, rows.stop))), np.float32(255), out=result[rows])
    return result
