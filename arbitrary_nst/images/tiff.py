"""TIFF in the layouts that Pillow misreads or does not know, by tifffile; what nobody reads is refused by its name."""

import io
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images.photo import Pixels, strips
from arbitrary_nst.images.samples import Samples

if TYPE_CHECKING:
    import tifffile

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = 0, 1, 2, 3
OTHER_COLOURS = {5: "CMYK", 6: "YCbCr", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32803: "colour filter array",
                 32844: "LogL", 32845: "LogLuv", 34892: "linear raw"}  # fmt: skip
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
PREMULTIPLIED, ALPHA = 1, 2  # of ExtraSamples; 0 is something else, and not looked at
MOST_CHANNELS = 8
CODEC_HINT = "pip install 'arbitrary-nst[tiff]', or save it as 16-bit RGB"
# what tifffile finds odd is no message of ours
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF of any size: ours is checked before, and Pillow would ask its own limit again as it loads."""

    def load_prepare(self) -> None:
        """Take memory for the pixels."""
        if self._im is None:
            self.im = Image.core.new(  # type: ignore[attr-defined]
                self.mode, self._tile_size
            )
        ImageFile.ImageFile.load_prepare(self)


class AnyTiff(TiffImagePlugin.TiffImageFile):
    """A TIFF's header, for size and metadata, also where Pillow does not know its kind of samples."""

    def _setup(self) -> None:
        try:
            super()._setup()
        except (SyntaxError, KeyError):
            self._size = int(self.tag_v2[256]), int(self.tag_v2[257])
            self._mode = "RGB"
            self.info["icc_profile"] = self.tag_v2.get(34675)
            self.unknown = True


