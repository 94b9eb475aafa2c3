"""What the pictures are of: scenes of our own in plain colours, for the styles to draw in their manner."""

import numpy as np

from styles.fields import N, bands, blank, grid, mix, noise, polygon, ramp, rgb, smoothstep


def over(x, mask, colour):
    """The canvas with a colour or canvas laid over it where the mask is 1."""
    return mix(x, np.broadcast_to(colour, x.shape), mask)


def disc(u0, v0, radius, soft=0.003):
    v, u = grid()
    return smoothstep(radius + soft, radius - soft, np.hypot(u - u0, v - v0))


def hills(sky, sun, land, *, trees, walls, roof, seed=3):
    """Hills one behind the other, ploughed; a low sun, dark trees, a few houses. Sky and land are lists of colours."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    wisps = noise((N, N), 1.9, seed, stretch=3.0)
    x = ramp(sky, v / 0.55 + 0.10 * wisps)
    glow = np.hypot(u - 0.68, v - 0.21)
    x = over(x, smoothstep(0.34, 0.06, glow) * 0.6, sun)
    x = over(x, disc(0.68, 0.21, 0.095), sun * 0.6 + 0.4)
    for row, base in enumerate((0.40, 0.48, 0.58, 0.70, 0.83)):
        top = base + 0.05 * np.sin(u * (5 + row) + 2.4 * row) + 0.02 * np.sin(u * 13 + 1.3 * row)
        inside = smoothstep(-0.002, 0.002, v - top)
        near = land[row % len(land)], land[(row + 2) % len(land)]
        furrow = np.sin((v - top) * (150 - 22 * row) + 3.5 * np.sin(u * (3 + row) + row))
        x = over(x, inside, mix(blank(near[0]), blank(near[1]), smoothstep(-0.2, 0.4, furrow) * 0.75))
        if row in (1, 3):
            x = _houses(x, row, rng, walls, roof)
        for at in rng.uniform(0, 1, 3 + row):
            foot = base + 0.05 * np.sin(at * (5 + row) + 2.4 * row) + 0.03
            x = _cypress(x, at, foot, 0.05 + 0.035 * row, trees[rng.integers(len(trees))])
    return x


def _cypress(x, at, foot, tall, colour):
    v, u = grid()
    up = (foot - v) / tall
    wide = (
        0.16 * tall * np.clip(np.sin(np.pi * np.clip(up, 0, 1) ** 0.75), 0, 1) * (1 + 0.25 * np.sin(v * 160 + at * 9))
    )
    lit = mix(blank(colour), blank(np.clip(colour * 1.9 + 0.05, 0, 1)), smoothstep(-0.2, 0.8, (u - at) / (0.16 * tall)))
    return over(x, smoothstep(0.002, -0.002, np.abs(u - at) - wide) * (up > 0) * (up < 1), lit)


def _houses(x, row, rng, walls, roof):
    for _ in range(2):
        left, wide = rng.uniform(0.05, 0.8), 0.05 + 0.02 * row
        foot, tall = (0.53, 0.62, 0.68, 0.80)[row], 0.030 + 0.014 * row
        right, top = left + wide, foot - tall
        x = over(x, polygon([(left, foot), (left, top), (right, top), (right, foot)]), walls)
        x = over(
            x, polygon([(left + wide * 0.6, foot), (left + wide * 0.6, top), (right, top), (right, foot)]), walls * 0.6
        )
        x = over(x, polygon([(left - 0.01, top), (left + wide / 2, top - tall * 0.8), (right + 0.01, top)]), roof)
    return x


def flowers(back, table, vase, petals, leaf, seed=5):
    """A vase of large blossoms on a table."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    x = ramp(back, 0.5 + 0.28 * noise((N, N), 2.0, seed))
    x = over(x, smoothstep(0.755, 0.765, v + 0.03 * np.sin(u * 4)), ramp(table, 0.5 + 0.3 * np.sin(u * 30 + v * 46)))
    for _ in range(70):
        a, turn = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.5)
        u0, v0 = 0.5 + 0.32 * np.cos(a) * rng.uniform(0.4, 1.2), 0.38 + 0.28 * np.sin(a) * rng.uniform(0.4, 1.2)
        along = (u - u0) * np.cos(a + turn) + (v - v0) * np.sin(a + turn)
        across = -(u - u0) * np.sin(a + turn) + (v - v0) * np.cos(a + turn)
        shape = smoothstep(1.05, 0.95, np.hypot(along / 0.085, across / 0.030))
        x = over(x, shape, leaf[rng.integers(len(leaf))] * (1.15 if rng.random() < 0.5 else 0.7))
    body = 0.115 + 0.045 * np.sin((v - 0.60) * 9)
    inside = smoothstep(0.003, -0.003, np.abs(u - 0.5) - body) * (v > 0.60) * (v < 0.90)
    x = over(x, inside, ramp(vase, 0.5 + (u - 0.5) / 0.3 + 0.25 * np.sign(np.sin(v * 90))))
    places = [
        (0.5 + 0.33 * np.cos(a) * r, 0.36 + 0.27 * np.sin(a) * r)
        for a, r in zip(np.arange(13) * 2.4, np.sqrt((np.arange(13) + 0.3) / 13), strict=True)
    ]
    for u0, v0 in places[::-1]:
        x = _blossom(x, u0, v0, rng.uniform(0.080, 0.125), petals[rng.integers(len(petals))], rng)
    for u0 in (0.16, 0.27, 0.80):
        fruit = petals[rng.integers(len(petals))]
        shade = smoothstep(0.0, 0.12, np.hypot(u - u0 + 0.025, v - 0.825))
        x = over(x, disc(u0, 0.85, 0.065), mix(blank(np.clip(fruit * 1.25, 0, 1)), blank(fruit * 0.45), shade))
    return x


