"""Bytes to a Photo and back, with nothing of the photo lost on the way."""

from arbitrary_nst.images.decode import MAX_PIXELS, decode, from_pil, look, peek
from arbitrary_nst.images.encode import Encoded, Format, encode, format_of, suffix_format
from arbitrary_nst.images.photo import Photo, from_array, resize, resize_longest, style_input, to_pil

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
    "look",
    "peek",
    "resize",
    "resize_longest",
    "style_input",
    "suffix_format",
    "to_pil",
]
