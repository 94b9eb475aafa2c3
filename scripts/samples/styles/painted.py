"""Paint: a motif in strokes along its edges and a field."""

import numpy as np
from make_samples import swirl_colours

from styles import motifs
from styles.brush import Layer, along_edges, blend_angles, dots, paint
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
    ramp,
    rgb,
    saturate,
    scattered,
    smoothstep,
    warped,
)


def brush_strokes():
    x, angle = swirl_colours(N)
    x = np.clip(0.46 + 1.5 * (saturate(np.clip(x, 0, 1), 1.2) - 0.36), 0, 1)
    layers = (Layer(34, 120, 900, 0, 0.07), Layer(22, 90, 1700, 0.2, 0.09, 0.12), Layer(13, 56, 1500, 0.7, 0.10, 0.12))
    return paint(x, angle, layers, 12, ground=rgb("c9a23a"), stop=0.5, thick=1.2)


def impasto():
    x = motifs.flowers(
        back=rgb("f6dfb8 f2a65a fbf0dc e8846b"),
        table=rgb("123c69 2e6f95"),
        vase=rgb("f7f3e8 1d6fa3 0b2545"),
        petals=rgb("d00000 f7f0e0 9d0208 ff7b00 c9184a"),
        leaf=rgb("1b4332 588157 081c15"),
    )
    angle = blend_angles(along_edges(x, 14), 1.2 * noise((N, N), 2.2, 3), 0.25)
    layers = (
        Layer(42, 90, 800, 0, 0.06, 0.13),
        Layer(26, 60, 1700, 0.5, 0.06, 0.14),
        Layer(15, 44, 1600, 0.9, 0.05, 0.12),
    )
    return paint(x, angle, layers, 4, ground=rgb("5a1f1a"), stop=0.3, thick=2.6)


def pointillism():
    x = motifs.harbour(
        sky=rgb("5b8fd6 f7d27c f6a96b"),
        sea=rgb("2a5db0 2fa39b 6a4fb3"),
        sails=rgb("fff3d6 f28c38 e34a4a"),
        hull=rgb("5a2d6e"),
        sun=rgb("fff0a0"),
        seed=9,
    )
    x = np.clip(0.5 + 1.25 * (saturate(x, 1.2) - 0.5), 0, 1)
    under = dots(x, 17, 5000, 1, ground=rgb("f3ead2"), vivid=0.10)
    top = dots(x, 10.5, 5000, 2, ground=rgb("000000"), vivid=0.17)
    return np.where(top.sum(-1, keepdims=True) > 0, top, under)


def autumn_leaves():
    x = motifs.forest(
        sky=rgb("fff1b8 9fd0d6 3f7f9f"),
        trunks=rgb("2b1b2e c9b8a8"),
        leaves=rgb("7a1020 d62f1f f47c20 ffc42e a83c14"),
        ground=rgb("5c2a3a b5651d e0a030"),
    )
    angle = blend_angles(along_edges(x, 7), 1.4 * noise((N, N), 1.9, 31), 0.35)
    layers = (
        Layer(26, 50, 1800, 0, 0.05, 0.10),
        Layer(14, 26, 5000, 0.4, 0.08, 0.08),
        Layer(9, 40, 1600, 1, 0.04, 0.08),
    )
    return paint(x, angle, layers, 14, ground=rgb("3a1430"), stop=0.22, thick=1.4)


def fauve_hills():
    x = motifs.hills(
        sky=rgb("1f9e9a ffd23f ff6f91"),
        sun=rgb("fff275"),
        land=rgb("e84393 2ec4b6 ff9f1c 5f3dc4 8bc926"),
        trees=rgb("0b3954 7b0d1e 1b6b3a"),
        walls=rgb("fdf0d5"),
        roof=rgb("d7263d"),
    )
    layers = (
        Layer(40, 130, 900, 0, 0.04, 0.07),
        Layer(22, 80, 2200, 0.4, 0.05, 0.08),
        Layer(11, 46, 2600, 0.95, 0.03, 0.06),
    )
    return paint(x, along_edges(x, 12), layers, 6, ground=rgb("3b1c5a"), stop=0.3, thick=0.9)