def _blossom(x, u0, v0, radius, colour, rng):
    v, u = grid()
    away, turn = np.hypot(u - u0, v - v0) / radius, np.arctan2(v - v0, u - u0) + rng.uniform(0, 6)
    petal = np.abs(np.cos(turn * (2.5 if rng.random() < 0.5 else 3.5)))
    shape = smoothstep(1.0, 0.94, away / (0.62 + 0.38 * petal))
    shaded = mix(blank(colour * 0.55), blank(np.clip(colour * 1.15 + 0.12, 0, 1)), smoothstep(0.15, 0.9, away * petal))
    x = over(x, shape, shaded)
    return over(x, smoothstep(0.27, 0.22, away), np.array([0.95, 0.75, 0.15]) if colour[2] > 0.3 else rgb("3a1c24"))


def harbour(sky, sea, sails, hull, sun, seed=8):
    """Sailing boats, a sun, and the water that breaks their mirror images."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    clouds = noise((N, N), 1.9, seed, stretch=2.2)
    x = ramp(sky, v / 0.52 + 0.16 * clouds)
    x = over(x, disc(0.30, 0.25, 0.085), sun)
    far = 0.47 - 0.05 * np.abs(noise((N, N), 2.2, 4))[N // 2] - 0.03 * np.sin(u * 6)
    x = over(x, smoothstep(-0.002, 0.002, v - far), mix(blank(sea[-1]), blank(sky[0]), 0.45 * np.ones((N, N))))
    for u0, tall in ((0.12, 0.20), (0.60, 0.40), (0.86, 0.28), (0.36, 0.24)):
        x = _boat(x, u0, 0.555, tall, sails[rng.integers(len(sails))], sails[rng.integers(len(sails))], hull)
    line = 0.56
    ripple = np.sin(v * 210 + 3 * noise((N, N), 1.6, 6, stretch=4)) * 0.014 * (v - line + 0.2)
    mirrored = np.clip(2 * line - v + ripple * 2, 0, line) * N
    column = np.clip((u + ripple * 4) * N, 0, N - 1)
    image = x[mirrored.astype(int).clip(0, N - 1), column.astype(int)]
    lap = smoothstep(0.1, 0.8, np.sin(v * 120 / (0.35 + v) + 2.5 * noise((N, N), 1.5, 2, stretch=5)))
    water = mix(image * 0.55 + 0.45 * ramp(sea, (v - line) / 0.44), blank(sea[0]), 0.55 * lap)
    return over(x, smoothstep(line - 0.001, line + 0.001, v), water)


def _boat(x, u0, water, tall, main, jib, hull):
    top, low = water - tall, water - 0.035
    x = over(x, polygon([(u0, top), (u0 + 0.004, low), (u0 + 0.42 * tall, low)]), main)
    x = over(
        x,
        polygon([(u0 + 0.10 * tall, top + 0.36 * tall), (u0 + 0.12 * tall, low), (u0 + 0.42 * tall, low)]),
        main * 0.72,
    )
    x = over(x, polygon([(u0 - 0.008, top + 0.04), (u0 - 0.012, low), (u0 - 0.30 * tall, low)]), jib)
    return over(
        x,
        polygon(
            [
                (u0 - 0.34 * tall, low + 0.004),
                (u0 + 0.46 * tall, low + 0.004),
                (u0 + 0.34 * tall, water + 0.01),
                (u0 - 0.24 * tall, water + 0.01),
            ]
        ),
        hull,
    )


def forest(sky, trunks, leaves, ground, seed=14):
    """Trunks against the light, leaves in the air and on the ground."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    x = ramp(sky, v * 0.9 + 0.22 * noise((N, N), 1.8, seed))
    x = over(
        x, smoothstep(0.68, 0.72, v + 0.02 * np.sin(u * 9)), ramp(ground, 0.5 + 0.35 * noise((N, N), 1.3, 9, stretch=3))
    )
    for row, count in enumerate((9, 6, 4)):
        for at in (np.arange(count) + rng.uniform(0.15, 0.85, count)) / count:
            wide, foot = 0.008 + 0.011 * row, 0.72 + 0.09 * row
            lean = at + 0.05 * (foot - v) * rng.normal() + 0.006 * np.sin(v * 11 + at * 40)
            inside = smoothstep(0.002, -0.002, np.abs(u - lean) - wide * (0.75 + 0.35 * v)) * (v < foot)
            bark = smoothstep(0.55, 0.75, np.sin(v * 70 + 20 * at + 2 * np.sin(v * 33)))
            lit = mix(blank(trunks[0]), blank(trunks[1]), np.maximum(bark, smoothstep(0.0, 1.0, (u - lean) / wide)))
            x = over(x, inside, lit)
    spots = noise((N, N), 1.0, seed + 1), noise((N, N), 2.0, seed + 2)
    crown = smoothstep(0.15, 0.45, spots[0] * 0.8 + spots[1] - 2.6 * (v - 0.30))
    litter = smoothstep(0.5, 0.9, spots[0] + 4 * (v - 0.80))
    tone = bands(np.clip(0.5 + 0.30 * noise((N, N), 1.2, seed + 3), 0, 1), len(leaves))
    return over(x, np.maximum(crown, litter), ramp(leaves, tone))


