"""Ink: a motif cut, hatched, screened or washed onto paper."""

import numpy as np
from make_samples import woodblock_waves as waves_768
from PIL import Image, ImageDraw

from styles import motifs
from styles.brush import along_edges
from styles.fields import (
    N,
    bands,
    blank,
    blur,
    grey,
    grid,
    mix,
    noise,
    polygon,
    ramp,
    rgb,
    sample,
    smoothstep,
    warped,
)


def tonal_hills(seed):
    """Hills in greys with strong light, for what is drawn with one ink."""
    return grey(
        motifs.hills(
            sky=rgb("808080 d8d8d8 f4f4f4"),
            sun=rgb("ffffff"),
            land=rgb("505050 b0b0b0 707070 e0e0e0 3c3c3c"),
            trees=rgb("101010 282828 1c1c1c"),
            walls=rgb("ffffff"),
            roof=rgb("303030"),
            seed=seed,
        )
    )


def woodblock_waves():
    return waves_768(N)


def lines_along(angle, pitch, wobble=0.0):
    """A wave in [-1, 1] whose crests run along one direction (radians), so many pixels apart."""
    v, u = np.mgrid[0:N, 0:N].astype(np.float32)
    return np.sin((-np.sin(angle) * u + np.cos(angle) * v + wobble) * 2 * np.pi / pitch)


def ink_hatching():
    """Pen lines in four directions, one more as the tone falls; outlines; warm paper."""
    tone = np.clip(blur(tonal_hills(3), 1.0) * 1.25 - 0.04, 0, 1)
    shake = 2.5 * noise((N, N), 1.8, 1)
    ink = np.zeros((N, N))
    for angle, limit, pitch in ((0.8, 0.80, 17), (-0.75, 0.56, 17), (0.05, 0.38, 15), (1.6, 0.22, 13)):
        swell = np.clip((limit - tone) * 2.2, -1, 0.9)
        ink = np.maximum(
            ink, smoothstep(0.62 - 0.75 * swell, 0.80 - 0.75 * swell, lines_along(angle, pitch, shake)) * (tone < limit)
        )
    edges = smoothstep(0.03, 0.08, np.hypot(*np.gradient(blur(tone, 1.0))))
    paper = blank(rgb("f3e7cb")) * (1 + 0.03 * noise((N, N), 1.2, 5))[..., None]
    return mix(
        paper, blank(rgb("1d1a2b")), np.clip(np.maximum(ink, edges), 0, 1) * (0.93 + 0.05 * noise((N, N), 0.5, 4))
    )


def charcoal():
    """Smeared black dust with hard accents on toothy paper; a little red chalk."""
    x = motifs.hills(
        sky=rgb("6a6a6a d0d0d0 ffffff"),
        sun=rgb("ffffff"),
        land=rgb("303030 c8c8c8 606060 f4f4f4 202020"),
        trees=rgb("000000 101010"),
        walls=rgb("ffffff"),
        roof=rgb("202020"),
        seed=37,
    )
    tone = blur(grey(x), 1.5)
    tooth = noise((N, N), 0.5, 2) + 0.5 * noise((N, N), 1.0, 3)
    angle = along_edges(x, 10)
    dust = np.zeros((N, N))
    streaks = noise((N, N), 0.7, 4)
    v, u = np.mgrid[0:N, 0:N].astype(np.float32)
    for step in np.linspace(-16, 16, 17):  # noise drawn out along the field: strokes of the stick's side
        dust += sample(streaks, u + step * np.cos(angle), v + step * np.sin(angle)) / 17
    dust = dust / dust.std()
    dark = smoothstep(-1.6, 1.9, (0.36 - tone) * 6.5 + 0.8 * dust + 0.4 * tooth)
    edges = smoothstep(0.02, 0.07, np.hypot(*np.gradient(blur(tone, 1.5))) + 0.012 * dust)
    paper = blank(rgb("e9e2d4"))
    red = (
        smoothstep(0.3, 0.9, noise((N, N), 2.0, 9))
        * smoothstep(0.2, 0.6, tone)
        * smoothstep(-0.6, 0.6, dust + 0.5 * tooth)
    )
    return mix(
        mix(paper, blank(rgb("a8442a")), 0.7 * red), blank(rgb("17161a")), np.clip(np.maximum(dark, 0.9 * edges), 0, 1)
    )


