"""Pictures on sheets, and their scores in tables."""

import dataclasses
import json
import statistics

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arbitrary_nst import score
from arbitrary_nst.images.contact_sheet import sheet

CELL = {"view": 512, "crop": 400}
SMALL_CELL = 272
LINE = 36  # px of a line below a sheet
MOST_BYTES = 72_000  # of a model's pictures on a sheet in documentation
SHOWN = {"closed": 2, "content": 0, "closed_256": 2, "stripe": 1, "stripe_worst": 0, "mesh": 4, "rings": 1,
         "halo": 0, "halo_width": 0, "shift": 0, "spread": 1, "edges": 2, "seconds": 1}  # fmt: skip


def scored(stylizer, photo, style, picture):
    """A picture's score as a mapping."""
    found = score(photo, style, picture, stylizer=stylizer)
    return {name: None if value is None else round(value, 4) for name, value in dataclasses.asdict(found).items()}


def write(folder, name, rows, *, small, absent=()):
    """A photo's two sheets: the photo and its styles across; models, before and after, down; those absent below."""
    kinds = {"view": "", "crop": ".crops"}
    for kind, suffix in kinds.items():
        image = _noted(_sheet(rows, kind, SMALL_CELL if small else CELL[kind]), absent)
        models = {row["model"] for row in rows[1:]}
        _save(image, folder / f"{name}{suffix}.jpg", MOST_BYTES * len(models) if small else None)


def _noted(image, absent):
    """A sheet with a line below it for each model that drew nothing."""
    noted = Image.new("RGB", (image.width, image.height + LINE * len(absent)), "white")
    noted.paste(image)
    for number, model in enumerate(absent):
        line = f"{model}: nothing drawn, as its published weights are not here"
        place = LINE // 4, image.height + LINE * number
        ImageDraw.Draw(noted).text(place, line, "black", ImageFont.load_default(LINE * 2 // 3))
    return noted


def _sheet(rows, kind, cell):
    photo, *pictures = rows
    styles = list(dict.fromkeys(row["style"] for row in pictures))
    lines = list(dict.fromkeys((row["model"], row["when"]) for row in pictures))
    found = {(row["model"], row["when"], row["style"]): row[kind] for row in pictures}
    paths = [path for line in lines for path in (photo[kind], *(found[(*line, style)] for style in styles))]
    labels = [", ".join(line) if len({model for model, _ in lines}) > 1 else line[1] for line in lines]
    return sheet(labels, ["photo", *styles], (_pixels(path, cell if kind == "crop" else None) for path in paths), cell)


def _pixels(path, side):
    """A kept picture; of one at 100 % so much of its middle as has a place."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"), np.float32) / 255
    top, left = (max(0, each - (side or each)) // 2 for each in pixels.shape[:2])
    return pixels[top : top + side, left : left + side] if side else pixels


def _save(image, path, most_bytes):
    """As JPEG; where bytes count with as much quality as fits."""
    for quality in (88, 82, 75, 68, 60, 50, 40) if most_bytes else (92,):
        image.save(path, "JPEG", quality=quality, optimize=True)
        if path.stat().st_size <= (most_bytes or 0):
            return


def write_tables(folder, rows):
    """All scores as JSON; for people, their medians over styles, photo by photo, and over everything."""
    plain = [{name: value for name, value in row.items() if name not in ("view", "crop", "asked")} for row in rows]
    (folder / "scores.json").write_text("[\n" + ",\n".join(map(json.dumps, plain)) + "\n]\n")
    names = [name for name in SHOWN if any(name in row for row in rows)]
    lines = [f"| photo | model | | {' | '.join(names)} |", "|---" * (3 + len(names)) + "|"]
    groups = {}
    for row in rows:
        for photo in (row["photo"], "all"):
            groups.setdefault((photo, row["model"], row["when"]), []).append(row)
    for key in sorted(groups, key=lambda key: (key[0] == "all", *key[:2], key[2] == "after")):
        cells = [_median(groups[key], name) for name in names]
        lines.append(f"| {' | '.join([*key, *cells])} |")
    (folder / "scores.md").write_text("\n".join(lines) + "\n")


def _median(rows, name):
    values = [row[name] for row in rows if row.get(name) is not None]
    return f"{statistics.median(values):.{SHOWN[name]}f}" if values else ""
