"""Photos that break off: whole but for their last bytes, or with pixels missing."""

from collections.abc import Callable

from PIL import Image, ImageChops

from arbitrary_nst.images import headers, png_chunks
from arbitrary_nst.images.kinds import Kind
from arbitrary_nst.images.png_chunks import LACKS_END

END_OF_IMAGE = b"\xff\xd9"
PADDING = 16  # zeros at the end of a file from which on they are no picture data
LACKS_PIXELS = "cut short: the pixels it lacks are {}"

Load = Callable[[bytes], Image.Image]


def breaks_off(data: bytes) -> bool:
    """Whether the mark that ends a JPEG's picture is missing: zeros in its place look like data to a decoder."""
    return not data.endswith(END_OF_IMAGE) and not headers.is_ended(data)


def mend(kind: Kind, data: bytes, load: Load, *, accept: bool) -> tuple[Image.Image, str] | None:
    """The image of a photo that breaks off, and a note; None where pixels are missing that ``accept`` does not allow.

    ``load`` decodes the bytes of a whole photo, and what it raises is raised.
    """
    if kind == "JPEG":
        return _mend_jpeg(data, load, accept=accept)
    if kind == "PNG" and accept and (completed := png_chunks.completed(data)) is not None:
        return load(completed), LACKS_PIXELS.format("black, or see-through")
    return None


def _mend_jpeg(data: bytes, load: Load, *, accept: bool) -> tuple[Image.Image, str] | None:
    """Where all of its data is there, whatever follows it cannot change a pixel."""
    without_zeros = data.rstrip(b"\0")
    body = without_zeros if len(data) - len(without_zeros) >= PADDING else data
    body = body.removesuffix(b"\xff")  # half of the end, or of a stuffed byte, which then is missing
    if not breaks_off(body):  # what is wrong lies elsewhere
        return None
    image = load(body + END_OF_IMAGE)
    if not headers.lacks_scans(body):
        # two runs of data that differ in every bit, so that one of them differs from whatever is missing
        others = (load(body + bytes([byte]) * 4096 + END_OF_IMAGE) for byte in (0x55, 0xAA))
        if all(ImageChops.difference(image, other).getbbox(alpha_only=False) is None for other in others):
            return image, LACKS_END
    return (image, LACKS_PIXELS.format("grey or smeared")) if accept else None
