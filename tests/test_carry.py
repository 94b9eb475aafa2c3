"""From small pictures to the full size."""

import numpy as np
import pytest
from scipy import ndimage

from arbitrary_nst import images
from arbitrary_nst.images.upscale import add_change, guided


def smooth(seed, height=90, width=120):
    rng = np.random.default_rng(seed)
    layers = [images.resize(rng.random((n, n, 3)).astype(np.float32), (height, width)) for n in (3, 9, 30)]
    return np.clip(np.mean(layers, axis=0), 0, 1)


PHOTO = smooth(1)
SMALL = np.clip(images.resize(PHOTO, (30, 40)), 0, 1)


def edge():
    """A photo of one sharp edge, its small version, and a drawing that gives both sides other colours."""
    photo = np.zeros((96, 120, 3), np.float32)
    photo[:, 60:] = 0.8
    small = np.clip(images.resize(photo, (24, 30)), 0, 1)
    left, right = np.array([0.9, 0.2, 0.1]), np.array([0.1, 0.3, 0.8])
    drawn = (left + (right - left) * small[..., :1] / 0.8).astype(np.float32)
    return photo, small, np.clip(drawn, 0, 1), left, right


def test_add_change_adds_nothing_of_its_own():
    np.testing.assert_allclose(add_change(PHOTO, SMALL), PHOTO, atol=1e-6)
    brighter = np.clip(SMALL + 0.1, 0, 1)
    assert np.median(add_change(PHOTO, brighter) - PHOTO) == pytest.approx(0.1, abs=1e-3)


def test_guided_keeps_edges_as_sharp_as_the_photo():
    photo, small, drawn, left, right = edge()
    carried = guided(photo, small, drawn)
    np.testing.assert_allclose(carried[40, 20], left, atol=0.02)
    np.testing.assert_allclose(carried[40, 100], right, atol=0.02)
    step = np.abs(carried[40, 60] - carried[40, 59]).max()
    enlarged = images.resize(drawn, photo.shape[:2])
    assert step > 0.5 > 2 * np.abs(enlarged[40, 60] - enlarged[40, 59]).max()


def test_guided_of_a_flat_photo_enlarges_what_has_no_edges():
    flat, drawn = np.full((60, 80, 3), 0.5, np.float32), 0.5 + 0.03 * smooth(3, 20, 27)
    enlarged = images.resize(drawn, (60, 80))  # by Lanczos, and not smoothed before
    np.testing.assert_allclose(guided(flat, flat[:20, :27], drawn), enlarged, atol=6e-3)


def test_strokes_on_a_flat_photo_get_hard_edges_that_do_not_ring():
    drawn = np.full((20, 30, 3), 0.2, np.float32)
    drawn[:, 15:] = 0.7
    flat = np.full((120, 180, 3), 0.5, np.float32)
    carried = guided(flat, flat[:20, :30], drawn)[60, :, 0]
    smoothed = np.stack([tent(drawn[..., channel]) for channel in range(3)], axis=-1).astype(np.float32)
    enlarged = images.resize(smoothed, (120, 180))[60, :, 0]
    assert np.diff(carried).max() > 1.8 * np.diff(enlarged).max()
    assert carried.min() >= 0.199 and carried.max() <= 0.701
    assert np.diff(carried).min() > -1e-3  # up, and nowhere down again


def test_strokes_that_hide_an_edge_leave_it_as_hard_as_the_photos():
    """Across a photo's edge the drawn one lies 2 px beside it, as networks move them; strokes vary along it."""
    photo, small, _, _, _ = edge()
    drawn = np.roll(small, 2, axis=1) + 0.08 * smooth(7, 24, 30) - 0.04
    drawn[:, :2] = 0.1
    carried = guided(photo, small, np.clip(drawn, 0, 1).astype(np.float32))
    steepest = np.abs(np.diff(carried[..., 0], axis=1))[:, 56:64].max(axis=1)
    assert np.median(steepest) > 0.9 * 0.8 / 2  # of half the photo's contrast, as half is on the edge's other side


