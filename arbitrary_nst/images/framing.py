"""Which part of a style picture is the style: no transparent margin, no plain border round a scan or a print."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.images.hidden import opaque_part
from arbitrary_nst.images.photo import Photo, Pixels

ALIKE = 12 / 255  # of any channel, from the border's colour: paper, JPEG and a scanner's noise
PLAIN = 0.98  # of a line's pixels are of the border's colour, in a border
STRAIGHT = 0.6  # of a line's pixels differ from it just inside: a picture has an edge, a drawing on paper has none
LARGE = 0.06  # of the picture's area, a border that is worth a note
LEAST = 0.3  # of each side is left, or it was no border
RIM = 0.006  # of a side that goes with a border: its shadow, and a slant of a third of a degree
BORDERS = 3  # within one another: a wall, a frame, a mat


def style_picture(photo: Photo, crop: Literal["auto", "centre", "none"] = "auto") -> Photo:
    """A style picture without what is no style of it, both for a network and for a refinement.

    A transparent margin is cropped and what else is hidden filled, whatever ``crop`` is. ``auto`` also trims a plain
    border: one colour on all four sides with a straight edge to the picture within; a note tells how much. What is
    left is not yet a square: that is ``style_input``'s.
    """
    photo = opaque_part(photo)
    if crop != "auto":
        return photo
    height, width = photo.pixels.shape[:2]
    inner = photo.pixels
    for _ in range(BORDERS):
        place = _inside_border(inner)
        if place is None:
            break
        inner = inner[place]
    left = inner.shape[0] * inner.shape[1] / (height * width)
    if left > 1 - LARGE:
        return photo
    note = f"a plain border of {1 - left:.0%} of the picture trimmed; style crop centre keeps it"
    return replace(photo, pixels=np.ascontiguousarray(inner), alpha=None, notes=(*photo.notes, note))


def _inside_border(pixels: Pixels) -> tuple[slice, slice] | None:
    """Rows and columns within a plain border; None where there is none on every side."""
    outermost = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    colour = _median(np.concatenate(outermost))
    if max(_unlike(line, colour).mean() for line in outermost[:2]) > 1 - PLAIN:
        return None  # as most pictures; the rest need not be looked at
    unlike = _unlike(pixels, colour)
    place = []
    for axis in (1, 0):  # rows, then the columns of these rows
        lines = np.flatnonzero(unlike.mean(axis=axis) > 1 - PLAIN)
        size = unlike.shape[1 - axis]
        if not lines.size or lines[0] == 0 or lines[-1] == size - 1:
            return None
        rim = 1 + round(RIM * size)
        first, end = lines[0] + rim, lines[-1] + 1 - rim
        if end - first < LEAST * size:
            return None
        place.append(slice(first, end))
        unlike = unlike[first:end] if axis == 1 else unlike[:, first:end]
    edges = (unlike[0], unlike[-1], unlike[:, 0], unlike[:, -1])
    if min(edge.mean() for edge in edges) < STRAIGHT:
        return None
    return place[0], place[1]


def _median(values: Pixels) -> Pixels:
    """Of each column; NumPy's own imports all of its masked arrays."""
    ordered, middle = np.sort(values, axis=0), len(values) // 2
    median: Pixels = ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return median


def _unlike(pixels: Pixels, colour: Pixels) -> NDArray[np.bool_]:
    """Which pixels are not of a border's colour."""
    unlike: NDArray[np.bool_] = abs(pixels - colour).max(axis=-1) > ALIKE
    return unlike
