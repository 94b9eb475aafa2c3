"""Small pictures for tests, and the short ways to encode and decode them."""

import io

import numpy as np
from PIL import Image

from arbitrary_nst import images

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")


def picture(width=24, height=16, mode="RGB"):
    """Smooth, and different in every corner, so that lossy formats keep which way is up."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([x, y, 1 - x], -1)
    return Image.fromarray((rgb * 255).astype(np.uint8)).convert(mode)


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def decode(data, **options):
    return images.decode(data, name="photo", **options)


def reopened(encoded):
    image = Image.open(io.BytesIO(encoded.data))
    image.load()
    return image
