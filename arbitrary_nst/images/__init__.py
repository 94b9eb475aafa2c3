"""Bytes to a Photo and back, with nothing of the photo lost on the way."""

from arbitrary_nst.images.decode import decode, from_pil, look, peek
from arbitrary_nst.images.encode import Encoded, encode, format_of, suffix_format
from arbitrary_nst.images.framing import style_picture
from arbitrary_nst.images.hidden import filled
from arbitrary_nst.images.metadata import Metadata, Policy
from arbitrary_nst.images.photo import Photo, from_array, resize, resize_longest, style_input, to_pil
from arbitrary_nst.options import MAX_PIXELS, Format

__all__ = [
    "MAX_PIXELS",
    "Encoded",
    "Format",
    "Metadata",
    "Photo",
    "Policy",
    "decode",
    "encode",
    "filled",
    "format_of",
    "from_array",
    "from_pil",
    "look",
    "peek",
    "resize",
    "resize_longest",
    "style_input",
    "style_picture",
    "suffix_format",
    "to_pil",
]