def linocut():
    """One block, two inks: gouged lines that follow the forms, white left standing."""
    x = motifs.flowers(
        back=rgb("606060 a0a0a0 404040"),
        table=rgb("808080 303030"),
        vase=rgb("ffffff 707070 202020"),
        petals=rgb("ffffff e0e0e0 f0f0f0"),
        leaf=rgb("505050 808080"),
        seed=5,
    )
    tone = blur(grey(x), 1.5)
    angle = along_edges(x, 16)
    phase = np.zeros((N, N))
    for turn in np.arange(8) * np.pi / 8:  # gouges run with the field: the nearest of eight directions, faded across
        weight = np.clip(np.cos(2 * (angle - turn)), 0, 1) ** 6
        phase += weight * lines_along(turn, 20, 3 * noise((N, N), 1.9, 1))
    white = smoothstep(-0.12, 0.12, phase * 0.55 + (tone - 0.52) * 2.6)
    outline = smoothstep(0.025, 0.05, np.hypot(*np.gradient(blur(tone, 2.2))))
    white = np.clip(white - outline, 0, 1)
    second = smoothstep(0.45, 0.55, blur(tone, 4) + 0.1 * noise((N, N), 1.9, 3))
    under = mix(blank(rgb("e2522b")), blank(rgb("f6ead0")), second)
    speck = smoothstep(2.1, 2.5, noise((N, N), 0.5, 6))
    return mix(blank(rgb("16202e")), under, np.maximum(white, speck))


def halftone():
    """Flat colours under a screen of dots, held by black outlines: a comic's page."""
    x = motifs.flowers(
        back=rgb("ffd60a ffee88 ffc300"),
        table=rgb("00a6e0 0077b6"),
        vase=rgb("ffffff ff4d94 b5179e"),
        petals=rgb("ef233c ff70a6 ffffff ff8c1a"),
        leaf=rgb("06b06a 057a4a"),
        seed=19,
    )
    tone = blur(grey(x), 2.0)
    outline = smoothstep(0.022, 0.045, np.hypot(*np.gradient(blur(grey(x), 2.4))))
    flat = np.round(blur(x, 2.5) * 3) / 3
    screen = (lines_along(0.45, 30) + lines_along(0.45 + np.pi / 2, 30)) / 4 + 0.5
    dark = smoothstep(-0.04, 0.04, 0.62 - 0.9 * tone - 0.55 * screen)  # dots of the same ink once more, in the shadows
    light = smoothstep(-0.04, 0.04, screen - 0.80) * (tone > 0.55)
    x = mix(mix(flat, flat * rgb("5f4a9a"), dark), blank(rgb("fffdf4")), light)
    return mix(x, blank(rgb("15121c")), outline)


def risograph():
    """Two spot inks out of register, one grainy: pink and blue on uncoated paper."""
    x = motifs.hills(
        sky=rgb("404040 a0a0a0 f0f0f0"),
        sun=rgb("ffffff"),
        land=rgb("606060 d0d0d0 909090 f0f0f0 484848"),
        trees=rgb("101010 303030"),
        walls=rgb("ffffff"),
        roof=rgb("202020"),
        seed=23,
    )
    tone = np.clip(grey(x), 0, 1)
    grain = noise((N, N), 0.15, 2)
    v, u = grid()
    pink = smoothstep(-0.10, 0.10, 0.72 - np.roll(bands(tone, 4), (7, 9), (0, 1)) + 0.20 * grain)
    screen = lines_along(0.6, 16)
    blue = smoothstep(-0.08, 0.08, (0.50 - tone) + 0.24 * screen + 0.05 * grain)
    yellow = smoothstep(0.60, 0.80, v + 0.08 * np.sin(u * 9)) + motifs.disc(0.68, 0.21, 0.11)
    out = blank(rgb("faf3e3")) * mix(blank(np.ones(3)), blank(rgb("ffd23c")), np.clip(yellow, 0, 1))
    out = out * mix(blank(np.ones(3)), blank(rgb("ff4c7a")), pink)
    return out * mix(blank(np.ones(3)), blank(rgb("2b50c8")), blue)


