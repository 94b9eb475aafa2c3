"""One labelled sheet of many pictures: rows down, columns across."""

import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont

from arbitrary_nst.images.photo import Pixels, to_bytes

GAP = 8  # px, around every cell
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def sheet(rows: Sequence[str], columns: Sequence[str], cells: Iterator[Pixels], cell: int) -> Image.Image:
    """Pictures, row by row, fitted into squares of ``cell`` px below and beside their labels."""
    text = max(11, cell // 16)
    font = ImageFont.load_default(size=text)
    ruler = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    beside = max((round(ruler.textlength(label, font=font)) for label in rows), default=0) + 2 * GAP
    beside = min(beside, 2 * cell)
    above = round(1.6 * text) + GAP
    pictures = [_thumbnail(next(cells), cell) for _ in rows for _ in columns]
    lines = [pictures[at : at + len(columns)] for at in range(0, len(pictures), len(columns))]
    heights = [max(picture.height for picture in line) for line in lines]
    image = Image.new("RGB", (beside + len(columns) * (cell + GAP), above + sum(heights) + len(rows) * GAP), WHITE)
    draw = ImageDraw.Draw(image)
    for column, label in enumerate(columns):
        at = (beside + column * (cell + GAP) + cell // 2, above // 2)
        draw.text(at, _shortened(draw, label, font, cell), BLACK, font, anchor="mm")
    top = above
    for label, line, height in zip(rows, lines, heights, strict=True):
        at = (beside - GAP, top + height // 2)
        draw.text(at, _shortened(draw, label, font, beside - 2 * GAP), BLACK, font, anchor="rm")
        for column, picture in enumerate(line):
            left = beside + column * (cell + GAP) + (cell - picture.width) // 2
            image.paste(picture, (left, top + (height - picture.height) // 2))
        top += height + GAP
    return image


def gallery(pictures: Sequence[tuple[str, Pixels]], cell: int) -> Image.Image:
    """Labelled pictures in rows, about half as many again across as down, each above its label."""
    text = max(11, cell // 16)
    font, across = ImageFont.load_default(size=text), math.ceil(math.sqrt(1.5 * len(pictures)))
    shown = [(label, _thumbnail(picture, cell)) for label, picture in pictures]
    rows = [shown[at : at + across] for at in range(0, len(shown), across)]
    below = round(1.6 * text)
    heights = [max(picture.height for _, picture in row) + below + GAP for row in rows]
    across = min(across, len(shown))
    image = Image.new("RGB", (GAP + across * (cell + GAP), GAP + sum(heights)), WHITE)
    draw, top = ImageDraw.Draw(image), GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (label, picture) in enumerate(row):
            left = GAP + column * (cell + GAP) + (cell - picture.width) // 2
            image.paste(picture, (left, top + height - below - GAP - picture.height))
            at = (GAP + column * (cell + GAP) + cell // 2, top + height - GAP - below // 2)
            draw.text(at, _shortened(draw, label, font, cell), BLACK, font, anchor="mm")
        top += height
    return image


def _thumbnail(picture: Pixels, cell: int) -> Image.Image:
    image = Image.fromarray(to_bytes(picture), "RGB")
    image.thumbnail((cell, cell), Image.Resampling.LANCZOS)
    return image


def _shortened(
    draw: ImageDraw.ImageDraw, label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, most: int
) -> str:
    """The label, cut where it is longer than ``most`` px."""
    if draw.textlength(label, font=font) <= most:
        return label
    while label and draw.textlength(f"{label}...", font=font) > most:
        label = label[:-1]
    return f"{label}..."
