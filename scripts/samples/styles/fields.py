"""Colours, coordinates and fields that every style draws with: a canvas is (N, N, 3) in [0, 1], v down, u right."""

import numpy as np
from landscape import mix, noise, sample, smoothstep
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

__all__ = [
    "N", "bands", "blank", "blur", "cells", "grey", "grid", "mix", "noise", "pieces", "polygon", "ramp", "relief",
    "rgb", "sample", "saturate", "scattered", "smoothstep", "warped",
]  # fmt: skip

N = 768  # twice the side that is kept


def grid():
    """v (down) and u (right), each (N, N) in [0, 1)."""
    v, u = (np.mgrid[0:N, 0:N].astype(np.float32) + 0.5) / N
    return v, u


def rgb(codes):
    """Colours from hexadecimal codes with spaces between: (3,) for one, (n, 3) for several."""
    colours = np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes.split()])
    return colours[0] if len(colours) == 1 else colours


def blank(colour):
    return np.broadcast_to(colour, (N, N, 3)).copy()


def blur(x, sigma):
    return gaussian_filter(x, (sigma, sigma) + (0,) * (x.ndim - 2), mode="reflect")


def grey(x):
    return x @ np.array([0.30, 0.59, 0.11])


def saturate(x, amount):
    level = grey(x)[..., None]
    return np.clip(level + (x - level) * amount, 0, 1)


def ramp(colours, t):
    """A colour for each t in [0, 1] from colours evenly spaced along it."""
    at = np.clip(t, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    return mix(colours[low], colours[low + 1], at - low)


def bands(t, count):
    """t in [0, 1] in so many flat steps."""
    return np.clip(np.floor(t * count), 0, count - 1) / (count - 1)


def warped(x, right, down):
    """The canvas or field displaced by so many pixels, periodic at the edges."""
    at_v, at_u = np.mgrid[0:N, 0:N].astype(np.float32)
    if x.ndim == 2:
        return sample(x, at_u + right, at_v + down)
    return np.stack([sample(x[..., i], at_u + right, at_v + down) for i in range(3)], -1)


def cells(points, right=0.0, down=0.0):
    """Of every pixel the nearest of points (n, 2: u, v), its distance, and how much farther the second is."""
    v, u = grid()
    away, order = cKDTree(points).query(np.stack([u + right, v + down], -1).reshape(-1, 2), k=2)
    away = away.reshape(N, N, 2)
    return order[:, 0].reshape(N, N), away[..., 0], away[..., 1] - away[..., 0]


def scattered(side, rng):
    """side * side points (u, v), one at random in each square of a grid: none lie on top of one another."""
    return (np.mgrid[0:side, 0:side].reshape(2, -1).T + rng.uniform(0.12, 0.88, (side * side, 2))) / side


def pieces(x, index, count):
    """Mean colour of the canvas in every piece of an index (N, N): (count, 3)."""
    size = np.maximum(np.bincount(index.ravel(), minlength=count), 1)
    return np.stack([np.bincount(index.ravel(), x[..., i].ravel(), count) / size for i in range(3)], -1)


def polygon(points, soft=0.7):
    """(N, N) mask of a polygon given by (u, v) corners, its edge softened by so many pixels."""
    mask = Image.new("L", (N, N))
    ImageDraw.Draw(mask).polygon([(u * N, v * N) for u, v in points], fill=255)
    return gaussian_filter(np.asarray(mask, np.float32) / 255, soft)


def relief(height, strength):
    """Light from the upper left on a height field, as a factor (N, N, 1)."""
    lit = height - np.roll(height, (2, 2), (0, 1))
    return np.clip(1 + strength * lit, 0.3, 1.8)[..., None]
