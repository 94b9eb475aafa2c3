"""The size of strokes: a network's have a fixed size in pixels, so they are as large as the photo it sees is small."""

import math
from dataclasses import replace
from typing import Literal

from arbitrary_nst.images import Photo
from arbitrary_nst.images.beads import without_beads
from arbitrary_nst.images.halos import without_halos
from arbitrary_nst.images.photo import Pixels, resized
from arbitrary_nst.images.upscale import guided
from arbitrary_nst.images.weave import without_weave
from arbitrary_nst.options import DrawOptions

Strokes = Literal["auto", "fine"] | int

AS_IT_IS = 1_250_000  # px; `auto` shows the network a photo of no more as it is
# Of a large one it sees so many px, 1040 x 693, but no less than a screen shows, 1024 x 768 or 1024 x 1024: pictures of
# any size look alike there.
SEEN, SCREEN = 720_000, 1024
FALL = 0.8  # power by which they fall from one to the other, so that no two photos of about one size are drawn apart


def seen_size(width: int, height: int, strokes: Strokes) -> tuple[int, int]:
    """Height and width at which the network sees a photo; never larger than it is.

    ``fine`` is the photo's own, a number the longest side in px. ``auto`` is its own up to ``AS_IT_IS`` px in all;
    above that less the larger the photo is, down to ``SEEN`` px in all at twice ``AS_IT_IS`` and above, or, nearly
    square, to a longest side of ``SCREEN``.
    """
    match strokes:
        case "fine":
            share = 1.0
        case "auto":
            pixels = width * height
            least = max((SEEN / pixels) ** 0.5, SCREEN / max(width, height))
            share = min(1.0, max(least, (AS_IT_IS / pixels) ** ((1 + FALL) / 2)))
        case longest:
            share = min(1.0, longest / max(width, height))
    return max(1, round(height * share)), max(1, round(width * share))


def drawn_size(width: int, height: int, options: DrawOptions) -> tuple[int, int]:
    """Height and width at which the network sees a photo, which ``max_size`` may have made smaller before."""
    share = min(1.0, (options.max_size or math.inf) / max(width, height))
    return seen_size(max(1, round(width * share)), max(1, round(height * share)), options.strokes)


def seen(photo: Photo, strokes: Strokes) -> Photo:
    """The photo as the network sees it, antialiased; itself where that is its own size."""
    size = seen_size(*photo.size, strokes)
    if size == photo.pixels.shape[:2]:
        return photo
    return resized(photo, size)


def completed(photo: Photo, small: Photo, drawn: Pixels, threads: int) -> Photo:
    """The photo with the pixels ``drawn`` of what was ``seen`` of it, carried up to its size where that was less.

    Before that halos, large as the strokes are, are taken from its plain background, and a weave and the steps of
    slanted strokes from all of it: they would be seen as dots.
    """
    if drawn.shape != photo.pixels.shape:
        drawn = without_weave(without_halos(small.pixels, drawn), threads)
        drawn = guided(photo.pixels, small.pixels, without_beads(small.pixels, drawn), threads)
    return replace(photo, pixels=drawn)
