"""Bytes to a Photo and back, with nothing of the photo lost on the way."""

from arbitrary_nst.images.decode import MAX_PIXELS, decode, from_pil
from arbitrary_nst.images.encode import Encoded, Format, encode, format_of
from arbitrary_nst.images.photo import Photo, from_array, resize_longest, style_input, to_pil

__all__ = [
    "MAX_PIXELS",
    "Encoded",
    "Format",
    "Photo",
    "decode",
    "encode",
    "format_of",
    "from_array",
    "from_pil",
    "resize_longest",
    "style_input",
    "to_pil",
]
