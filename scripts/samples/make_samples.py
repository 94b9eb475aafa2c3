#!/usr/bin/env python3
"""Draw the sample pictures in scripts/samples: a landscape to stylize, three styles, and a sheet of what comes of them.

python scripts/samples/make_samples.py            # all of them, about a minute
python scripts/samples/make_samples.py landscape  # one
"""

import argparse
from pathlib import Path

import numpy as np
from landscape import landscape, mix, noise, smoothstep
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from scipy.spatial import cKDTree

SAMPLES = Path(__file__).resolve().parent


def save(pixels, name, quality=92):
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    image.save(SAMPLES / f"{name}.jpg", quality=quality, optimize=True)
    print(SAMPLES / f"{name}.jpg", image.size)


# --- brush strokes: short thick strokes of paint that follow a swirling field, large ones first


def swirl_colours(size):
    """A night sky in paint: blues that turn round a few lights, a dark tree line below."""
    v, u = np.mgrid[0:size, 0:size].astype(np.float32) / size
    angle = 0.9 * noise((size, size), 2.2, 4)
    light = np.zeros((size, size), np.float32)
    lights = ((0.72, 0.20, 0.15), (0.24, 0.30, 0.10), (0.47, 0.52, 0.08), (0.88, 0.55, 0.07), (0.10, 0.62, 0.05))
    for x, y, radius in lights:
        away = np.hypot(u - x, v - y)
        pull = np.exp(-((away / (2.2 * radius)) ** 2))
        turn = np.arctan2(v - y, u - x) + np.pi / 2
        angle = angle * (1 - pull) + turn * pull
        rings = 0.35 * np.cos(away / radius * 7) * pull * (away > radius)
        light = np.maximum(light, np.exp(-((away / radius) ** 2)) + rings)
    hills = v - 0.76 - 0.05 * np.sin(u * 7) - 0.03 * np.sin(u * 17 + 1)
    angle = np.where(hills > 0, 0.35 * np.cos(u * 7) + 0.2 * angle, angle)
    tone = 0.5 + 0.28 * noise((size, size), 1.9, 9)
    sky_colour = mix(np.array([0.05, 0.12, 0.38]), np.array([0.36, 0.60, 0.80]), np.clip(tone + 0.25 * light, 0, 1))
    colour = mix(sky_colour, np.array([0.98, 0.80, 0.28]), np.clip(light * 1.1, 0, 1))
    land = mix(np.array([0.05, 0.14, 0.13]), np.array([0.42, 0.50, 0.16]), np.clip(tone * 1.1 - 0.1, 0, 1))
    return np.where(hills[..., None] > 0, land, colour), angle


def brush_strokes(size=768):
    colour, angle = swirl_colours(size)
    rng = np.random.default_rng(12)
    image = Image.fromarray((np.clip(colour, 0, 1) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for length, width, count in ((90, 16, 2500), (60, 10, 6000), (40, 7, 9000)):
        for x, y in rng.uniform(-length / 2, size, (count, 2)):
            paint = colour[int(max(y, 0)), int(max(x, 0))] + rng.normal(0, 0.035, 3)
            stroke(draw, angle, (x, y), length * rng.uniform(0.6, 1.2), width, paint, rng)
    x = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), np.float32) / 255
    relief = x.mean(axis=2)
    lit = relief - np.roll(np.roll(relief, 1, 0), 1, 1)  # paint stands up from the canvas
    return x * (1 + 0.9 * lit[..., None]) + 0.01 * noise((size, size), 0.3, 2)[..., None]