def palette_knife():
    """Flat slabs of paint with sharp edges, laid by a knife: boats at sunset."""
    x = motifs.harbour(
        sky=rgb("2b1a6b e8386f ffc23c fff1c4"),
        sea=rgb("14103f ff7f51 0fb5ba"),
        sails=rgb("fffaf0 1fd1c7 ffe45e"),
        hull=rgb("0d0724"),
        sun=rgb("fffbe6"),
        seed=4,
    )
    angle = blend_angles(np.zeros((N, N)), along_edges(x, 10), 0.45)
    layers = (
        Layer(60, 90, 600, 0, 0.09, 0.03),
        Layer(38, 66, 1000, 0.4, 0.11, 0.03),
        Layer(22, 40, 1100, 0.9, 0.08, 0.02),
    )
    return paint(x, angle, layers, 9, ground=rgb("24124a"), stop=0.3, thick=1.8)


def watercolour():
    """Washes that pool at their edges and run into one another, on rough paper."""
    x = motifs.harbour(
        sky=rgb("3f8fd2 bfe3ee fbd7a1"),
        sea=rgb("1d6fb0 3ec1c9 8ad1c2"),
        sails=rgb("e9584f f5a742 fdf6e3"),
        hull=rgb("7a3b69"),
        sun=rgb("ffd25a"),
        seed=21,
    )
    x = warped(x, *(16 * noise((N, N), 1.7, seed) for seed in (1, 2)))
    rng = np.random.default_rng(3)
    index, _, _ = cells(rng.uniform(0, 1, (420, 2)), 0.016 * noise((N, N), 1.5, 5), 0.016 * noise((N, N), 1.5, 6))
    wash = pieces(saturate(x, 1.35), index, 420)[index]
    x = mix(blur(x, 6), wash, 0.8 * np.ones((N, N)))
    edges = np.hypot(*np.gradient(blur(grey(x), 1.2)))
    pooled = smoothstep(0.004, 0.04, edges) * 0.75
    bloom = 0.11 * noise((N, N), 1.5, 8) + 0.05 * noise((N, N), 0.7, 9)
    density = 1 + pooled + bloom
    dry = smoothstep(1.5, 1.9, noise((N, N), 1.6, 12) + 0.35 * noise((N, N), 0.4, 13))
    x = np.clip(x, 0.02, 1) ** density[..., None]
    return mix(x, blank(rgb("fbf7ec")), 0.9 * dry) * (1 + 0.02 * noise((N, N), 0.5, 14))[..., None]


def chalk_pastel():
    """Chalk dragged over black paper, whose grain shows through."""
    x = motifs.hills(
        sky=rgb("b8a1e3 ffb3c6 ffe5b4"),
        sun=rgb("fff6d6"),
        land=rgb("7fd8be ff8fa3 fcefb4 6c8ae4 f9a66c"),
        trees=rgb("1b6b63 44318d 0f2a3d"),
        walls=rgb("fff8f0"),
        roof=rgb("e4572e"),
        seed=29,
    )
    angle = blend_angles(along_edges(x, 10), np.full((N, N), -0.9), 0.35)
    layers = (Layer(24, 90, 800, 0, 0.06, 0.12), Layer(14, 70, 1800, 0.5, 0.08, 0.14))
    chalk = paint(x, angle, layers, 5, ground=rgb("15131c"), stop=0.35, thick=0.3)
    gaps = smoothstep(
        0.02, 0.06, np.hypot(*np.gradient(blur(grey(x), 2.5)))
    )  # forms are left apart: the paper outlines them
    grain = smoothstep(-0.4, 0.8, 0.6 * noise((N, N), 0.9, 6) + 1.3 * grey(chalk) - 1.8 * gaps)
    return mix(blank(rgb("131119")), np.clip(chalk * 1.15, 0, 1), grain)


