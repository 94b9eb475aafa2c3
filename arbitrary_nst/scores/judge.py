"""Scores pictures of photos in styles, with VGG19 and without."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement.optimizers import to_numpy, to_tensor
from arbitrary_nst.scores import edges, grids
from arbitrary_nst.scores import halo as halos
from arbitrary_nst.scores import rings as ringing
from arbitrary_nst.scores.score import Score

SCREEN = 1024  # px, the longest side at which a picture is seen as a whole
STYLE = 512  # px, the longest side at which the style is seen beside it: strokes as large as halfway to a painting's
SQUARE = 256  # px, the side of the middle square that models are compared by
SMALLEST = 16  # px; VGG19's five blocks halve a picture four times
BAND = 1024  # px
STYLES_KEPT = 64  # whose Gram matrices are kept, 3 MB each


@dataclass(frozen=True)
class Seen:
    """What VGG19 saw of a picture: Gram matrices (1, C, C) of the style layers, and the content layer's maps."""

    grams: list[NDArray[np.float32]]
    content: NDArray[np.float32]


class Judge:
    """Scores pictures. What VGG19 saw of the last photo, and of styles, is kept for the next picture of theirs.

    vgg19: ``losses.read_vgg19`` of a file. It is computed in f32 everywhere, so that scores of machines compare. A
    picture takes some seconds, and 1.5 GB of memory.
    """

    def __init__(self, vgg19: dict[str, Any]) -> None:
        self._vgg19 = vgg19
        self._photos = _Kept(2)  # one photo, at both sizes
        self._styles = _Kept(2 * STYLES_KEPT)

    def score(self, photo: Pixels, style: Pixels, picture: Pixels, *, name: str = "picture") -> Score:
        """Score one picture of a photo in a style, all (H, W, 3) RGB in [0, 1].

        A picture smaller or larger than its photo is compared with the photo at its size. ``name`` is for messages.
        Raises PhotoError for one of another shape than the photo, and for what is too small to judge.
        """
        photo = _at_size_of(picture, photo, name)
        if min(*photo.shape[:2], *style.shape[:2]) < SMALLEST:
            raise PhotoError(f"{name}: too small to judge", f"photo and style of {SMALLEST} px or more")
        closed_256, content_256 = self._closeness(
            *(images.style_input(x, size=SQUARE) for x in (photo, style, picture))
        )
        seen, view = _reduced(photo, SCREEN), _reduced(picture, SCREEN)
        closed, content = self._closeness(seen, _reduced(style, STYLE), view)
        halo, background = halos.halo(seen, view), halos.background(seen, view)
        stripe, worst = grids.stripe(picture)
        return Score(
            closed_256=closed_256,
            content_256=content_256,
            closed=closed,
            content=content,
            stripe=stripe,
            stripe_worst=worst,
            mesh=float(np.mean([grids.mesh(band) for band in _bands(picture)])),
            rings=ringing.rings(seen, view),
            halo=halo and halo.change,
            halo_width=halo and halo.width,
            shift=background and background.shift,
            spread=background and background.spread,
            edges=edges.sharpness(photo, picture),
        )

    def _closeness(self, photo: Pixels, style: Pixels, picture: Pixels) -> tuple[float, float]:
        """closed and C, as ``closeness`` defines them."""
        from arbitrary_nst.scores import closeness

        own, target, seen = self._photos(photo, self._see), self._styles(style, self._grams), self._see(picture)
        s, untouched = (float(closeness.style_distance(each.grams, target.grams)[0]) for each in (seen, own))
        return closeness.closed(s, untouched), float(closeness.content_distance(seen.content, own.content)[0])

    def _see(self, picture: Pixels) -> Seen:
        from arbitrary_nst.refinement import losses
        from arbitrary_nst.scores import closeness

        *maps, content = closeness.features(to_tensor(picture), self._vgg19)
        return Seen([to_numpy(losses.gram(each)) for each in maps], to_numpy(content))

    def _grams(self, style: Pixels) -> Seen:
        return Seen(self._see(style).grams, np.zeros(0, np.float32))


class _Kept:
    """What was seen of the last few pictures, by their pixels."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, Seen] = OrderedDict()

    def __call__(self, picture: Pixels, see: Callable[[Pixels], Seen]) -> Seen:
        key = hashlib.sha256(np.ascontiguousarray(picture).data).digest() + repr(picture.shape).encode()
        seen = self._seen.pop(key, None) or see(picture)
        self._seen[key] = seen
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return seen


def _at_size_of(picture: Pixels, photo: Pixels, name: str) -> Pixels:
    """The photo at the picture's size, if the two are of one shape."""
    (height, width), (h, w) = photo.shape[:2], picture.shape[:2]
    share = max(h / height, w / width)
    if abs(share * height - h) > 1 or abs(share * width - w) > 1:
        raise PhotoError(f"{name}: {w}x{h}, not the shape of its photo, {width}x{height}", "a picture of this photo")
    return images.resize(photo, (h, w))


def _bands(picture: Pixels) -> list[Pixels]:
    """Rows a thousand at a time: the spectra of a camera's picture at once would take gigabytes."""
    count = max(1, picture.shape[0] // BAND)
    return [picture[len(picture) * i // count : len(picture) * (i + 1) // count] for i in range(count)]


def _reduced(picture: Pixels, longest: int) -> Pixels:
    """At this longest side at most: what is enlarged has no fine detail to compare with."""
    share = longest / max(picture.shape[:2])
    if share >= 1:
        return picture
    return images.resize(picture, (max(1, round(picture.shape[0] * share)), max(1, round(picture.shape[1] * share))))