def stroke(draw, angle, start, length, width, paint, rng):
    """One stroke: a bundle of bristles along the field, each with its own tone."""
    size = angle.shape[0]
    path = [np.array(start)]
    for _ in range(6):
        x, y = np.clip(path[-1], 0, size - 1).astype(int)
        path.append(path[-1] + length / 6 * np.array([np.cos(angle[y, x]), np.sin(angle[y, x])]))
    along = path[-1] - path[0]
    across = np.array([-along[1], along[0]]) / max(np.hypot(*along), 1e-6)
    for bristle in np.linspace(-width / 2, width / 2, max(width // 2, 3)):
        tone = np.clip(paint * (1 + rng.normal(0, 0.10)), 0, 1)
        shift = across * bristle
        begin, end = rng.integers(0, 2), len(path) - rng.integers(0, 2)
        draw.line([tuple(point + shift) for point in path[begin:end]], tuple(int(255 * c) for c in tone), 3)


# --- stained glass: a rose window of Voronoi panes in lead


def stained_glass(size=768):
    rng = np.random.default_rng(7)
    v, u = (np.mgrid[0:size, 0:size].astype(np.float32) - size / 2) / (size / 2)
    centres = []
    rings = ((0.0, 1), (0.17, 8), (0.36, 12), (0.58, 18), (0.82, 24), (1.08, 30), (1.36, 36))
    for ring, (radius, count) in enumerate(rings):
        turn = np.arange(count) / count * 2 * np.pi + ring * 0.5
        reach = radius + rng.normal(0, 0.02, count)
        centres += [(r * np.cos(t), r * np.sin(t), ring) for r, t in zip(reach, turn, strict=True)]
    centres = np.array(centres)
    near, order = cKDTree(centres[:, :2]).query(np.stack([u, v], -1), k=2)
    pane = order[..., 0]
    lead = smoothstep(0.020, 0.012, near[..., 1] - near[..., 0])
    jewels = np.array([[0.93, 0.72, 0.10], [0.80, 0.07, 0.10], [0.06, 0.24, 0.70], [0.95, 0.45, 0.06],
                       [0.05, 0.48, 0.26], [0.36, 0.10, 0.52], [0.05, 0.55, 0.70]])  # fmt: skip
    choice = (centres[:, 2].astype(int) * 2 + rng.integers(0, 3, len(centres))) % len(jewels)
    glass = jewels[choice] * rng.uniform(0.75, 1.25, (len(centres), 1)) + rng.normal(0, 0.03, (len(centres), 3))
    streaks = noise((size, size), 1.3, 3, stretch=0.4)
    light = (1.15 - 0.35 * np.hypot(u, v)) * (1 + 0.16 * streaks + 0.05 * noise((size, size), 0.5, 6))
    light = light * (0.80 + 0.35 * smoothstep(0.0, 0.16, near[..., 1] - near[..., 0]))
    solder = np.array([0.07, 0.07, 0.08]) * (1 + 0.8 * np.clip(streaks, 0, 2))[..., None]
    return mix(glass[pane] * light[..., None], solder, lead)


# --- woodblock waves: flat inks, dark outlines, foam, the grain of the block


def woodblock_waves(size=768):
    v, u = np.mgrid[0:size, 0:size].astype(np.float32) / size
    x = mix(np.array([0.93, 0.87, 0.73]), np.array([0.80, 0.72, 0.58]), smoothstep(0.45, 0.0, v))
    sun = np.hypot(u - 0.74, v - 0.20)
    x = mix(x, np.array([0.80, 0.28, 0.18]), smoothstep(0.105, 0.101, sun))
    inks = np.array(
        [[0.62, 0.74, 0.76], [0.36, 0.56, 0.68], [0.17, 0.38, 0.58], [0.09, 0.23, 0.44], [0.05, 0.13, 0.29]]
    )
    for row in range(9):
        x = wave_row(x, u, v, row, inks[row // 2])
    grain = noise((size, size), 1.1, 5, stretch=9.0)
    paper = noise((size, size), 0.4, 6)
    return x * (1 + 0.035 * grain + 0.02 * paper)[..., None]


def wave_row(x, u, v, row, ink):
    """One row of curling waves over what is behind it: stripes of ink along the swell, a crest of foam."""
    pitch, base = 0.20 + 0.035 * row, 0.36 + 0.075 * row
    phase = (u / pitch + 0.37 * row + 0.05 * np.sin(row)) % 1
    leaning = phase**1.8  # slow rise, steep fall: the wave leans over
    crest = base - (0.05 + 0.012 * row) * (np.sin(np.pi * leaning) ** 1.5) + 0.008 * np.sin(u * 23 + row * 2)
    depth = v - crest
    lobes = 0.010 * np.abs(np.sin(phase * np.pi * 7)) + 0.006 * np.abs(np.sin(phase * np.pi * 17 + row))
    body = smoothstep(-0.001, 0.001, depth + lobes)
    stripes = np.sin(np.clip(depth, 0, 1) * (150 - 7 * row) - 2.2 * np.sin(np.pi * leaning))
    colour = mix(ink * np.ones((*u.shape, 3)), np.clip(ink * 1.25 + 0.17, 0, 1), smoothstep(0.25, 0.5, stripes))
    foam = smoothstep(0.016 + 0.5 * lobes, 0.012 + 0.5 * lobes, depth)
    colour = mix(colour, np.array([0.95, 0.92, 0.83]), foam)
    rim = smoothstep(0.0045, 0.003, np.abs(depth + lobes))
    rim = rim + smoothstep(0.003, 0.0015, np.abs(depth - 0.014 - 0.5 * lobes))
    return mix(x, mix(colour, np.array([0.04, 0.09, 0.20]), np.clip(rim, 0, 1)), body)


# --- what the bundled model makes of them


def contact_sheet(width=640, inset=150):
    """The landscape, and the landscape in each style, the style in its corner; by the bundled model."""
    from arbitrary_nst import Stylizer

    stylizer = Stylizer("mini", precision="f32")
    photo = Image.open(SAMPLES / "landscape.jpg")
    tiles = [photo.resize((width, width * photo.height // photo.width), Image.Resampling.LANCZOS)]
    for style in (brush_strokes, stained_glass, woodblock_waves):
        path = SAMPLES / f"{style.__name__}.jpg"
        tile = stylizer.stylize(photo, path).resize(tiles[0].size, Image.Resampling.LANCZOS)
        thumbnail = ImageOps.expand(Image.open(path).resize((inset, inset), Image.Resampling.LANCZOS), 3, "white")
        tile.paste(thumbnail, (12, tile.height - thumbnail.height - 12))
        tiles.append(tile)
    rows = [np.hstack([np.asarray(tile) for tile in tiles[i : i + 2]]) for i in (0, 2)]
    return np.vstack(rows) / 255


PICTURES = {f.__name__: f for f in (landscape, brush_strokes, stained_glass, woodblock_waves, contact_sheet)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(PICTURES), help=f"{', '.join(PICTURES)} (default: all)")
    SAMPLES.mkdir(exist_ok=True)
    for name in parser.parse_args().names:
        save(PICTURES[name](), name)


if __name__ == "__main__":
    main()