def fresco():
    """Mineral colours sunk into old plaster, cracked and worn."""
    x = motifs.hills(
        sky=rgb("1b3f8f 2f6fb5 8fc1d4"),
        sun=rgb("f5d77a"),
        land=rgb("c23b22 f3e3bd d99a2b 5f8f6b 7a1f1a"),
        trees=rgb("12324a 3d0f12"),
        walls=rgb("f7ecd0"),
        roof=rgb("b02a1a"),
        seed=17,
    )
    layers = (Layer(30, 90, 1200, 0, 0.03, 0.05), Layer(14, 50, 2600, 0.7, 0.03, 0.05))
    x = paint(x, along_edges(x, 10), layers, 3, ground=rgb("c9a878"), stop=0.2, thick=0.4)
    rng = np.random.default_rng(8)
    shake = 0.010 * noise((N, N), 1.4, 5), 0.010 * noise((N, N), 1.4, 6)
    _, _, coarse = cells(scattered(7, rng), *(0.6 * field for field in shake))
    index, _, fine = cells(scattered(22, rng), *shake)
    x = x * rng.uniform(0.88, 1.12, (484, 1))[index]
    crack = np.maximum(smoothstep(0.0045, 0.002, coarse), 0.75 * smoothstep(0.0028, 0.001, fine))
    worn = smoothstep(1.25, 1.45, noise((N, N), 1.5, 11) + 0.2 * noise((N, N), 0.6, 12))
    x = mix(x, ramp(rgb("e9dcc0 cdb894"), 0.5 + 0.3 * noise((N, N), 0.8, 13)), worn)
    return mix(x, blank(rgb("33241c")), crack) * (1 + 0.03 * noise((N, N), 0.5, 14))[..., None]


def aurora():
    """Curtains of green and violet light over snow and firs, in soft vertical strokes."""
    v, u = grid()
    x = ramp(rgb("050a24 0c1c4d 143a63"), v / 0.8)
    for k, (colour, high) in enumerate(
        zip(rgb("19ff9c 7a4dff 2be0ff ff4fb0 8dff4a"), (0.5, 0.34, 0.62, 0.24, 0.44), strict=True)
    ):
        foot = high + 0.13 * np.sin(u * (4 + k) + 2 * k) + 0.04 * np.sin(u * 13 + k)
        rays = 0.55 + 0.45 * np.sin(u * 95 + 9 * np.sin(u * 7 + k) + 3 * np.sin(u * 31))
        up = foot - v
        light = smoothstep(-0.02, 0.01, up) * np.exp(-np.clip(up, 0, 1) * (6 + 3 * rays)) * (0.35 + 0.65 * rays)
        x = x + light[..., None] * colour * 0.8
    rng = np.random.default_rng(2)
    ground = 0.80 + 0.03 * np.sin(u * 8)
    x = np.where(
        (v > ground)[..., None],
        ramp(rgb("9fd8e8 3a6ea5 1b2f66"), (v - ground) / 0.2 + 0.15 * noise((N, N), 1.6, 3)),
        x,
    )
    for at in rng.uniform(0, 1, 26):
        foot, tall = 0.83 + 0.08 * rng.random(), rng.uniform(0.10, 0.26)
        up = (foot - v) / tall
        wide = 0.22 * tall * (1 - up) * (0.65 + 0.35 * (up * 7 % 1 < 0.5))
        x = np.where(((np.abs(u - at) < wide) & (up > 0) & (up < 1))[..., None], rgb("04101c"), x)
    angle = np.where(v < ground, np.pi / 2 + 0.25 * np.cos(u * 13), 0.1)
    layers = (Layer(20, 70, 1700, 0, 0.03, 0.10), Layer(11, 50, 3600, 0.6, 0.03, 0.10))
    return paint(np.clip(x, 0, 1), angle, layers, 4, ground=rgb("08122e"), stop=0.4, thick=0.8)
