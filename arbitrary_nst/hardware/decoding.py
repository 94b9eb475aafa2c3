"""What decoding a photo takes, by its header, and whether that is allowed."""

import io

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.hardware.memory import available_memory

# At the peak, the float pixels included, as measured; JPEG with its turning, others with alpha.
BYTES_PER_PIXEL = {"jpg": 30, "png": 30, "tiff": 30, "webp": 38, "avif": 38}
UNKNOWN = 38


def decoding_memory(data: bytes) -> tuple[int, int, int]:
    """About how many bytes decoding takes at the peak, and width and height; zeros for what is no photo."""
    file_format, (width, height) = images.peek(io.BytesIO(data))
    return width * height * BYTES_PER_PIXEL.get(file_format or "", UNKNOWN), width, height


def check_decoding(data: bytes, *, name: str, max_pixels: int, max_memory: int | None) -> None:
    """Raise PhotoError for a photo whose decoding takes more than ``max_memory``, or three quarters of what is free.

    One over ``max_pixels`` is left to the decoder, which says so.
    """
    needed, width, height = decoding_memory(data)
    allowed = max_memory or available_memory() * 3 // 4
    if needed > allowed and width * height <= max_pixels:
        raise PhotoError(
            f"{name}: decoding {width}x{height} takes about {needed / 1e9:.1f} GB of memory, "
            f"{allowed / 1e9:.1f} GB are allowed",
            "a smaller copy, or more {max_memory}",
        )
