"""Geometry, light and weather: what no brush has made."""

import numpy as np

from styles import motifs
from styles.fields import (
    N,
    bands,
    blank,
    blur,
    cells,
    grid,
    mix,
    noise,
    ramp,
    relief,
    rgb,
    saturate,
    smoothstep,
    warped,
)


def cubist_facets():
    """A still life broken into shaded planes, seen from several sides at once."""
    x = motifs.flowers(
        back=rgb("6b7f6a c9b48a 3f5563"),
        table=rgb("b5763a 5e3a24"),
        vase=rgb("e9dcc0 4d7593 22384d"),
        petals=rgb("c8553d e8c47c f2e8d5 58749a d98f4e"),
        leaf=rgb("4f6f52 7d9466"),
        seed=33,
    )
    rng = np.random.default_rng(3)
    v, u = grid()
    points = rng.uniform(-0.05, 1.05, (130, 2))
    index, _, _ = cells(points)
    shift = rng.normal(0, 34, (130, 2))[index].astype(np.float32)
    x = saturate(warped(x, shift[..., 0], shift[..., 1]), 1.5)
    turn = rng.uniform(0, 2 * np.pi, 130)[index]
    slope = (u - points[index, 0]) * np.cos(turn) + (v - points[index, 1]) * np.sin(turn)
    x = np.clip(
        x * (1 + 7.0 * np.clip(slope, -0.07, 0.07))[..., None] * rng.uniform(0.75, 1.2, 130)[index][..., None], 0, 1
    )
    edge = np.hypot(*np.gradient(index.astype(float))) > 0
    line = smoothstep(0.10, 0.35, blur(edge.astype(float), 1.3))
    hatch = 1 + 0.14 * np.sin((u * np.sin(turn) - v * np.cos(turn)) * 330) + 0.07 * noise((N, N), 0.7, 4)
    return mix(x * hatch[..., None], blank(rgb("1d1712")), 0.85 * line)


def geometric():
    """Circles, wedges and arcs in clear colours that cross on a warm ground."""
    x = motifs.forms(
        ground=rgb("f7ecd2 f3d9a0 dfe3da"),
        colours=rgb("d7263d f4b41a 1b3b8b 0e8c7f f0803c 2b2d42 eec6ca"),
        ink=rgb("16141c"),
        seed=11,
    )
    return x * (1 + 0.05 * noise((N, N), 0.8, 3) + 0.04 * noise((N, N), 1.8, 5))[..., None]


def neon():
    """Lit tubes of many colours over a dark wet city."""
    x = 0.8 * motifs.city(
        sky=rgb("0a0420 2a0a55 c2187e"),
        walls=rgb("1a0b3c 100726 070314"),
        windows=rgb("00f0ff ff2bd6 ffe04a"),
        seed=6,
    )
    v, u = grid()
    rng = np.random.default_rng(8)
    lights = rgb("00f6ff ff2bd6 ffb400 7dff3a 8a5bff")
    for k in range(15):
        u0, v0, size, turn = *rng.uniform(0.05, 0.95, 2), rng.uniform(0.05, 0.17), rng.uniform(0, 6.28)
        a, b = (u - u0) * np.cos(turn) + (v - v0) * np.sin(turn), -(u - u0) * np.sin(turn) + (v - v0) * np.cos(turn)
        field = (
            np.abs(np.hypot(a, b) - size),
            np.abs(b - 0.04 * np.sin(a * 45)) + (np.abs(a) > 1.6 * size),
            np.abs(np.maximum(np.abs(a), np.abs(b)) - size * 0.8),
        )[k % 3]
        core, halo = smoothstep(0.007, 0.004, field), np.exp(-field / 0.014)
        x = x + (halo * 0.85)[..., None] * lights[k % 5] + (core * 0.6)[..., None]
    return np.clip(x * (1 + 0.05 * noise((N, N), 0.9, 4))[..., None], 0, 1)


def art_deco():
    """Overlapping fans of gold lines on deep green and black lacquer."""
    v, u = grid()
    columns, step = 3, 1 / 6
    x = blank(rgb("0b1f24"))
    fills = rgb("0b1d51 0a6b74 0a0f24 123a7a")
    gold = ramp(rgb("8a5a14 f2cf73 fff0c2 c48f2c"), 0.5 + 0.3 * np.sin(u * 14 + v * 22) + 0.08 * noise((N, N), 1.0, 2))
    for row in range(-1, 8):
        for column in range(columns + 1):
            u0 = (column + 0.5 * (row % 2)) / columns
            away, turn = (
                np.hypot(u - u0, v - row * step - step) * columns * 2,
                np.arctan2(u - u0, row * step + step - v),
            )
            inside = smoothstep(1.0, 0.985, away)
            rays = smoothstep(0.55, 0.75, np.cos(turn * 20)) * (away > 0.36) * (away < 0.80)
            rings = smoothstep(
                0.030, 0.015, np.minimum.reduce([np.abs(away - r) for r in (0.97, 0.86, 0.80, 0.36, 0.20)])
            )
            fan = mix(blank(fills[(row * 2 + column) % 4]), gold, np.clip(np.maximum(rays, rings), 0, 1))
            fan = mix(fan, blank(rgb("e9dcc0")), ((away < 0.17) | (np.abs(away - 0.915) < 0.022)) * 0.85)
            x = mix(x, fan, inside)
    return x * (1 + 0.03 * noise((N, N), 0.6, 5))[..., None]


def rust():
    """Paint peeling off old iron: turquoise flakes, orange bloom, runs of brown."""
    rough, fine = noise((N, N), 1.7, 3), noise((N, N), 0.8, 4)
    runs = noise((N, N), 1.3, 5, stretch=0.15)
    iron = ramp(rgb("2a1410 6b2a12 b9531a e88a2a f5c26b"), 0.45 + 0.17 * rough + 0.10 * fine + 0.10 * runs)
    rng = np.random.default_rng(7)
    index, _, gap = cells(rng.uniform(0, 1, (700, 2)), 0.012 * noise((N, N), 1.4, 6), 0.012 * noise((N, N), 1.4, 7))
    peel = 0.9 * noise((N, N), 1.9, 8) + 0.35 * rng.normal(0, 1, 700)[index] + 0.12 * fine
    coat = smoothstep(-0.05, 0.02, peel) * smoothstep(0.0015, 0.004, gap)
    colours = rgb("1f9c9c 5fc9bd e9efe0 167a86 2f6f9f")
    layer = bands(np.clip(0.5 + 0.25 * noise((N, N), 1.8, 12), 0, 1), 4)
    paint_ = ramp(colours, layer) * (1 + 0.06 * fine + 0.05 * runs)[..., None]
    stain = smoothstep(0.3, 1.6, runs + 0.4 * rough) * 0.6
    x = mix(iron, mix(paint_, blank(rgb("a8541c")), stain), coat)
    return x * relief(blur(coat, 1.5) + 0.06 * fine, 0.8)
