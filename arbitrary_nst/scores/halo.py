"""What becomes of plain backgrounds: halos around what stands before them, and how far they change as a whole."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.scores.levels import LEVELS, luminance, steepness, window_mean

WINDOW = 9  # px; plain is where within it the photo's deviation is at most PLAIN
PLAIN = 2.0  # levels
STRONG = 16.0  # levels per px: a strong edge
FAR = 56  # px from every strong edge: beyond no halo is expected
REFERENCE = 4 * FAR + 1  # px: what is far within this window is what a place would look like without a halo
LEAST = 1e-3  # share of far pixels around, for a place to be judged by them
STEP = 4  # px from one distance to the next
ENOUGH = 50  # pixels that a distance is judged by


class Halo(NamedTuple):
    """``change`` in levels, how far the background next to edges is from what it is far away; ``width`` in px, where
    this has fallen to half."""

    change: float
    width: float


class Background(NamedTuple):
    """How a plain background changed: ``shift`` is the mean change, ``spread`` the deviation that it got, in levels."""

    shift: float
    spread: float


def background(photo: Pixels, picture: Pixels) -> Background | None:
    """What became of all that is plain in the photo; both (H, W, 3) in [0, 1], of one size. None where nothing is.

    ``shift`` is the mean over pixels and colours of the absolute change of the mean over ``WINDOW`` px, ``spread`` the
    root of the mean variance within them: 0 and 0 for the photo itself, up to 255 and 127.
    """
    plain = is_plain(photo)
    if np.count_nonzero(plain) < ENOUGH:
        return None
    shift = variance = 0.0
    for channel in range(3):
        before, after = (x[..., channel] * np.float32(LEVELS) for x in (photo, picture))
        mean = window_mean(after, WINDOW)
        shift += float(np.abs(mean - window_mean(before, WINDOW))[plain].mean()) / 3
        variance += float(np.maximum(window_mean(after * after, WINDOW) - mean * mean, 0)[plain].mean()) / 3
    return Background(shift, variance**0.5)


def halo(photo: Pixels, picture: Pixels) -> Halo | None:
    """How a plain background changes towards strong edges; both (H, W, 3) in [0, 1], of one size.

    For each plain pixel: how far the picture is from its mean over those around of the same plain area that are ``FAR``
    from edges, less the same of the photo. Its RMS at each distance, above that of the far pixels, which have the
    style's texture too, is the profile: ``change`` is its highest point, ``width`` where it has fallen to half of that.
    0 and 0 where a background is as it is far away. None where no plain background lies next to a strong edge.
    """
    from scipy.ndimage import find_objects, label

    distance = _from_edges(photo)
    areas, _ = label(is_plain(photo))
    squares, away, usual = list[Pixels](), list[Pixels](), list[Pixels]()
    for number, box in enumerate(find_objects(areas), 1):
        area, from_edges = areas[box] == number, distance[box]
        far = area & (from_edges >= FAR) & (from_edges < 2 * FAR)
        weights = window_mean(far.astype(np.float32), REFERENCE)
        near = area & (from_edges < FAR) & (weights > LEAST)
        if min(np.count_nonzero(near), np.count_nonzero(far)) < ENOUGH:
            continue
        change = _from_far(photo[box], picture[box], far, weights)
        squares.append(change[near])
        away.append(from_edges[near])
        usual.append(change[far])
    if not squares:
        return None
    return _shape(np.concatenate(squares), np.concatenate(away), float(np.concatenate(usual).mean()))


def is_plain(photo: Pixels) -> NDArray[np.bool_]:
    """Where the photo is plain, (H, W)."""
    grey = luminance(photo)
    grey -= grey.mean()  # squares of small numbers lose no digits
    mean = window_mean(grey, WINDOW)
    plain: NDArray[np.bool_] = window_mean(grey * grey, WINDOW) - mean * mean <= PLAIN**2
    return plain


def _from_edges(photo: Pixels) -> Pixels:
    """How far each pixel is from the next strong edge, in px; infinite where there is none."""
    from scipy.ndimage import distance_transform_edt

    if min(photo.shape[:2]) < 3:
        return np.full(photo.shape[:2], np.inf, np.float32)
    calm = np.pad(steepness(photo) < STRONG, 1, constant_values=True)
    if calm.all():
        return np.full(calm.shape, np.inf, np.float32)
    distance: Pixels = distance_transform_edt(calm).astype(np.float32)
    return distance


def _from_far(photo: Pixels, picture: Pixels, far: NDArray[np.bool_], weights: Pixels) -> Pixels:
    """Square of how far the picture is from its mean over the far pixels around, less the same of the photo; mean over
    colours."""
    squares: Pixels = np.zeros(far.shape, np.float32)
    for channel in range(3):
        change = (picture[..., channel] - photo[..., channel]) * np.float32(LEVELS)
        change -= window_mean(change * far, REFERENCE) / np.maximum(weights, np.float32(LEAST))
        squares += change * change / np.float32(3)
    return squares


def _shape(squares: Pixels, distance: Pixels, usual: float) -> Halo:
    """Change and width of a halo, of the square change of pixels and their distances from edges."""
    steps = (distance / STEP).astype(np.int64)
    counts, sums = np.bincount(steps), np.bincount(steps, squares)
    there = np.flatnonzero(counts >= ENOUGH)
    if not there.size:
        return Halo(0.0, 0.0)
    profile = np.sqrt(np.maximum(0, sums[there] / counts[there] - usual))
    highest = int(profile.argmax())
    fallen = np.flatnonzero(profile[highest:] < profile[highest] / 2)
    end = there[highest + fallen[0]] if fallen.size else there[-1] + 1
    return Halo(float(profile[highest]), float(end * STEP) if profile[highest] > 0 else 0.0)
