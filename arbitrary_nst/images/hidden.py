"""What a photo hides: colours under full transparency, which must not show in what a network makes of the rest."""

from dataclasses import replace

import numpy as np
from PIL import Image

from arbitrary_nst.images.photo import Photo, Pixels

SEEN = 0.25  # alpha from which a pixel keeps its own colour; below, its neighbours' comes in
NOTHING = 0.5  # the grey of a photo of which nothing is visible


def filled(photo: Photo) -> Photo:
    """The photo with its hidden pixels in the colours of their visible neighbours, the nearest above all.

    Those of alpha 0 have no influence on the result, those below ``SEEN`` as much as they are visible; all others are
    kept bit for bit. A photo that hides nothing comes back as it is.
    """
    if photo.alpha is None or photo.alpha.min() >= SEEN:
        return photo
    weight = np.minimum(photo.alpha / np.float32(SEEN), 1)
    planes = [photo.pixels[..., channel] * weight for channel in range(3)]
    return replace(photo, pixels=np.stack(spread(planes, weight), axis=-1))


def opaque_part(photo: Photo) -> Photo:
    """The photo cropped to the rectangle of what is more opaque than not, and filled there; as it is if all hides."""
    if photo.alpha is None or not (seen := photo.alpha >= 0.5).any():
        return filled(photo)
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return filled(replace(photo, pixels=photo.pixels[place], alpha=photo.alpha[place]))


def spread(weighted: list[Pixels], weight: Pixels) -> list[Pixels]:
    """Colours everywhere, from planes (H, W) of colour times their weight (H, W) in [0, 1]: pull-push.

    (Gortler et al. 1996, The Lumigraph, section 3.4.) Where the weight is 1 the colour is the pixel's, where it is less
    the rest comes from the picture of half the size, in which any 2x2 pixels count fully as one of them does.
    """
    if weight.min() >= 1:
        return weighted
    height, width = weight.shape
    if height == width == 1:
        return [plane / weight if weight > 0 else np.full_like(plane, NOTHING) for plane in weighted]
    mean = _halved(weight)
    enough: Pixels = np.minimum(4 * mean, 1)
    share = (enough / np.maximum(mean, 1e-12)).astype(np.float32)
    coarse = spread([_halved(plane) * share for plane in weighted], enough)
    missing: Pixels = 1 - weight
    return [plane + missing * _doubled(small, weight.shape) for plane, small in zip(weighted, coarse, strict=True)]


def _halved(plane: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(plane, "F").reduce(2), np.float32)


def _doubled(plane: Pixels, size: tuple[int, ...]) -> Pixels:
    """What ``_halved`` made of a plane of this size, at its size again; of an odd side the last pixel counted whole."""
    height, width = size
    larger = Image.fromarray(plane, "F").resize(
        (width, height), Image.Resampling.BILINEAR, (0, 0, width / 2, height / 2)
    )
    return np.asarray(larger, np.float32)
