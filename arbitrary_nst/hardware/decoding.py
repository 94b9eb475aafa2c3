"""Decoding a photo: what it takes, by its header, whether that is allowed, and some of it ahead."""

import io
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.hardware.memory import available_memory
from arbitrary_nst.images import Photo
from arbitrary_nst.images.smooth import noise_for
from arbitrary_nst.options import ModelOptions

# At the peak, the float pixels included, as measured; JPEG with its turning, others with alpha.
BYTES_PER_PIXEL = {"jpg": 30, "png": 30, "tiff": 30, "webp": 38, "avif": 38}
UNKNOWN = 38
LONGEST_AHEAD = 20_000_000  # bytes of a file that is read before anybody asks for it

_Ahead = Future[tuple[bytes, Photo] | None]  # a file's bytes and its picture; None where it is left to who asks


class Decoding:
    """Decodes pictures within limits of pixels and memory; those that were begun are there by then."""

    def __init__(self, limits: ModelOptions) -> None:
        self._limits = limits
        self._begun = dict[str, _Ahead]()  # by what a picture is called in messages

    def begin(self, paths: Sequence[Path]) -> None:
        """Read and decode some files in a thread, and draw the noise that photos are given.

        What fails is told when the picture is decoded.
        """
        waiting = {str(path): _Ahead() for path in paths}
        self._begun |= waiting
        threading.Thread(target=self._decode_each, args=[waiting], name="decode ahead", daemon=True).start()

    def decode(self, data: bytes, *, name: str) -> Photo:
        """``images.decode`` within the limits; ``name`` is for messages. Raises PhotoError."""
        begun = self._begun.pop(name, None)
        ahead = None if begun is None else begun.result()
        if ahead is not None and ahead[0] == data:
            return ahead[1]
        limits = self._limits
        check_decoding(data, name=name, max_pixels=limits.max_pixels, max_memory=limits.max_memory)
        truncated = limits.accept_truncated
        return images.decode(data, name=name, max_pixels=limits.max_pixels, accept_truncated=truncated)

    def _decode_each(self, waiting: dict[str, _Ahead]) -> None:
        own = Decoding(self._limits)
        for name, ahead in waiting.items():
            made = None
            with suppress(Exception):  # who decodes it says so
                if (data := read_ahead(Path(name))) is not None:
                    made = data, own.decode(data, name=name)
            ahead.set_result(made)
        noise_for()


def read_ahead(path: Path) -> bytes | None:
    """A regular file's bytes; None for what is no such file, as a pipe, or a long one. Raises OSError."""
    return path.read_bytes() if path.is_file() and path.stat().st_size <= LONGEST_AHEAD else None


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
