"""A camera's RAW file to a Photo, by LibRaw (the extra `raw`)."""

import io
from typing import BinaryIO

import numpy as np

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images.opening import check_size
from arbitrary_nst.images.photo import Photo

SRGB_CURVE = (2.4, 12.92)  # LibRaw's way to say it: the power, and the slope of the straight part
NOTES = ("developed from RAW with the camera's white balance; its EXIF is not carried",)


def develop(data: bytes, *, name: str, max_pixels: int) -> Photo:
    """Upright sRGB pixels of a RAW file, at the size of its sensor and never of a preview.

    Demosaiced by LibRaw (AHD), the camera's white balance, brightened until 1 % is white (LibRaw's default), 8 bits.
    Raises PhotoError, also where the extra is missing.
    """
    try:
        import rawpy
    except ImportError as exc:
        raise PhotoError(
            f"{name}: a camera's RAW file", "develop it first, or pip install 'arbitrary-nst[raw]'"
        ) from exc
    try:
        with rawpy.imread(io.BytesIO(data)) as sensor:
            check_size((sensor.sizes.raw_width, sensor.sizes.raw_height), name=name, max_pixels=max_pixels)
            shown = sensor.postprocess(
                use_camera_wb=True, output_color=rawpy.ColorSpace.sRGB, output_bps=8, gamma=SRGB_CURVE
            )
    except (rawpy.LibRawError, OSError, ValueError, RuntimeError, MemoryError) as exc:
        detail = " ".join(_words(exc).split())[:80]
        hint = "develop it first, with the camera's own program"
        raise PhotoError(f"{name}: a camera's RAW file that cannot be developed ({detail})", hint) from exc
    pixels = np.empty((*shown.shape[:2], 3), np.float32)
    np.divide(shown[..., :3], np.float32(255), out=pixels)
    return Photo(pixels, format="RAW", notes=NOTES)


def size_of(file: BinaryIO) -> tuple[int, int]:
    """Width and height in px of a RAW file's sensor; 0 where it cannot be developed."""
    try:
        import rawpy
    except ImportError:
        return 0, 0
    try:
        file.seek(0)
        with rawpy.imread(file) as sensor:
            return sensor.sizes.raw_width, sensor.sizes.raw_height
    except (rawpy.LibRawError, OSError, ValueError, RuntimeError, MemoryError):
        return 0, 0


def _words(exc: BaseException) -> str:
    """LibRaw speaks in bytes."""
    first = exc.args[0] if exc.args else type(exc).__name__
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
