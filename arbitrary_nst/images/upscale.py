"""From a small picture to the full size, where a network or an optimiser ran on less than the whole photo."""

import numpy as np

from arbitrary_nst.images.photo import Pixels, resample, resize

RADIUS = 3  # px of the small picture: half the window in which one affine map is fitted
SMOOTH = 2e-3  # variance of luminance below which the photo counts as flat


def add_change(full: Pixels, small: Pixels) -> Pixels:
    """The change from ``full`` to ``small``, a smaller version of it, enlarged and added to ``full``.

    (H, W, 3) and (h, w, 3) in [0, 1] -> (H, W, 3): full + up(small - down(full)). Right where the two share their
    edges, as a refined picture does with the one it began from.
    """
    if small.shape == full.shape:
        return np.clip(small, 0, 1)
    before = resize(full, (small.shape[0], small.shape[1]))
    change = resample(np.clip(small, 0, 1) - before, (full.shape[0], full.shape[1]))
    carried: Pixels = np.clip(full + change, 0, 1)
    return carried


def guided(photo: Pixels, small: Pixels, drawn: Pixels) -> Pixels:
    """``drawn``, the stylized ``small`` version of ``photo``, at the photo's size and with its edges.

    (H, W, 3), (h, w, 3) and (h, w, 3) in [0, 1] -> (H, W, 3). Fast guided filter (He and Sun 2015, arXiv:1505.00996)
    with the luminance as guide: in every window of the small picture each channel is fitted as a * luminance + b; a and
    b are enlarged and applied to the photo's luminance. What the fit leaves over, the strokes, is enlarged as it is.
    """
    guide: Pixels = small.mean(axis=2, keepdims=True, dtype=np.float32)
    fine: Pixels = photo.mean(axis=2, dtype=np.float32)
    mean = _box(guide)
    variance: Pixels = _box(guide * guide) - mean * mean
    full = (photo.shape[0], photo.shape[1])
    out = np.empty_like(photo)
    for channel in range(3):
        plane = drawn[..., channel : channel + 1]
        fitted = ((_box(guide * plane) - mean * _box(plane)) / (variance + SMOOTH)).astype(np.float32)
        flat: Pixels = _box(plane) - fitted * mean
        slope, offset = _box(fitted), _box(flat)
        rest = plane - (slope * guide + offset)
        out[..., channel] = resample(slope, full)[..., 0] * fine + resample(offset + rest, full)[..., 0]
    np.clip(out, 0, 1, out=out)
    return out


def _box(plane: Pixels) -> Pixels:
    """The mean over a window of 2 * RADIUS + 1 px, edges repeated: (h, w, 1) -> (h, w, 1)."""
    side = 2 * RADIUS + 1
    padded = np.pad(plane, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="edge")
    sums = np.pad(padded.cumsum(axis=0, dtype=np.float64).cumsum(axis=1), ((1, 0), (1, 0), (0, 0)))
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    mean: Pixels = (windows / side**2).astype(np.float32)
    return mean
