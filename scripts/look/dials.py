#!/usr/bin/env python3
"""Draw the sheets of docs/dials.md, one per dial, from our own sample pictures. python scripts/look/dials.py"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from arbitrary_nst import DrawOptions, Stylizer, images, presets
from arbitrary_nst.images.contact_sheet import sheet

ROOT = Path(__file__).resolve().parents[2]
SAMPLES, SHEETS = ROOT / "scripts" / "samples", ROOT / "docs" / "dials"
STYLES = ("brush_strokes", "woodblock_waves")
CELL = 320
# The ridge of scripts/samples/landscape.jpg from left to right, in a picture 640 px wide and 426 high.
RIDGE = (
    (0, 92), (20, 90), (55, 85), (100, 92), (150, 95), (200, 112), (240, 113), (290, 115), (330, 123), (375, 133),
    (410, 107), (450, 95), (490, 90), (520, 85), (560, 103), (600, 125), (640, 135),
)  # fmt: skip


def save(name, rows, columns, cells):
    path = SHEETS / f"{name}.jpg"
    picture = sheet(rows, columns, iter(cells), CELL)
    picture.save(path, quality=82, optimize=True)
    print(path.relative_to(ROOT), picture.size, path.stat().st_size)


def draw_sky(path):
    """A mask that is white where the sky is."""
    mask = Image.new("L", (640, 426))
    ImageDraw.Draw(mask).polygon([(0, 0), *RIDGE, (640, 0)], fill=255)
    mask.save(path)


def main():
    stylizer = Stylizer("mini")
    photo = images.resize_longest(stylizer.read(SAMPLES / "landscape.jpg"), 960)
    styles = {name: stylizer.style(SAMPLES / f"{name}.jpg") for name in (*STYLES, "stained_glass")}
    names = [name.replace("_", " ") for name in STYLES]

    def drawn(style, **options):
        return stylizer.draw([photo], style, DrawOptions(**options))[0].pixels

    SHEETS.mkdir(exist_ok=True)
    strengths = (0, 0.1, 0.25, 0.5, 1, 1.5, 2)
    save(
        "strength",
        names,
        [f"strength {strength:g}" for strength in strengths],
        [drawn(styles[name], strength=strength) for name in STYLES for strength in strengths],
    )
    shares = ((1, 0), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75), (0, 1))
    blends = [stylizer.style(dict(zip((styles[name] for name in STYLES), each, strict=True))) for each in shares]
    save("blend", [""], [f"{a:g} and {b:g}" for a, b in shares], [drawn(style) for style in blends])
    colors = ("style", "photo", "match")
    save(
        "colors",
        [name.replace("_", " ") for name in styles],
        ["the photo", *(f"colors {each}" for each in colors)],
        [cell for style in styles.values() for cell in
         (photo.pixels, *(drawn(style, colors=each) for each in colors))],
    )  # fmt: skip
    save(
        "presets",
        names,
        ["plain", *presets.PRESETS],
        [cell for name in STYLES for cell in
         (drawn(styles[name]), *(drawn(styles[name], **presets.options(each)) for each in presets.PRESETS))],
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        sky = Path(folder) / "sky.png"
        draw_sky(sky)
        seen = np.repeat(images.masks.read(sky).weights[..., np.newaxis], 3, axis=2)
        base = styles["woodblock_waves"]
        save(
            "mask",
            [""],
            ["the mask", "mask", "mask, feather 60", "region"],
            [
                seen,
                drawn(base, mask=sky),
                drawn(base, mask=sky, feather=60),
                drawn(base, regions={sky: SAMPLES / "brush_strokes.jpg"}, feather=6),
            ],
        )


if __name__ == "__main__":
    main()