def forms(ground, colours, ink, seed=2):
    """Circles, wedges, arcs and bars that cross: an abstract composition."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    x = ramp(ground, 0.5 + 0.25 * noise((N, N), 2.0, seed))
    for i in range(34):
        u0, v0, size, turn = *rng.uniform(0, 1, 2), rng.uniform(0.06, 0.20), rng.uniform(0, np.pi)
        along = (u - u0) * np.cos(turn) + (v - v0) * np.sin(turn)
        across = -(u - u0) * np.sin(turn) + (v - v0) * np.cos(turn)
        away = np.hypot(along, across)
        colour, other = colours[rng.integers(len(colours), size=2)]
        field = {
            0: away - size * 0.8,
            1: np.maximum(np.abs(across) - (size - along) * 0.35, np.abs(along) - size),
            2: np.maximum(np.abs(along) - 1.7 * size, np.abs(across) - 0.13 * size),
            3: np.maximum(np.abs(away - size) - 0.20 * size, -across),
        }[i % 4]
        x = over(
            x,
            smoothstep(0.0015, -0.0015, field) * 0.92,
            mix(blank(colour), blank(other), smoothstep(-size, size, along)),
        )
        if i % 4 == 0:
            rings = smoothstep(0.3, 0.5, np.sin(away / size * 16)) * (away < 0.5 * size)
            x = over(x, rings, other)
        x = over(x, smoothstep(0.0035, 0.002, np.abs(field)), ink)
    return x


def city(sky, walls, windows, seed=6):
    """A skyline at night, windows lit, seen in the wet street."""
    v, u = grid()
    rng = np.random.default_rng(seed)
    x = ramp(sky, v / 0.6 + 0.08 * noise((N, N), 1.9, seed))
    for row in range(3):
        left = -0.02
        while left < 1:
            wide, top = rng.uniform(0.07, 0.15), rng.uniform(0.12, 0.34) + 0.12 * row
            inside = (u > left) & (u < left + wide - 0.006) & (v > top) & (v < 0.72)
            lamp = (np.sin((u - left) * 2 * np.pi / 0.042) > -0.1) & (np.sin((v - top) * 2 * np.pi / 0.052) > 0.1)
            on = rng.random((64, 128))[((v - top) / 0.052).astype(int) % 64, ((u - left) / 0.042).astype(int) % 128]
            x = over(x, inside.astype(float), walls[row])
            x = over(x, (inside & lamp & (on < 0.6)).astype(float), windows[rng.integers(len(windows))])
            left += wide
    shake = 0.02 * np.sin(v * 170 + 2 * noise((N, N), 1.6, 3, stretch=3))
    image = x[
        (np.clip(1.44 - v, 0, 0.72) * N).astype(int).clip(0, N - 1), (np.clip(u + shake, 0, 0.999) * N).astype(int)
    ]
    return over(x, (v > 0.72).astype(float), image * 0.8)
