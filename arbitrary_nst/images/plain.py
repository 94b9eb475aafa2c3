"""Plain places kept as the photo has them: the white behind a product, the paper of a page, without halos."""

import functools

import numpy as np
from PIL import Image

from arbitrary_nst.images.hidden import spread
from arbitrary_nst.images.photo import Photo, Pixels, resize_longest, strips

SIGHT = 640  # px, the longest side of the picture in which plain places are looked for
WINDOW = 5  # px there, that must be even
EVEN = 3 / 255  # range of an even window, JPEG's noise included; twice that is not even at all
NEAR = 16  # px there: so far a plain colour reaches from where it is even
SAME, OTHER = 4 / 255, 20 / 255  # from the plain colour: up to SAME a pixel has it, from OTHER on not at all


def kept(photo: Pixels, drawn: Pixels, share: float) -> Pixels:
    """A drawn picture whose plain places are the photo's by a share of 0 to 1; (H, W, 3) each, of one size.

    Plain is what has the colour of a background near by: of a place that is even and reaches the picture's rim. So it
    ends where the photo has an edge, as sharp as there, and a halo, which lies on what is plain, goes with it. Without
    such a background the drawn picture is returned itself.
    """
    small = resize_longest(Photo(photo), SIGHT).pixels
    even = _evenness(small)
    at_rim = _to_the_rim(even)
    if not at_rim.any():
        return drawn
    colours = spread([small[..., channel] * at_rim for channel in range(3)], at_rim)
    even *= _likeness(small, colours)  # also where it is closed in, as the paper within a letter
    near = _near(even)
    result = np.empty_like(drawn)
    for rows in strips(len(photo)):
        weight = _likeness(photo[rows], [_rows(plane, rows, photo.shape) for plane in colours])
        weight *= np.float32(share) * _rows(near, rows, photo.shape)
        result[rows] = drawn[rows] + weight[..., np.newaxis] * (photo[rows] - drawn[rows])
    return result


def background(sight: Pixels) -> Pixels:
    """How even a photo (h, w, 3) is where it is background: of places that reach its rim; (h, w), 0 elsewhere."""
    return _to_the_rim(_evenness(sight))


def like_background(pixels: Pixels, sight: Pixels, plain: Pixels) -> Pixels:
    """1 where pixels (H, W, 3) have the colour of the background near by, ``plain`` of a small ``sight``: (H, W)."""
    colours = spread([sight[..., channel] * plain for channel in range(3)], plain)
    rows = slice(0, len(pixels))
    like = _likeness(pixels, [_rows(plane, rows, pixels.shape) for plane in colours])
    return like * _rows(_near(plain), rows, pixels.shape)


def _evenness(small: Pixels) -> Pixels:
    """1 where a window about the pixel is of one colour, 0 where it is not: (h, w, 3) -> (h, w)."""
    reach = WINDOW // 2
    padded = np.pad(small, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    ranges = _over_windows(np.maximum, padded) - _over_windows(np.minimum, padded)
    even: Pixels = np.clip(2 - ranges.max(axis=2) / np.float32(EVEN), 0, 1)
    return even


def _over_windows(extreme: "np.ufunc", padded: Pixels) -> Pixels:
    """The greatest or least of each window, along one axis after the other: several times faster than rank filters."""
    height, width = (side - WINDOW + 1 for side in padded.shape[:2])
    padded = functools.reduce(extreme, [padded[start : start + height] for start in range(WINDOW)])
    over: Pixels = functools.reduce(extreme, [padded[:, start : start + width] for start in range(WINDOW)])
    return over


def _to_the_rim(even: Pixels) -> Pixels:
    """What is even and connected to the rim over what is: a background, not a plain thing before it."""
    from scipy.ndimage import label

    places, _ = label(even > 0)
    at_rim = np.unique(np.concatenate([places[0], places[-1], places[:, 0], places[:, -1]]))
    connected: Pixels = even * np.isin(places, at_rim)
    return connected


def _likeness(pixels: Pixels, colours: list[Pixels]) -> Pixels:
    """1 where pixels (H, W, 3) have the colours of three planes (H, W), 0 where they have others."""
    away: Pixels = np.maximum.reduce([abs(pixels[..., channel] - plane) for channel, plane in enumerate(colours)])
    like: Pixels = np.clip((OTHER - away) / np.float32(OTHER - SAME), 0, 1)
    return like


def _near(even: Pixels) -> Pixels:
    """1 where an eighth or more of the surroundings is even, falling to 0 where nothing is."""
    coarse = Image.fromarray(even, "F").reduce(NEAR)
    near = np.asarray(coarse.resize(even.shape[::-1], Image.Resampling.BILINEAR), np.float32)
    return np.minimum(8 * near, 1)


def _rows(plane: Pixels, rows: slice, full: tuple[int, ...]) -> Pixels:
    """Rows of the full size of a small plane, enlarged."""
    image, scale = Image.fromarray(plane, "F"), plane.shape[0] / full[0]
    size, box = (full[1], rows.stop - rows.start), (0, rows.start * scale, plane.shape[1], rows.stop * scale)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box), np.float32)
