#!/usr/bin/env python3
"""Draw README's first picture: the sample landscape plain, in a learnt style, and refined, side by side.

VGG19's weights are found as `arbstyle run --refine` finds them (ARBSTYLE_MODEL_DIR). Takes a minute or two.

    python scripts/look/first_picture.py docs/first.jpg
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arbitrary_nst import Stylizer
from arbitrary_nst.images import library

LANDSCAPE = Path(__file__).parent.parent / "samples" / "landscape.jpg"
SIDE, GAP, LINE = 620, 8, 34  # px: of each picture, between them, for the words below


def pictures(style, steps):
    """The photo, one pass by the style's picture, one by what was learnt, and that refined, with their names."""
    stylizer, picture = Stylizer("mini"), library.style_picture(style)
    photo = stylizer.stylize(LANDSCAPE, style, strength=0, max_size=SIDE)
    plain = stylizer.style(picture.read_bytes(), name=style)  # as bytes it is a picture, whatever was learnt of it
    yield "a photo", photo
    yield f"{style}: one pass", stylizer.stylize(photo, plain)
    learnt = stylizer.stylize(photo, stylizer.style(style))
    yield "learnt once: one pass", learnt
    yield "refined: a minute more", stylizer.refine(learnt, photo=photo, style_image=picture, steps=steps)


def sheet(drawn):
    """Two by two, each with its name below."""
    width, height = drawn[0][1].size
    out = Image.new("RGB", (2 * width + GAP, 2 * (height + LINE)), "white")
    pen, font = ImageDraw.Draw(out), ImageFont.load_default(20)
    for number, (name, picture) in enumerate(drawn):
        left, top = number % 2 * (width + GAP), number // 2 * (height + LINE)
        out.paste(picture, (left, top))
        pen.text((left, top + height + 5), name, "black", font)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--style", default="mosaic", help="a built-in style that is learnt (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="of the refinement (default: %(default)s)")
    args = parser.parse_args()
    drawn = [(name, Image.fromarray(np.asarray(picture))) for name, picture in pictures(args.style, args.steps)]
    sheet(drawn).save(args.output, quality=82)


if __name__ == "__main__":
    main()
