"""Small pictures of what a style was made of."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 128  # px
QUALITY = 85
MOST = 8  # pictures in one thumbnail


def thumbnail(square: NDArray[np.float32]) -> bytes:
    """A JPEG of ``SIDE`` px of a square picture (S, S, 3), RGB in [0, 1]."""
    return _jpeg(Image.fromarray(np.round(square * 255).clip(0, 255).astype(np.uint8), "RGB"))


def joined(thumbnails: Sequence[tuple[bytes, float]]) -> bytes | None:
    """One thumbnail of several: upright stripes, as wide as their shares say; None of none.

    Of more than ``MOST`` the largest count.
    """
    shown = sorted((each for each in thumbnails if each[1] > 0), key=lambda each: -each[1])[:MOST]
    if len(shown) <= 1:
        return shown[0][0] if shown else None
    total, canvas, end = sum(share for _, share in shown), Image.new("RGB", (SIDE, SIDE)), 0.0
    for picture, share in shown:
        left, end = end, end + SIDE * share / total
        stripe = Image.open(io.BytesIO(picture)).convert("RGB").resize((SIDE, SIDE))
        canvas.paste(stripe.crop((round(left), 0, round(end), SIDE)), (round(left), 0))
    return _jpeg(canvas)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
