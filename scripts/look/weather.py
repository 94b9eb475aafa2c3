"""More drawn photos that style transfer finds hard, for want of light: night, fog, and nothing at all.

As those of ``scenes``: (H, W, 3) float32 sRGB in [0, 1], the same at every size.
"""

import numpy as np
from scenes import grid

GRAIN = 3 / 255  # of a sensor at night
SKY, GLOW = np.array([9, 12, 26]) / 255, np.array([58, 44, 40]) / 255
LAMP = np.array([1.0, 0.78, 0.45])


def night(height, width):
    """A town by a river after dark: black houses with lit windows, lamps, and their long reflections."""
    y, x = grid(height, width)
    rng = np.random.default_rng(6)
    picture = SKY + (GLOW - SKY) * np.exp(-(((y - 0.62) / 0.22) ** 2))[..., None]
    reach, left = width / height, 0.0
    while left < reach:
        wide, top = rng.uniform(0.05, 0.13), rng.uniform(0.25, 0.52)
        picture[_box(height, top, 0.64, left, left + wide)] = np.array([10, 10, 14]) / 255
        _light_windows(picture, (left, top, wide), rng)
        left += wide
    picture[y >= 0.64] = np.array([6, 8, 14]) / 255
    for place in np.arange(0.08, reach, 0.21):
        _hang_lamp(picture, y, x, place)
    picture += np.random.default_rng(7).normal(0, GRAIN, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


def _box(height, top, bottom, left, right):
    """Rows and columns of a rectangle whose sides are shares of the height."""
    return tuple(slice(*(max(0, round(each * height)) for each in pair)) for pair in ((top, bottom), (left, right)))


def _light_windows(picture, house, rng):
    """A third of a house's windows, in warm and cold light, and their reflection in the water."""
    left, top, wide = house
    for row in np.arange(top + 0.02, 0.61, 0.035):
        for column in np.arange(left + 0.012, left + wide - 0.016, 0.022):
            if rng.random() < 0.35:
                light = LAMP * rng.uniform(0.4, 0.95) if rng.random() < 0.8 else np.array([0.55, 0.7, 0.85])
                picture[_box(len(picture), row, row + 0.018, column, column + 0.011)] = light
                mirrored = 1.28 - row
                picture[_box(len(picture), mirrored - 0.03, mirrored + 0.03, column - 0.001, column + 0.013)] += (
                    0.12 * light
                )


def _hang_lamp(picture, y, x, place):
    """A lamp on the quay with the glow around it, and its path of light on the water."""
    away = np.hypot(x - place, y - 0.6)
    glow = np.clip(1.6 - away / 0.004, 0, 1) + 0.35 * np.exp(-away / 0.03)
    ripples = 0.5 + 0.5 * np.sin(y * 400 + 6 * np.sin(x * 60))
    path = 0.5 * np.exp(-(((x - place) / 0.012) ** 2)) * np.clip((y - 0.64) / 0.02, 0, 1) * np.exp(-(y - 0.64) / 0.2)
    picture += (glow + path * ripples)[..., None] * LAMP


def fog(height, width):
    """Firs on hills, each farther row paler, until nothing is left but grey: few levels, and no hard edge."""
    y, x = grid(height, width)
    mist = np.array([196, 202, 208]) / 255
    picture = mist * (0.93 + 0.09 * y[..., None])
    for number in range(5):
        rng = np.random.default_rng(20 + number)
        near = (number + 1) / 5
        base = 0.30 + 0.13 * number
        hill = base - 0.05 * np.sin(1.7 * x * (2 - near) + 2.3 * number) - 0.02 * np.sin(5.1 * x + number)
        tops = hill.copy()
        for place in np.arange(0, width / height + 0.1, 0.030 + 0.035 * near):
            tall, at = near * rng.uniform(0.06, 0.17), place + rng.uniform(-0.02, 0.02)
            near_it = _box(height, 0, 1, at - tall / 3.4, at + tall / 3.4)
            fir = tall - abs(x[near_it] - at) * (4.6 + 1.2 * np.sin(y[near_it] * 260 / near))
            tops[near_it] = np.minimum(tops[near_it], hill[near_it] - fir)
        soft = 0.002 + 0.006 * (1 - near)
        cover = np.clip((y - tops) / soft, 0, 1) * (0.10 + 0.62 * near**1.6)
        cover *= 1 - 0.55 * np.clip((y - hill) / 0.12, 0, 1) * (number < 4)  # the fog lies in the valleys
        picture += cover[..., None] * (np.array([62, 74, 78]) / 255 - picture)
    return np.clip(picture, 0, 1).astype(np.float32)


def flat(height, width):
    """One colour, exactly."""
    return np.full((height, width, 3), np.array([86, 122, 160]) / 255, np.float32)
