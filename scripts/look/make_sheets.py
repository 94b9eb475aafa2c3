#!/usr/bin/env python3
"""Draw photos in styles by models, before and after a change, on sheets to look at, with a table of their scores.

    python scripts/look/make_sheets.py OUT --before ../0.1.0                     # twelve photos x 6 styles: hours
    python scripts/look/make_sheets.py OUT --photos night fog --styles udnie --models mini --megapixels 3
    python scripts/look/make_sheets.py docs/look --own --before ../0.1.0         # what docs/look.md shows, anew

Before is another checkout (``--before FOLDER``, its PYTHONPATH) or this one with other options (``--before-options``);
each draws in a process of its own (draw.py). For every photo there is PHOTO.jpg, whole pictures as a screen shows them,
and PHOTO.crops.jpg, their middle at 100 %; scores.md and scores.json have the numbers (``arbitrary_nst.score``). What
is kept in OUT/work is not drawn again. ``--own`` takes our own photo, scenes and styles alone, in small files that
documentation may show, and keeps its work in .look. A model that is here with other weights than the published ones
only, as magenta often is, is left out, and each sheet says so.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import material
import numpy as np
import sheets
from PIL import Image

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.images.photo import resize, to_bytes
from arbitrary_nst.stylizer import Stylizer

MODELS = ("mini", "lite", "magenta")
VIEW, CROP = 1024, 400  # px, of what is kept of each picture: the whole on a screen, and a square at 100 %


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the sheets")
    parser.add_argument("--own", action="store_true", help="our own photo, scenes and styles, for documentation")
    parser.add_argument("--photos", nargs="+", choices=sorted({*material.ALL_PHOTOS, *material.OWN_PHOTOS}))
    parser.add_argument("--styles", nargs="+", help=f"{', '.join([*material.ALL_STYLES, *material.OWN_STYLES])}, files")
    parser.add_argument("--models", nargs="+", default=None, help="names or folders (default: all; --own: mini)")
    parser.add_argument("--megapixels", type=float, default=12, help="of a photo; three of them have twice as many")
    parser.add_argument("--before", type=Path, help="another checkout, to draw the pictures of before")
    parser.add_argument("--before-options", type=json.loads, default={}, help="JSON of stylize's keywords")
    parser.add_argument("--after-options", type=json.loads, default={}, help="the same for the pictures of after")
    parser.add_argument("--no-scores", action="store_true", help="only draw: a score takes longer than a picture")
    parser.add_argument("--work", type=Path, help="folder of what is kept (default: OUT/work)")
    args = parser.parse_args(words)
    args.photos = args.photos or (material.OWN_PHOTOS if args.own else material.ALL_PHOTOS)
    args.styles = args.styles or list(material.OWN_STYLES if args.own else material.ALL_STYLES)
    asked = args.models or (MODELS[:1] if args.own else MODELS)
    args.models = drawable(asked)
    args.absent = [name for name in asked if name not in args.models]
    args.work = args.work or (material.ROOT / ".look" if args.own else args.out / "work")
    return args


def drawable(models):
    """The models that are here with weights of their own; a line on stderr for each that is not."""
    found = []
    for name in models:
        try:
            model_zoo.resolve(name, model_dir=material.SHARED / "models", offline=True)
            found.append(name)
        except ModelError as exc:
            print(f"{name}: left out ({exc.what})", file=sys.stderr)
    return found


def style_file(name):
    known = material.ALL_STYLES | material.OWN_STYLES
    return known[name] if name in known else Path(name)


class Painter:
    """Draws in a process of its own, so that two versions of the package can."""

    def __init__(self, checkout, options):
        self._options = options
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        command = [sys.executable, str(material.ROOT / "scripts/look/draw.py"), str(material.SHARED / "models")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def draw(self, model, photo, style, out):
        """The picture, (H, W, 3) uint8, and the seconds it took."""
        task = {"model": model, "photo": str(photo), "style": str(style), "out": str(out), "options": self._options}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "draw.py ended"}')
        if "error" in answer:
            raise SystemExit(f"{model}, {style.name}: {answer['error']}")
        picture = np.load(out)
        out.unlink()
        return picture, answer["seconds"]

    def close(self):
        self._process.stdin.close()
        self._process.wait()


class Sheets:
    """Makes what is missing in the folder of work, one picture at a time."""

    def __init__(self, args):
        self._args = args
        self._painters = {"after": Painter(material.ROOT, args.after_options)}
        if args.before or args.before_options:
            self._painters = {"before": Painter(args.before or material.ROOT, args.before_options)} | self._painters
        self._stylizer = Stylizer(model_dir=material.SHARED / "models")
        args.work.mkdir(parents=True, exist_ok=True)

    def close(self):
        for painter in self._painters.values():
            painter.close()

    def rows(self, name):
        """All of a photo's pictures, as ``sheets`` takes them: the photo itself first."""
        args, pixels = self._args, None
        row = self._kept(name, "photo", "", "")
        if row is None:
            pixels = self._photo(name)
            row = self._keep(name, "photo", "", "", pixels, {"megapixels": args.megapixels})
        rows = [row]
        for model in args.models:
            for style in args.styles:
                for when in self._painters:
                    row = self._kept(name, when, model, style)
                    if row is None:
                        pixels = self._photo(name) if pixels is None else pixels
                        row = self._draw(name, when, model, style, pixels)
                    rows.append(row)
        return rows

    def _photo(self, name):
        pixels = to_bytes(material.photo(name, self._args.megapixels))
        np.save(self._args.work / "photo.npy", pixels)
        return pixels

    def _draw(self, name, when, model, style, photo):
        work, file = self._args.work, style_file(style)
        picture, seconds = self._painters[when].draw(model, work / "photo.npy", file, work / "picture.npy")
        about = {"seconds": seconds}
        if not self._args.no_scores:
            about |= sheets.scored(self._stylizer, photo, file, picture)
        print(f"{name}, {when}, {model}, {style}: {json.dumps(about)}", flush=True)
        return self._keep(name, when, model, style, picture, about)

    def _path(self, name, when, model, style):
        parts = (name, when, Path(model).name, Path(style).stem)
        return self._args.work / ("-".join(part for part in parts if part) + ".json")

    def _kept(self, name, when, model, style):
        """A row of an earlier run, if it was drawn of the same photo."""
        path = self._path(name, when, model, style)
        if not path.is_file():
            return None
        row = json.loads(path.read_text())
        return (
            row
            if row["asked"] == self._asked(when) and (self._args.no_scores or "closed" in row or not model)
            else None
        )

    def _keep(self, name, when, model, style, picture, about):
        path = self._path(name, when, model, style)
        kept = {"view": view(picture), "crop": middle(picture)}
        for kind, pixels in kept.items():
            Image.fromarray(pixels).save(path.with_suffix(f".{kind}.png"))
        row = {"photo": name, "when": when, "model": Path(model).name, "style": Path(style).stem, **about}
        row |= {"asked": self._asked(when), **{kind: str(path.with_suffix(f".{kind}.png")) for kind in kept}}
        path.write_text(json.dumps(row))
        return row

    def _asked(self, when):
        options = {"before": self._args.before_options, "after": self._args.after_options}
        return [self._args.megapixels, options.get(when, {})]


def view(picture):
    """The whole as a screen shows it."""
    share = VIEW / max(picture.shape[:2])
    if share >= 1:
        return picture
    return to_bytes(resize(picture.astype(np.float32) / 255, tuple(round(side * share) for side in picture.shape[:2])))


def middle(picture):
    """The square in the middle, at 100 %."""
    top, left = (max(0, side - CROP) // 2 for side in picture.shape[:2])
    return picture[top : top + CROP, left : left + CROP]


def main(words=None):
    args = arguments(words)
    args.out.mkdir(parents=True, exist_ok=True)
    made, everything = Sheets(args), []
    try:
        for name in args.photos:
            rows = made.rows(name)
            everything += rows[1:]
            sheets.write(args.out, name, rows, small=args.own, absent=args.absent)
    finally:
        made.close()
    sheets.write_tables(args.out, everything)


if __name__ == "__main__":
    main()
