"""Craft: stone, glass, thread, wax and floating colour."""

import numpy as np
from make_samples import stained_glass as window

from styles import motifs
from styles.brush import Layer, along_edges, blend_angles, paint
from styles.fields import (
    N,
    blank,
    blur,
    cells,
    grey,
    grid,
    mix,
    noise,
    pieces,
    relief,
    rgb,
    smoothstep,
    warped,
)


def stained_glass():
    return np.clip(window(N), 0, 1)


def mosaic():
    """Small stones set along the lines of a harbour, gold among them."""
    x = motifs.harbour(
        sky=rgb("0b4fa8 35b6d6 ffd23f"),
        sea=rgb("08306b 0fa3a3 2a52c9"),
        sails=rgb("fff6df e0301e ff9f0a"),
        hull=rgb("4a1f2e"),
        sun=rgb("ffcf33"),
        seed=30,
    )
    rng = np.random.default_rng(2)
    pitch = 36 / N
    rows = (
        np.mgrid[0:1:pitch, 0:1:pitch].reshape(2, -1).T[:, ::-1]
        + rng.uniform(-0.2, 0.2, (int(np.ceil(1 / pitch)) ** 2, 2)) * pitch
    )
    bend = [0.010 * noise((N, N), 2.2, seed) for seed in (5, 6)]
    index, _, gap = cells(rows, *bend)
    colour = pieces(x, index, len(rows)) * rng.uniform(0.72, 1.28, (len(rows), 1)) + rng.normal(
        0, 0.035, (len(rows), 3)
    )
    gold = rng.random(len(rows)) < 0.035
    colour[gold] = rgb("f5c542") * rng.uniform(0.8, 1.2, (gold.sum(), 1))
    stone = np.clip(colour, 0, 1)[index] * relief(blur(smoothstep(0, 0.014, gap), 1.2), 0.45)
    stone = stone * (1 + 0.05 * noise((N, N), 0.8, 9))[..., None]
    return mix(
        blank(rgb("e8ddc6")) * (1 + 0.05 * noise((N, N), 0.6, 8))[..., None], stone, smoothstep(0.005, 0.009, gap)
    )


def zellige():
    """Glazed tiles: eight-pointed stars and crosses in cobalt, turquoise, saffron and white."""
    v, u = grid()
    count = 3
    p, q = u * count % 1 - 0.5, v * count % 1 - 0.5
    column, row = (u * count).astype(int), (v * count).astype(int)

    def star(a, b, size):
        return np.minimum(np.maximum(np.abs(a), np.abs(b)), (np.abs(a) + np.abs(b)) / np.sqrt(2)) - size

    s = star(p, q, 0.345)
    rng = np.random.default_rng(9)
    glaze = rgb("0d3b8f 12a4a0 e8a317 b5301f 1f6f43")
    choice = glaze[(column + 2 * row) % 5] * rng.uniform(0.85, 1.15, (count, count, 1))[row, column]
    a, b = (p + 1) % 1 - 0.5, (q + 1) % 1 - 0.5  # the crosses lie around the corners
    cross = np.where(
        (star(a, b, 0.16) < 0)[..., None], glaze[(row + column + (a > 0) + (b > 0)) % 5 - 1], blank(rgb("f3eee0"))
    )
    x = np.where((s < 0)[..., None], choice, cross)
    x = np.where((star(p, q, 0.235) < 0)[..., None], blank(rgb("f6f1e4")), x)
    turn = np.arctan2(q, p)
    x = np.where((np.hypot(p, q) < 0.15 + 0.045 * np.cos(8 * turn))[..., None], glaze[(column * 2 + row + 1) % 5], x)
    x = np.where((np.hypot(p, q) < 0.045)[..., None], blank(rgb("e8a317")), x)
    lines = [np.abs(star(p, q, size)) for size in (0.345, 0.235)]
    lines += [np.abs(star(a, b, 0.16)) + (s < 0), np.abs(np.hypot(p, q) - 0.15 - 0.045 * np.cos(8 * turn))]
    lines += [np.minimum(np.abs(np.abs(p) - np.abs(q)) + 9 * (np.abs(s - 0.06) > 0.06), 1)]
    groove = smoothstep(0.016, 0.009, np.minimum.reduce(lines))
    glint = 1 + 0.10 * noise((N, N), 1.5, 3) + 0.05 * noise((N, N), 0.8, 4)
    return mix(x * glint[..., None] * relief(blur(1 - groove, 2), 0.5), blank(rgb("2a2620")), groove)


def woven():
    """Thick wool over and under: a kilim of stepped diamonds."""
    v, u = grid()
    thread = 36
    column, row = np.floor(u * thread), np.floor(v * thread)
    a, b = np.abs((column / 18 + 0.5) % 1 - 0.5), np.abs((row - 2) / 18 % 1 - 0.5)
    ring = np.floor((a + b) * 9 + 0.01).astype(int)
    wool = rgb("a3182c f2e3c6 12355b e08e1b 1f7a6d 5a1230")
    stripe = row.astype(int) % 4
    x = wool[np.where((row % 18 < 4) & (column >= 0), stripe, ring % 6)]
    rng = np.random.default_rng(3)
    x = x * rng.uniform(0.82, 1.18, (thread, thread, 1))[row.astype(int), column.astype(int)]
    p, q = u * thread % 1 - 0.5, v * thread % 1 - 0.5
    over = (column + row) % 2 == 0
    across, along = np.where(over, q, p), np.where(over, p, q)
    round_ = np.sqrt(np.clip(1 - (across / 0.5) ** 2, 0, 1)) * (0.62 + 0.38 * np.cos(along * np.pi))
    fibre = 0.10 * np.sin(across * 26 + along * 14) + 0.08 * noise((N, N), 0.4, 5)
    return np.clip(x * (0.48 + 0.62 * round_ + fibre)[..., None], 0, 1)


