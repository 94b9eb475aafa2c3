#!/usr/bin/env python3
"""Draw the built-in styles, the pictures behind `--style NAME`, and the sheet of them in docs.

python scripts/samples/make_styles.py                 # all of them, three minutes
python scripts/samples/make_styles.py mosaic batik    # some
python scripts/samples/make_styles.py --sheet         # docs/styles.jpg: each on the sample landscape, by `mini`
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from styles import crafted, modern, painted, printed

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "arbitrary_nst" / "images" / "library"
SIDE = 384  # pixels; the networks read a style at 256

DRAWN = (
    painted.brush_strokes, painted.impasto, painted.palette_knife, painted.fauve_hills, painted.autumn_leaves,
    painted.pointillism, painted.watercolour, painted.chalk_pastel, painted.fresco, painted.aurora,
    printed.ink_hatching, printed.ink_wash, printed.charcoal, printed.linocut, printed.woodblock_waves,
    printed.halftone, printed.risograph, printed.blueprint, printed.paper_cut,
    crafted.mosaic, crafted.stained_glass, crafted.zellige, crafted.woven, crafted.batik, crafted.embroidery,
    crafted.marbling,
    modern.cubist_facets, modern.geometric, modern.neon, modern.art_deco, modern.rust,
)  # fmt: skip
STYLES = {function.__name__.replace("_", "-"): function for function in DRAWN}


def drawn(name):
    """The style's picture, SIDE pixels square."""
    pixels = (np.clip(STYLES[name](), 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def sheet(columns=4, width=320, inset=76):
    """The sample landscape in every style, the style in the corner and its name below."""
    from arbitrary_nst import Stylizer

    stylizer = Stylizer("mini", precision="f32")
    photo = Image.open(ROOT / "scripts" / "samples" / "landscape.jpg")
    photo = photo.resize((2 * width, 2 * width * photo.height // photo.width), Image.Resampling.LANCZOS)
    high, caption = photo.height // 2, 24
    rows = -(-len(STYLES) // columns)
    page = Image.new("RGB", (columns * width, rows * (high + caption)), "white")
    draw = ImageDraw.Draw(page)
    for place, name in enumerate(STYLES):
        left, top = place % columns * width, place // columns * (high + caption)
        path = FOLDER / f"{name}.webp"
        page.paste(stylizer.stylize(photo, path).resize((width, high), Image.Resampling.LANCZOS), (left, top))
        thumbnail = ImageOps.expand(Image.open(path).resize((inset, inset), Image.Resampling.LANCZOS), 2, "white")
        page.paste(thumbnail, (left + 8, top + high - thumbnail.height - 8))
        draw.text((left + 8, top + high + 2), name, "black", font_size=16)
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(STYLES)} (default: all)")
    parser.add_argument("--sheet", action="store_true", help="draw docs/styles.jpg from the pictures that are there")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - STYLES.keys():
        parser.error(f"no style is called {', '.join(sorted(unknown))}")
    if arguments.sheet:
        sheet().save(ROOT / "docs" / "styles.jpg", quality=80, optimize=True)
        return
    for name in arguments.names or STYLES:
        drawn(name).save(FOLDER / f"{name}.webp", quality=80, method=6)
        print(FOLDER / f"{name}.webp", (FOLDER / f"{name}.webp").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