def test_grain_does_not_come_back_beside_edges():
    photo, small, drawn, _, _ = edge()
    grain = np.random.default_rng(9).normal(0, 1.5 / 255, (96, 120, 1)).astype(np.float32)
    more = guided(photo + grain, small, drawn) - guided(photo, small, drawn)
    assert more[:, 66:74].std() < 0.1 * grain.std()


def test_enlarged_by_next_to_nothing_it_is_what_was_drawn():
    photo = smooth(8, 102, 153)
    small, drawn = images.resize(photo, (100, 150)), smooth(9, 100, 150)
    np.testing.assert_allclose(guided(photo, small, drawn), images.resize(drawn, (102, 153)), atol=0.02)


def test_little_of_a_stripe_of_two_pixels_is_carried_up():
    photo = np.full((400, 400, 3), 0.5, np.float32)
    drawn = np.full((100, 100, 3), 0.5, np.float32)
    drawn[:, ::2] += 0.02
    assert np.ptp(guided(photo, photo[:100, :100], drawn)[40:-40, 40:-40]) < 0.4 * 0.02


def mean_around(plane, radius=3):
    padded = np.pad(plane, radius, mode="edge")
    side = 2 * radius + 1
    return np.lib.stride_tricks.sliding_window_view(padded, (side, side)).mean(axis=(2, 3))


def tent(plane):
    weights = np.outer([1, 2, 1], [1, 2, 1]) / 16
    return (np.lib.stride_tricks.sliding_window_view(np.pad(plane, 1, mode="edge"), (3, 3)) * weights).sum(axis=(2, 3))


def cubic(x):
    """Keys 1981."""
    return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2


def linear(x):
    return max(0, 1 - x)


def matrix(small, full, kernel):
    """(full, small)."""
    made = np.zeros((full, small))
    for row in range(full):
        place = (row + 0.5) * small / full - 0.5
        for tap in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            x = abs(place - tap)
            made[row, min(max(tap, 0), small - 1)] += kernel(x)
    return made


def slow_guided(photo, small, drawn):
    """The same by the formulas alone, in float64 and whole pictures."""
    photo, small, drawn = (array.astype(np.float64) for array in (photo, small, drawn))
    size = np.array(small.shape[:2])

    def up(plane, kernel=linear, full=photo.shape[:2]):
        down, across = (matrix(*sides, kernel) for sides in zip(size, full, strict=True))
        return down @ plane @ across.T

    smooth = [0.3 * drawn[..., c] + 0.7 * tent(drawn[..., c]) for c in range(3)]
    windows = [np.lib.stride_tricks.sliding_window_view(np.pad(plane, 2, mode="edge"), (5, 5)) for plane in smooth]
    least, most = ([pick(window, axis=(2, 3)) for window in windows] for pick in (np.min, np.max))
    scale = max(full / had for full, had in zip(photo.shape[:2], size, strict=True))
    edge = np.clip((np.max(np.subtract(most, least), axis=0) - 0.04) / 0.06, 0, 1)
    hard = 1 + max(0, 0.6 * scale - 1) * edge

    def strokes(c, full):
        value = up(hard, full=full) * up(smooth[c], cubic, full)
        value += up((1 - hard) * tent(tent(smooth[c])), full=full)
        return np.clip(value, up(least[c], full=full), up(most[c], full=full))

    guide = small.mean(axis=2)
    detail = photo.mean(axis=2) - up(guide, cubic)
    detail = detail**3 / (detail**2 + 0.03**2)
    variance = mean_around(guide**2) - mean_around(guide) ** 2
    slopes = [
        mean_around((mean_around(guide * p) - mean_around(guide) * mean_around(p)) / (variance + 2e-3)) for p in smooth
    ]
    whole = np.mean(slopes, axis=0)
    window = np.lib.stride_tricks.sliding_window_view(np.pad(guide, 2, mode="edge"), (5, 5))
    likely = up((window.max(axis=(2, 3)) - window.min(axis=(2, 3))) / 2)
    sure = up(straight_edges(guide) * np.clip(whole / 0.05, -1, 1)) * np.clip(detail, -likely, likely)

    def carried(gain):
        out = np.empty_like(photo)
        for c in range(3):
            seen = strokes(c, tuple(2 * size)).reshape(size[0], 2, size[1], 2).mean(axis=(1, 3))
            value = strokes(c, photo.shape[:2]) + up(0.5 * (drawn[..., c] - seen), cubic)
            value += up(slopes[c]) * detail + sure * np.maximum(0, gain - np.abs(up(whole)))
            beyond = np.abs(sure)
            out[..., c] = np.clip(np.clip(value, up(least[c]) - beyond, up(most[c]) + beyond), 0, 1)
        return out

    return carried(matched_gain(photo, carried))


