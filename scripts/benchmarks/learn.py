#!/usr/bin/env python3
"""What learning a style brings on photos that it never saw: the ten published pairs, before, learnt, and published.

closed and C are those of scripts/training/score_models.py, at 256x256: how much of the way to the style a picture went,
and how far it is from the photo. A style is learnt once, and measured on both of its photos.

    python scripts/benchmarks/learn.py                             # numbers, on scenes of its own
    python scripts/benchmarks/learn.py --photos shared             # on the photos that mini was trained on
    python scripts/benchmarks/learn.py --depth weights --keep out  # keeps styles and pictures; goes on where it was
    python scripts/benchmarks/learn.py --smoke                     # seconds: that it runs
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

import numpy as np
import pictures
from score_models import SIZE, Scorer
from train_mini import SHARED

from arbitrary_nst import Style, Stylizer, images
from arbitrary_nst.images import Photo

IMAGES = SHARED / "images"
TRAINING_PHOTOS = 32
LARGE = 1024  # px: where strokes and mesh are looked at


def pairs():
    """Style file -> its (photo file, published picture) pairs."""
    found = {}
    for path in sorted((IMAGES / "published").glob("*.jpg")):
        photo, style = path.stem.removesuffix("_0").split("_stylized_")
        style_path = next(p for p in (IMAGES / "styles").iterdir() if p.stem in (style, f"{style}_sq"))
        found.setdefault(style_path, []).append((IMAGES / "photos" / f"{photo}_sq.jpg", path))
    return found


def training_photos():
    """Some of those that mini was trained on, evenly spread; none of them is measured on."""
    found = pictures.training(SHARED, "photos")
    return [found[number] for number in np.linspace(0, len(found) - 1, TRAINING_PHOTOS).round().astype(int)]


def square(path):
    return pictures.square(pictures.read(path), SIZE)


def learn(stylizer, path, args):
    """The style, and the minutes and CPU minutes that it took; a kept one took none."""
    kept = args.keep and args.keep / f"{path.stem}-{args.depth}.style"
    if kept and kept.exists():
        return Style.load(kept), 0.0, 0.0
    photos = training_photos() if args.photos == "shared" else [args.photos] if args.photos else ()
    began, cpu = time.monotonic(), time.process_time()
    style = stylizer.learn(
        path, photos, depth=args.depth, minutes=args.minutes, steps=args.steps, content_weight=args.content_weight,
        seed=args.seed,
    )  # fmt: skip
    took = (time.monotonic() - began) / 60, (time.process_time() - cpu) / 60
    if kept:
        style.save(kept)
    return style, *took


def keep_pictures(stylizer, style, photo, folder, depth):
    """The photo at full size or ``LARGE`` px, plain and learnt, side by side."""
    large = images.resize_longest(stylizer.read(photo), LARGE)
    made = [stylizer.stylize_photo(large, each).pixels for each in style]
    data = images.encode(Photo(np.concatenate(made, axis=1)), "png").data
    (folder / f"{photo.stem}-{style[1].name}-{depth}.png").write_bytes(data)


def measure(args):
    stylizer, scorer, rows = Stylizer(args.model, model_dir=SHARED / "models", trust_model=True), Scorer(), []
    chosen = {
        path: both for path, both in pairs().items() if not args.styles or any(s in path.stem for s in args.styles)
    }
    print(f"{args.model}, {args.depth}; {stylizer.engine.device}\n")
    print("| style, photo | before: closed, C | learnt | published | minutes, of CPU |\n|---|---|---|---|---|")
    for path, photos in chosen.items():
        style, minutes, cpu = learn(stylizer, path, args)
        plain = stylizer.style(path)
        for photo, published in photos[: 1 if args.smoke else None]:
            seen, target = square(photo), square(path)
            made = [stylizer.stylize(seen, plain), stylizer.stylize(seen, style), square(published)]
            rows.append([number for picture in made for number in scorer.score(seen, target, picture)])
            cells = [f"{closed:.3f}, {c / 1e3:.0f} k" for closed, c in zip(rows[-1][::2], rows[-1][1::2], strict=True)]
            print(f"| {path.stem}, {photo.stem} | {' | '.join(cells)} | {minutes:.1f}, {cpu:.1f} |", flush=True)
            if args.keep:
                keep_pictures(stylizer, (plain, style), photo, args.keep, args.depth)
    medians = np.median(rows, axis=0)
    cells = [f"{closed:.3f}, {c / 1e3:.0f} k" for closed, c in zip(medians[::2], medians[1::2], strict=True)]
    print(f"| medians of {len(rows)} | {' | '.join(cells)} | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--depth", choices=["numbers", "weights"], default="numbers")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--content-weight", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", help="shared, or a folder of photos (default: scenes of its own)")
    parser.add_argument("--styles", nargs="*", help="parts of the names of the styles (default: all five)")
    parser.add_argument("--keep", type=Path, help="folder for styles and pictures")
    parser.add_argument("--smoke", action="store_true", help="two steps, one pair")
    args = parser.parse_args()
    if args.smoke:
        args.steps, args.styles = 2, ["clouds"]
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    measure(args)


if __name__ == "__main__":
    main()
