"""What a style is learnt on: crops of photos at the size that their strokes have."""

from collections.abc import Iterable, Iterator

import numpy as np

from arbitrary_nst import images
from arbitrary_nst.images.photo import Pixels

SIDE = 192  # px of a crop: what VGG19's deepest layer sees well, in half the time of 256
SHORT_SIDES = 256, 512  # px of the photo that it is cut from


def crops(photos: Iterable[Pixels], each: int, rng: np.random.Generator) -> Iterator[Pixels]:
    """``each`` squares (SIDE, SIDE, 3) of every photo (H, W, 3), scaled and placed at random, half of them mirrored.

    Small photos are enlarged.
    """
    for photo in photos:
        for _ in range(each):
            square = crop(photo, rng)
            yield square[:, ::-1].copy() if rng.random() < 0.5 else square


def crop(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """A square (SIDE, SIDE, 3) as it would be cut from the photo with its short side within ``SHORT_SIDES``."""
    height, width = photo.shape[:2]
    low, high = np.log(SHORT_SIDES)
    share = SIDE / np.exp(rng.uniform(low, high))
    side = max(1, round(min(height, width) * share))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    return images.resize(photo[top : top + side, left : left + side], (SIDE, SIDE))