def steepness(picture):
    down, across = (picture[2:, 1:-1] - picture[:-2, 1:-1]) / 2, (picture[1:-1, 2:] - picture[1:-1, :-2]) / 2
    return np.sqrt((down**2 + across**2).mean(axis=2))


def matched_gain(photo, carried):
    """With which the steepest hundredth of the photo's pixels is as steep, in the first tile, all that is looked at."""
    tile = slice(0, 64), slice(0, 128)
    own = steepness(photo[tile])
    hard = own >= max(np.quantile(own, 0.99), 8 / 255)
    found = [steepness(carried(gain)[tile])[hard].sum() for gain in (0, 1, 2, 4)]
    return np.interp(own[hard].sum(), np.maximum.accumulate(found), (0, 1, 2, 4))


def straight_edges(guide):
    """By the eigenvalues of the structure tensor: their sum is the edge's strength, their difference how straight."""
    padded = np.pad(guide, 1, mode="edge")
    down, across = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2, (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    dd, da, aa = (tent(tent(plane)) for plane in (down * down, down * across, across * across))
    near = np.stack([dd, da, aa])
    edge = np.clip((np.sqrt(np.maximum(dd + aa, 0)) - 0.02) / 0.03, 0, 1)
    wide = [mean_around(plane) for plane in near]
    for (dd, da, aa), (start, end) in ((near, (0.3, 0.6)), (wide, (0.2, 0.4))):
        low, high = np.moveaxis(
            np.linalg.eigvalsh(np.stack([np.stack([dd, da], -1), np.stack([da, aa], -1)], -1)), 2, 0
        )
        edge = edge * np.clip(((high - low) / (high + low + 1e-5) - start) / (end - start), 0, 1)
    pieces, count = ndimage.label(edge > 0.2)
    for number in range(1, count + 1):  # shorter than 10 px, it is texture
        rows, columns = np.nonzero(pieces == number)
        if max(np.ptp(rows), np.ptp(columns)) < 9:
            edge[pieces == number] = 0
    return np.where(pieces > 0, edge, 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_guided_is_what_the_formulas_say(threads):
    photo = smooth(5, 90, 150)
    small = images.resize(photo, (22, 37))
    drawn = smooth(6, 22, 37)
    carried = guided(photo, small, drawn, threads)
    np.testing.assert_allclose(carried, slow_guided(photo, small, drawn), atol=1e-4)  # f32 against f64


def test_on_a_screen_it_is_what_was_drawn():
    """Reduced again, of noise at least, the hardest there is to carry."""
    rng = np.random.default_rng(11)
    drawn = np.clip(0.5 + 0.15 * rng.standard_normal((60, 80, 3)), 0, 1).astype(np.float32)
    photo = np.full((240, 320, 3), 0.5, np.float32)
    seen = images.resize(guided(photo, photo[:60, :80], drawn), (60, 80))
    assert np.corrcoef(seen.ravel(), drawn.ravel())[0, 1] > 0.9  # smoothed and made steep alone: 0.87


@pytest.mark.parametrize("size", [(31, 47), (1, 200), (200, 3)])
def test_any_size(size):
    photo = smooth(2, *size)
    small = photo[: max(1, size[0] // 2), : max(1, size[1] // 2)]
    carried = guided(photo, small, small)
    assert carried.shape == photo.shape and carried.dtype == np.float32
    assert carried.min() >= 0 and carried.max() <= 1