def blueprint():
    """White lines on Prussian blue: plans, arcs and dimensions over a grid."""
    rng = np.random.default_rng(4)
    image = Image.new("L", (N, N))
    draw = ImageDraw.Draw(image)
    for at in np.arange(0, N, 32):
        for line in ((at, 0, at, N), (0, at, N, at)):
            draw.line(line, 60, 2)
    for _ in range(16):
        u0, v0, wide, tall = *rng.integers(-60, N - 100, 2), *rng.integers(90, 280, 2)
        draw.rectangle((u0, v0, u0 + wide, v0 + tall), outline=235, width=int(rng.integers(3, 7)))
        draw.rectangle((u0 + 12, v0 + 12, u0 + wide - 12, v0 + tall - 12), outline=150, width=2)
        for k in range(0, int(wide), 14):
            draw.line((u0 + k, v0 + tall, u0 + k + 12, v0 + tall + 16), 170, 2)
        radius = int(rng.integers(30, 110))
        draw.arc((u0 - radius, v0 - radius, u0 + radius, v0 + radius), *rng.integers(0, 180, 2) * 2, fill=235, width=4)
        draw.ellipse((u0 + wide - radius, v0 - radius, u0 + wide + radius, v0 + radius), outline=210, width=3)
        draw.line((u0 + wide - 1.3 * radius, v0, u0 + wide + 1.3 * radius, v0), 190, 2)
        draw.line((u0 + wide, v0 - 1.3 * radius, u0 + wide, v0 + 1.3 * radius), 190, 2)
    line = blur(np.asarray(image, np.float32) / 255, 0.6)
    line = warped(line, 1.5 * noise((N, N), 1.8, 7), 1.5 * noise((N, N), 1.8, 8))
    faded = 0.5 + 0.16 * noise((N, N), 1.8, 5) + 0.05 * noise((N, N), 0.6, 6)
    return mix(ramp(rgb("0c2a6b 1546a0 2a6cc8"), faded), blank(rgb("eaf3ff")), np.clip(line * 1.05, 0, 1))


def paper_cut():
    """Sheets of coloured card cut in waves and leaves, each throwing a shadow on the next."""
    v, u = grid()
    rng = np.random.default_rng(6)
    cards = rgb("fff3d9 ffb4a2 ff6f59 e8505b 8a3a8f 3d348b 1d2560 0fa3b1 f9c80e")
    x = blank(cards[0])
    for row in range(17):
        top = -0.02 + row * 0.062
        edge = top + 0.045 * np.sin(u * rng.uniform(7, 15) + row * 1.7) + 0.018 * np.sin(u * rng.uniform(20, 34) + row)
        mask = (v > edge).astype(float)
        for _ in range(5):
            at, size, turn = rng.uniform(0, 1), rng.uniform(0.035, 0.065), rng.normal(0, 0.6)
            t = np.linspace(0, 1, 20)
            side = 0.35 * np.sin(np.pi * t)
            leaf = np.concatenate([np.stack([side, -2 * t], -1), np.stack([-side, -2 * t], -1)[::-1]]) * size
            turned = leaf @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            mask = np.maximum(mask, polygon(turned + np.array([at, edge[0, int(at * N)] + 0.02]), 0.4))
        shadow = np.roll(blur(mask, 6), (-9, -6), (0, 1)) * 0.55
        x = x * (1 - shadow * (1 - mask))[..., None]
        card = cards[(row * 2 + row // 5 + 1) % len(cards)] * (1 + 0.025 * noise((N, N), 0.6, row))[..., None]
        x = mix(x, card, mask)
    return x


def ink_wash():
    """Grey washes of one ink, mountains above mist, brushed trees; a red seal."""
    v, u = grid()
    rough, fine = noise((N, N), 1.7, 1), noise((N, N), 0.8, 2)
    dark = 0.05 + 0.03 * rough
    for row, base in enumerate((0.22, 0.36, 0.52, 0.68, 0.86)):
        ridge = base - 0.13 * np.abs(noise((N, N), 2.1, 20 + row)[7]) + 0.05 * np.sin(u * (4 + row) + row * 2)
        depth = v - ridge
        body = smoothstep(-0.002, 0.004 + 0.002 * row, depth + 0.004 * fine)
        dry = smoothstep(-0.4, 0.9, noise((N, N), 1.2, 30 + row, stretch=0.4) + 1.0 - depth * 9)
        wash = (0.25 + 0.16 * row) * np.exp(-depth * (9 - row)) * (0.55 + 0.45 * dry) + 0.10 * smoothstep(
            0.01, 0.0, np.abs(depth)
        )
        dark = dark * (1 - body) + body * wash
    rng = np.random.default_rng(5)
    for _ in range(60):
        at, foot, size = rng.uniform(0, 1), rng.uniform(0.45, 0.98), rng.uniform(0.02, 0.06)
        away = np.hypot((u - at) / size + 0.35 * rough, (v - foot) / (0.55 * size) + 0.35 * fine)
        dark = np.maximum(dark, 0.95 * smoothstep(1.1, 0.5, away))
    x = ramp(rgb("f4efe2 b9bcb8 5d666b 15181d"), dark + 0.03 * fine)
    seal = smoothstep(0.055, 0.052, np.maximum(np.abs(u - 0.86), np.abs(v - 0.13)))
    cut = smoothstep(0.2, 0.5, np.sin(u * 190) * np.sin(v * 150) + 0.3 * fine)
    return mix(x, blank(rgb("c3272b")), seal * (1 - 0.9 * cut))
