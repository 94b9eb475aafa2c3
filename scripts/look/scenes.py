"""Drawn photos that style transfer finds hard, each (H, W, 3) float32 sRGB in [0, 1], the same at every size.

What stands in the way of a picture is known of each exactly: a sky that is smooth, a background that is plain.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FINER = 2  # times the size at which shapes are drawn before they are reduced


def grid(height, width):
    """Row and column of each pixel's middle, both as a share of the height."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (y + 0.5) / height, (x + 0.5) / height


def evening_sky(height, width):
    """The sky after sunset, from blue to orange about the sun's place, over dark hills: no grain at all."""
    y, x = grid(height, width)
    stops = np.array([0.0, 0.3, 0.55, 0.72, 0.82])
    colours = np.array([[22, 34, 78], [58, 74, 128], [148, 118, 140], [226, 152, 96], [244, 196, 120]]) / 255
    sky = np.stack([np.interp(y, stops, colours[:, channel]) for channel in range(3)], -1)
    away = np.hypot((x - 0.45 * width / height) * 0.8, y - 0.8)
    sky += 0.18 * np.exp(-((away / 0.35) ** 2))[..., None] * np.array([1, 0.75, 0.4])
    for number, (base, rise) in enumerate([(0.80, 0.05), (0.87, 0.04), (0.93, 0.03)]):
        phases = np.random.default_rng(number).uniform(0, 6.28, 6)
        ridge = base - rise * sum(np.sin(x * 3.1 * 1.7**k + phases[k]) / 1.6**k for k in range(6)) / 2
        over = np.clip((y - ridge) * height + 0.5, 0, 1)[..., None]
        sky += over * (np.array([60, 48, 66]) / 255 / (1 + 1.2 * number) - sky)
    return np.clip(sky, 0, 1).astype(np.float32)


def product(height, width):
    """A glazed jar and a cup on white paper with soft shadows, as a shop shows them. White is 250 of 255."""
    y, x = grid(height, width)
    middle = width / height / 2
    picture = np.full((height, width, 3), 250 / 255, np.float32)
    for place, half, top, bottom, colour in [
        (middle - 0.12, 0.17, 0.22, 0.74, (40, 92, 120)),
        (middle + 0.22, 0.11, 0.48, 0.78, (188, 74, 50)),
    ]:
        shadow = np.exp(-(((x - place - 0.05) / (1.3 * half)) ** 2) - ((y - bottom) / 0.035) ** 2)
        picture *= 1 - 0.35 * shadow[..., None]
        up = np.clip((y - top) / (bottom - top), 0, 1)
        reach = half * (0.72 + 0.28 * np.sin(np.pi * up**0.8))
        inside = np.minimum.reduce([reach - abs(x - place), y - top, bottom - y])
        across = np.clip((x - place) / reach, -1, 1)
        shade = 0.35 + 0.65 * np.sqrt(1 - across**2) * (1 - 0.25 * across)
        shine = np.exp(-(((across + 0.45) / 0.09) ** 2)) * (up > 0.12) * (up < 0.85)
        body = shade[..., None] * np.array(colour) / 255 + 0.7 * shine[..., None]
        band = (abs(up - 0.35) < 0.04)[..., None]
        body = np.where(band, shade[..., None] * np.array([232, 216, 180]) / 255, body)
        cover = np.clip(inside * height + 0.5, 0, 1)[..., None]
        picture += cover * (body - picture)
    return np.clip(picture, 0, 1).astype(np.float32)


def text_page(height, width):
    """A page of black letters on white paper, with a heading."""
    image, draw = _canvas(height, width)
    unit = image.height / 40
    heading, body = (ImageFont.load_default(size) for size in (2.6 * unit, 1.15 * unit))
    draw.text((3 * unit, 3 * unit), "On smooth places", fill=16, font=heading)
    words = ("sky", "over", "the", "hills", "was", "plain", "and", "paper", "white", "where", "no", "letter", "stood")
    rng = np.random.default_rng(4)
    for line in range(17):
        row = ""
        while draw.textlength(row, font=body) < image.width - 9 * unit:
            row += words[rng.integers(len(words))] + " "
        draw.text((3 * unit, (8 + 1.8 * line) * unit), row, fill=24, font=body)
    return _reduced(image, height, width)


def line_art(height, width):
    """A house and trees in thin black outlines on white."""
    image, draw = _canvas(height, width)
    unit = image.height / 100
    middle, thick = image.width / 2, max(1, round(0.45 * unit))

    def line(*points):
        draw.line([(middle + x * unit, y * unit) for x, y in points], fill=10, width=thick, joint="curve")

    line((-60, 80), (60, 80))
    line((-20, 80), (-20, 45), (0, 28), (20, 45), (20, 80))
    line((-26, 50), (0, 28), (26, 50))
    line((-4, 80), (-4, 62), (5, 62), (5, 80))
    for x in (-15, 10):
        line((x, 50), (x + 7, 50), (x + 7, 58), (x, 58), (x, 50))
    for x, top in ((-44, 40), (42, 34)):
        line((x, 80), (x, top + 14))
        for radius in (14, 9, 4):
            turn = np.linspace(0, 2 * np.pi, 60)
            wave = radius * (1 + 0.08 * np.sin(7 * turn + radius))
            line(*zip(x + wave * np.cos(turn), top + wave * np.sin(turn), strict=True))
    return _reduced(image, height, width)


def _canvas(height, width):
    image = Image.new("L", (width * FINER, height * FINER), 252)
    return image, ImageDraw.Draw(image)


def _reduced(image, height, width):
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.repeat(np.asarray(small, np.float32)[..., None] / 255, 3, axis=2)
