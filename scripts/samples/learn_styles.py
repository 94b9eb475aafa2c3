#!/usr/bin/env python3
"""Learn the built-in styles for `mini`, one after the other, each in so many steps; goes on where it was.

A step takes 0.4 s of one core in bf16, so 31 styles of 450 steps about an hour of two. Each file is written whole, into
the library, where `--style NAME` takes it in place of the picture.

    python scripts/samples/learn_styles.py                        # all that are not learnt by this version of mini
    python scripts/samples/learn_styles.py --steps 300 mosaic neon
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from arbitrary_nst import Style, Stylizer
from arbitrary_nst.images import library

MODEL = "mini"


def is_learnt(path, stylizer, steps):
    """Whether the file is there, by this version of the model and in as many steps or more."""
    if not path.exists():
        return False
    style = Style.load(path)
    return style.model == stylizer.model.digest and int(style.learnt.split()[2]) >= steps


def keep_in(losses):
    """Keeps the loss of each step."""
    return lambda step, draw: losses.append(step.total)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="styles (default: all)")
    parser.add_argument("--steps", type=int, default=450, help="each (default: %(default)s)")
    parser.add_argument("--depth", choices=["numbers", "weights"], default="numbers", help="(default: %(default)s)")
    parser.add_argument("--content-weight", type=float, default=0.1, help="(default: %(default)s)")
    parser.add_argument("--photos", type=Path, help="folder of photos to learn on (default: scenes of its own)")
    parser.add_argument("--output", type=Path, default=library.FOLDER / library.LEARNT / MODEL)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    stylizer = Stylizer(MODEL)
    for name in args.names or library.style_names():
        target, began = args.output / f"{name}.style", time.monotonic()
        if is_learnt(target, stylizer, args.steps):
            continue
        losses = list[float]()
        photos = args.photos or ()
        style = stylizer.learn(
            library.style_picture(name), photos, steps=args.steps, content_weight=args.content_weight,
            depth=args.depth, on_step=keep_in(losses),
        )  # fmt: skip
        style.save(target)
        print(f"{name}: loss {losses[0]:.3f} -> {losses[-1]:.3f}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