def batik():
    """Wax and indigo: spirals and dotted leaves, the dye creeping through cracks in the wax."""
    v, u = grid()
    rng = np.random.default_rng(12)
    bend = [14 * noise((N, N), 2.0, seed) for seed in (1, 2)]
    points = rng.uniform(0, 1, (15, 2))
    index, away, gap = cells(points, 0.012 * noise((N, N), 1.9, 3), 0.012 * noise((N, N), 1.9, 4))
    turn = np.arctan2(v - points[index, 1], u - points[index, 0])
    spiral = np.sin(away * 110 - turn * (1 + index % 3))
    petal = np.cos(turn * (5 + index % 4))
    wax = np.where(
        index % 2 == 0, smoothstep(-0.1, 0.2, spiral), smoothstep(-0.15, 0.15, petal * 0.5 + np.cos(away * 80))
    )
    wax = np.maximum(wax, smoothstep(0.016, 0.010, gap) * (np.sin(u * 260) * np.sin(v * 260) > -0.2))
    dyes = rgb("8c2f1b c9741a 1b3a6b 0f5c63 6b1e3f")
    ground = dyes[index % 5] * (1 + 0.13 * noise((N, N), 1.6, 6))[..., None]
    x = mix(ground, blank(rgb("f3e4c3")), warped(wax.astype(np.float32), bend[0] * 0.2, bend[1] * 0.2))
    fine = rng.uniform(0, 1, (420, 2))
    _, _, crack = cells(fine, 0.020 * noise((N, N), 1.5, 7), 0.020 * noise((N, N), 1.5, 8))
    veins = smoothstep(0.0034, 0.0012, crack) * smoothstep(-0.6, 0.5, noise((N, N), 1.8, 9))
    return mix(x, blank(rgb("14213d")), 0.85 * veins)


def embroidery():
    """Satin stitches of shining thread on dark linen, along the forms of flowers."""
    x = motifs.flowers(
        back=rgb("f3e9d2 efe0bd"),
        table=rgb("c1121f 8f0d18"),
        vase=rgb("1d3fa5 f3f0e6 0d1f66"),
        petals=rgb("d90429 e8206a ff6d00 1546c9 ffb700"),
        leaf=rgb("0a7d3b 2bb04a 06512a"),
        seed=27,
    )
    angle = blend_angles(along_edges(x, 10) + np.pi / 2, 0.8 * noise((N, N), 2.2, 3), 0.15)
    linen = np.sin(np.arange(N) * 2 * np.pi / 6)
    cloth = blank(rgb("efe3c8")) * (1 + 0.18 * linen[:, None] + 0.18 * linen[None])[..., None]
    thread = paint(
        x,
        angle,
        (Layer(9, 44, 3200, 0.4, 0.04, 0.22), Layer(8, 32, 3600, 0.85, 0.05, 0.22)),
        5,
        ground=(0, 0, 0),
        stop=0.2,
        thick=2.4,
    )
    return mix(cloth, np.clip(thread * 1.1, 0, 1), (grey(thread) > 0.02).astype(float))


def marbling():
    """Colours floated on water, combed in waves, lifted off on paper."""
    rng = np.random.default_rng(5)
    v, u = np.mgrid[0:N, 0:N].astype(np.float64)
    for at in np.linspace(40, N - 40, 9):  # the comb's teeth, one way and then the other
        v = v + (26 if int(at) % 2 else -26) * np.exp(-np.abs(u - at) / 22)
    for at in np.linspace(30, N - 30, 12):
        u = u + 30 * np.exp(-np.abs(v - at) / 16) * (1 if int(at) % 2 else -1)
    u, v = u + 16 * np.sin(v / 47), v + 12 * np.sin(u / 61)
    index = np.full((N, N), -1)
    for drop in range(320)[::-1]:  # the last drop pushes all before it outwards: undone from the last to the first
        (u0, v0), radius = rng.uniform(-40, N + 40, 2), rng.uniform(22, 62)
        du, dv = u - u0, v - v0
        square = du * du + dv * dv
        inside = (square < radius**2) & (index < 0)
        index[inside] = drop
        shrink = np.sqrt(np.clip(1 - radius**2 / np.maximum(square, 1e-6), 0, 1))
        u, v = np.where(index < 0, u0 + du * shrink, u), np.where(index < 0, v0 + dv * shrink, v)
    inks = rgb("0f2d52 d1343c f3ead6 f0a830 1b8a8f f3ead6 551b3a e87a5d")
    x = np.where((index < 0)[..., None], inks[2], inks[rng.integers(len(inks), size=321)[index]])
    return blur(x, 0.6) * (1 + 0.02 * noise((N, N), 0.7, 3))[..., None]