def read(image: Image.Image, data: bytes, *, name: str) -> Samples | None:
    """The samples of an opened TIFF's first page; None where Pillow reads them right.

    12 to 32 bits, half and full float, grey or RGB, with or without alpha, in planes or not, either tone zero, and
    palettes with maps of 8 bits. Raises PhotoError, with the layout's name, for what cannot be read, and OSError for
    what is damaged.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    if tags.get(262) == PALETTE and image.mode == "P":
        return _palette(image, tags.get(320, ()))
    bits, kind = _values(tags.get(258, 1)), _values(tags.get(339, 1))
    opened = not getattr(image, "unknown", False)
    if opened and (max(bits) <= 8 or image.mode in ("CMYK", "LAB", "YCbCr") or (kind[0] == SIGNED and bits[0] == 32)):
        return None
    try:
        return _by_tifffile(data, image.size, name)
    except PhotoError as exc:
        if exc.hint == CODEC_HINT and opened and image.mode in ("I;16", "I;16B", "RGB", "RGBA") and _is_plain(tags):
            return None  # at 8 bits, or 16 of grey: right
        raise


def _values(tag: int | tuple[int, ...]) -> tuple[int, ...]:
    return (tag,) if isinstance(tag, int) else tuple(tag) or (1,)


def _is_plain(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """16-bit unsigned samples, black at zero, pixel by pixel."""
    unsigned = set(_values(tags.get(258, 1))) == {16} and set(_values(tags.get(339, 1))) == {UNSIGNED}
    return unsigned and tags.get(262) in (BLACK_IS_ZERO, RGB) and tags.get(284, 1) == 1


def _palette(image: Image.Image, colours: tuple[int, ...]) -> Samples | None:
    """By a map of 0 to 255, where the standard has 0 to 65535 and Pillow sees black."""
    if not colours or len(colours) % 3 or max(colours) > 255:
        return None
    image.load()
    table = (np.array(colours, np.float32) / np.float32(255)).reshape(3, -1).T
    return Samples(table[np.minimum(np.asarray(image), len(table) - 1)])


def _by_tifffile(data: bytes, size: tuple[int, int], name: str) -> Samples:
    import tifffile

    page: tifffile.TiffPage | None = None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            _refuse_unknown(page, name)
            _check(page, len(data), size)
            array = page.asarray(maxworkers=1)
            return _to_samples(page, array)
    except PhotoError:
        raise
    except Exception as exc:  # a reader of so many layouts raises anything on damaged ones
        missing = isinstance(exc, ImportError) or "imagecodecs" in str(exc)
        if missing or "not supported" in str(exc):
            codec, bits = getattr(page, "compression", "an unknown"), getattr(page, "bitspersample", 0)
            what = f"{getattr(codec, 'name', codec)} compression" if codec != 1 else f"{bits}-bit samples"
            hint = CODEC_HINT if missing and not _has_imagecodecs() else "save it as 16-bit RGB"
            raise PhotoError(f"{name}: a TIFF with {what}", hint) from exc
        raise OSError(str(exc) or type(exc).__name__) from exc


def _refuse_unknown(page: "tifffile.TiffPage", name: str) -> None:
    """Raises PhotoError for what no reading here would show right."""
    kinds, bits = _values(page.sampleformat or 1), _values(page.bitspersample)
    what = None
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        colours = OTHER_COLOURS.get(int(page.photometric), f"PhotometricInterpretation {int(page.photometric)}")
        what = f"{colours} colours of {bits[0]} bits"
    elif len(set(bits)) > 1 or len(set(kinds)) > 1 or page.dtype is None:
        what = f"samples of {'/'.join(map(str, bits))} bits"
    elif kinds[0] not in (UNSIGNED, FLOAT):
        what = f"{bits[0]}-bit {'signed' if kinds[0] == SIGNED else 'complex'} samples"
    elif page.samplesperpixel > MOST_CHANNELS or page.imagedepth > 1:
        what = f"{page.samplesperpixel} channels" if page.imagedepth == 1 else "a volume"
    if what:
        raise PhotoError(f"{name}: a TIFF with {what}", "save it as 16-bit RGB")


def _check(page: "tifffile.TiffPage", length: int, size: tuple[int, int]) -> None:
    """Before memory is taken: the size that was allowed, no monstrous tile or strip, and all of the pixels there."""
    width, height = page.imagewidth, page.imagelength
    if sorted((width, height)) != sorted(size):
        raise OSError("two sizes in one header")
    if page.is_tiled and page.tilewidth * page.tilelength > 4 * width * height + 2**20:
        raise OSError(f"tiles of {page.tilewidth}x{page.tilelength}")
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if not segments or any(offset + count > length or not count for offset, count in segments):
        raise OSError("pixels missing")
    unpacked = width * height * page.samplesperpixel * (1 + page.bitspersample // 8)
    # Python's own inflate has no limit, and inflates a thousandfold at the most
    if page.compression != 1 and not _has_imagecodecs() and max(page.databytecounts) * 1032 > 4 * unpacked + 2**26:
        raise ValueError("imagecodecs is needed for strips this large")


def _has_imagecodecs() -> bool:
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        return False
    return True


def _to_samples(page: "tifffile.TiffPage", array: NDArray[Any]) -> Samples:
    channels = page.samplesperpixel
    if channels == 1:
        array = array.reshape(page.imagelength, page.imagewidth, 1)
    elif page.planarconfig == 2:
        array = np.moveaxis(array.reshape(channels, page.imagelength, page.imagewidth), 0, -1)
    colours = 3 if page.photometric == RGB else 1
    extra = _values(page.extrasamples) if page.extrasamples else ()
    alpha_kind = int(extra[0]) if extra and channels > colours else 0
    values, notes = _scaled(array[..., :colours], page.bitspersample)
    if page.photometric == WHITE_IS_ZERO:
        np.subtract(np.float32(1), values, out=values)
    if alpha_kind not in (PREMULTIPLIED, ALPHA):
        return Samples(values, None, page.bitspersample, notes)
    alpha = _scaled(array[..., colours : colours + 1], page.bitspersample)[0]
    if alpha_kind == PREMULTIPLIED:
        np.divide(values, alpha, out=values, where=alpha > 0)
        np.clip(values, 0, 1, out=values)
    return Samples(values, alpha[..., 0], page.bitspersample, notes)


def _scaled(array: NDArray[Any], bits: int) -> tuple[Pixels, tuple[str, ...]]:
    """To [0, 1]: whole numbers by their largest code, floats as they are or, above 1, by their largest value."""
    values = np.empty(array.shape, np.float32)
    whole = np.issubdtype(array.dtype, np.integer)
    for rows in strips(len(array)):
        if whole:
            values[rows] = array[rows] / (2.0**bits - 1)
        else:
            values[rows] = np.nan_to_num(array[rows].astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0))
    if whole or top <= 1:
        return np.maximum(values, 0, out=values), ()
    np.clip(np.divide(values, np.float32(top), out=values), 0, 1, out=values)
    return values, (f"float samples up to {top:.4g}: divided by that",)
