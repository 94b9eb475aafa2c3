"""Halos on plain backgrounds taken away: what a network draws around a thing that stands before white."""

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Photo, Pixels, resize_longest
from arbitrary_nst.images.plain import SIGHT, background, like_background

REACH = 32  # px: as far from a thing a network still sees it, and draws its background otherwise
FADE = 8  # px over which the background as drawn takes over from what is laid over the halo
FARTHEST = 3 * REACH  # px: a place farther from all background beyond reach keeps its halo
LEAST = 0.02  # share of a photo that is background, below which nothing is done
FOLDS = (1.0, 0.6, 0.3)  # shares of the way beyond, of which the first that leads to background is taken
THICK = 6  # px: half of what a thing measures at least; lines and letters are drawn by what surrounds them, and keep it
EVENED = 9  # px over which the ways to the background are evened out, twice: or its texture is torn
# Likeness to the background up to which a place is a thing's; a glow has a soft border, and keeps its own.
ANOTHER = 0.05
SAME = 12 / 255  # background of one colour, in each channel


def without_halos(small: Pixels, drawn: Pixels) -> Pixels:
    """``drawn``, whose background next to things is as it is farther away; of ``small``, the photo at its size.

    Both (h, w, 3) in [0, 1]. Over a background that is even and reaches the picture's rim, the drawn picture is folded
    back from ``REACH`` px away, as in a mirror, up to where the photo's colour is no more the background's. So a thing
    begins where it does in the photo, and texture of the style, not a mean colour, lies around it. Where there is no
    such background ``drawn`` itself comes back.
    """
    from scipy.ndimage import distance_transform_edt, map_coordinates, uniform_filter

    sight = resize_longest(Photo(small), SIGHT).pixels
    plain = background(sight)
    if np.count_nonzero(plain) < LEAST * plain.size:
        return drawn
    like = like_background(small, sight, plain)
    away = distance_transform_edt(like > 0.5)
    beyond = away >= REACH
    thick = distance_transform_edt(like <= ANOTHER) >= THICK
    if not (beyond.any() and thick.any()):
        return drawn
    far, nearest = distance_transform_edt(~beyond, return_indices=True)
    near_thick = distance_transform_edt(~thick) < away + THICK + 2
    rows, columns = np.nonzero((like > 0) & ~beyond & (far < FARTHEST) & near_thick)
    places = np.stack([rows, columns])
    ways = (nearest - np.indices(beyond.shape)).astype(np.float32)  # to the background beyond reach
    ways = np.stack([uniform_filter(uniform_filter(way, EVENED), EVENED) for way in ways])[:, rows, columns]
    calm = uniform_filter(small, (EVENED, EVENED, 0))  # a sensor's grain tears nothing apart
    shown, there = _folded(places, ways, np.where(beyond[..., np.newaxis], calm, np.inf), small[rows, columns])
    weights = _whole(rows, columns, there, beyond.shape) * like[rows, columns]
    weights *= np.clip((REACH - away[rows, columns]) / FADE, 0, 1)
    result = drawn.copy()
    for channel in range(3):
        folded = map_coordinates(drawn[..., channel], shown, order=1)
        result[rows, columns, channel] += weights * (folded - drawn[rows, columns, channel])
    return result


def _whole(
    rows: NDArray[np.int64], columns: NDArray[np.int64], there: NDArray[np.bool_], shape: tuple[int, ...]
) -> Pixels:
    """1 at places where background was found (N,), in pieces as large as a halo; soft where others keep theirs.

    Smaller ones would be scraps of background within a halo that stays.
    """
    from scipy.ndimage import label, uniform_filter

    among = np.zeros((2, *shape), np.float32)  # what could be found, and what was
    among[0, rows, columns], among[1, rows, columns] = 1, there
    pieces, _ = label(among[1])
    among[1] *= (np.bincount(pieces.ravel()) >= REACH**2)[pieces]
    asked, found = (uniform_filter(each, EVENED)[rows, columns] for each in among)
    whole: Pixels = among[1][rows, columns] * np.clip(2 * found / asked - 1, 0, 1)
    return whole


def _folded(
    places: NDArray[np.int64], ways: Pixels, beyond: Pixels, colours: Pixels
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Where the background lies that is shown at places, rows and columns (2, N), and whether there is any.

    As far beyond the end of the way as the place is before it, or not quite as far, where the background's colour
    ``beyond`` (h, w, 3), infinite elsewhere, is that of the place, of ``colours`` (N, 3).
    """
    shown, left = np.zeros(places.shape, np.float32), np.ones(places.shape[1], bool)
    most = np.array(beyond.shape[:2])[:, np.newaxis] - 1
    for share in FOLDS:
        there = places + np.float32(1 + share) * ways
        found = left & ((there >= 0) & (there <= most)).all(axis=0)
        row, column = np.rint(there[:, found]).astype(np.int64)
        found[found] = np.abs(beyond[row, column] - colours[found]).max(axis=1) <= SAME
        shown[:, found] = there[:, found]
        left &= ~found
    return shown, ~left
