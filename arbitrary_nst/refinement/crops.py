"""What a style is learnt on: crops of photos, or of scenes of our own, at the size that their strokes have."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from arbitrary_nst import images
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement.scenes import scenes

SIDE = 192  # px of a crop: what VGG19's deepest layer sees well, in half the time of 256
SHORT_SIDES = 256, 512  # px of the photo that it is cut from
CROPS = 64  # in all; each waits in memory with its features, 1.5 MB
MOST_PHOTOS = 32  # more teach no more
SCENES = 16
SHOWN = 512  # px, longest side of the photo that shows how far it is


@dataclass(frozen=True)
class Material:
    """Crops (SIDE, SIDE, 3), a photo to show the style on, a SHA-256 of the crops, and what they are of, in words."""

    crops: list[Pixels]
    shown: Pixels
    digest: str
    source: str


def material(photos: Iterable[Pixels], seed: int, stride: int) -> Material:
    """Crops of the first ``MOST_PHOTOS`` photos (H, W, 3), as many of each, or without any of scenes of our own.

    ``stride`` is what the sides of ``shown`` are multiples of, in px. Photos are read one by one and kept small.
    """
    rng = np.random.default_rng(seed)
    small = [_shrunk(photo) for photo in islice(photos, MOST_PHOTOS)]
    source = f"{len(small)} photo{'s' * (len(small) > 1)}" if small else "scenes of its own"
    small = small or list(scenes(SCENES, 320, seed))
    cut = [crop(small[number % len(small)], rng) for number in range(CROPS)]
    shown = images.resize_longest(images.Photo(small[0]), SHOWN).pixels
    if min(shown.shape[:2]) < SIDE // 4:
        shown = cut[0]
    height, width = (side // stride * stride for side in shown.shape[:2])
    digest = hashlib.sha256(b"".join(square.tobytes() for square in cut)).hexdigest()
    return Material(cut, shown[:height, :width], digest, source)


def crop(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A square (SIDE, SIDE, 3) of a photo whose short side is somewhere within ``SHORT_SIDES``; half are mirrored.

    Small photos are enlarged.
    """
    height, width = photo.shape[:2]
    low, high = np.log(SHORT_SIDES)
    side = max(1, round(min(height, width) * SIDE / np.exp(rng.uniform(low, high))))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    square = images.resize(photo[top : top + side, left : left + side], (SIDE, SIDE))
    return square[:, ::-1].copy() if rng.random() < 0.5 else square


def _shrunk(photo: Pixels) -> Pixels:
    """As small as crops need it."""
    height, width = photo.shape[:2]
    share = min(1.0, SHORT_SIDES[1] / min(height, width))
    return images.resize(photo, (round(height * share), round(width * share)))
