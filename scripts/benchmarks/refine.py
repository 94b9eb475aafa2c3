#!/usr/bin/env python3
"""Measure refinement: the default recipe against plain L-BFGS, recipes and starts, precision, memory.

python scripts/benchmarks/refine.py default     # 36 pairs at 384 px, hours; every prefix of them is balanced
python scripts/benchmarks/refine.py recipes precision memory
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras import ops

from arbitrary_nst import Stylizer, images, model_zoo
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.recipes import RECIPES, get
from arbitrary_nst.refinement.refiner import Refiner
from arbitrary_nst.refinement.settings import Refinement

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("ARBSTYLE_SHARED", ROOT.parent / "shared"))
PHOTOS = ("chicago", "golden_gate_sq", "diana", "eiffel_tower", "colva_beach_sq", "statue_of_liberty_sq")
STYLES = ("udnie", "towers_1916_sq", "clouds-over-bor-1940_sq", "Camille_Mauclair", "red_texture_sq", "zigzag_colorful")
SIZE = 384  # px, the photo's longest side
STEPS = 200  # of the L-BFGS that is to be beaten


def pairs():
    """Photo and style by name, so ordered that each has its turn in every six."""
    return [(PHOTOS[p], STYLES[(p + shift) % 6]) for shift in range(6) for p in range(6)]


class Bench:
    def __init__(self):
        self.stylizer = Stylizer("lite", model_dir=SHARED / "models", offline=True)
        self.vgg19 = losses.read_vgg19(model_zoo.resolve_vgg19(model_dir=SHARED / "models", offline=True))

    def pictures(self, photo, style, size=SIZE):
        """Photo, style and the feed-forward picture."""
        photo = images.resize_longest(self.stylizer.read(SHARED / "images/photos" / f"{photo}.jpg"), size)
        path = SHARED / "images/styles" / f"{style}.jpg"
        start = self.stylizer.stylize_photo(photo, self.stylizer.style(path))
        return photo.pixels, self.stylizer.read(path).pixels, start.pixels

    def refiner(self, recipe, precision="auto"):
        return Refiner(Refinement(recipe), self.vgg19, precision=precision)

    def loss(self, recipe, picture, photo, style):
        """The recipe's total in f32 at the picture's size, by the same functions."""
        share = max(photo.shape) / max(style.shape)
        size = tuple(round(side * share) for side in style.shape[:2])
        style = images.resize(style, size)
        photo, style, picture = (ops.convert_to_tensor(p[None]) for p in (photo, style, picture))
        target = losses.targets(photo, style, self.vgg19, recipe)
        return float(ops.sum(losses.terms(picture, target, self.vgg19, recipe)))


def timed(refiner, photo, style, start):
    began = time.monotonic()
    refined = refiner.refine(photo, style, start)
    return refined, time.monotonic() - began


def default(bench):
    """The default recipe against single-scale f32 L-BFGS on the same loss, from the photo."""
    ours = get("arbstyle")
    plain = ours.with_changes(optimizer="lbfgs", init="photo", scales=1, clip=False, steps=STEPS)
    refiners = bench.refiner(plain, "f32"), bench.refiner(ours)
    for refiner, recipe in zip(refiners, (plain, ours), strict=True):  # compile
        Refiner.refine(refiner, *bench.pictures(*pairs()[0], 64))
        assert refiner.recipe == recipe
    rows = []
    print(
        "pair: L-BFGS s, loss seen, loss as saved | default s, loss | ratio of s | s until the loss as saved, as seen"
    )
    for photo_name, style_name in pairs():
        photo, style, start = bench.pictures(photo_name, style_name)
        (before, before_s), (after, after_s) = (timed(refiner, photo, style, start) for refiner in refiners)
        seen = min(step.total for step in before.history)
        saved = bench.loss(ours, before.pixels, photo, style)
        mine = bench.loss(ours, after.pixels, photo, style)
        full = max(step.scale for step in after.history)
        until = [
            next((step.seconds for step in after.history if step.scale == full and step.total <= goal), np.inf)
            for goal in (saved, seen)
        ]
        rows.append((before_s, seen, saved, after_s, mine, after_s / before_s, *(u / before_s for u in until),
                     mine / saved, mine / seen))  # fmt: skip
        print(
            f"{photo_name} {style_name}: {before_s:.0f} s {seen:.4f} {saved:.4f} | {after_s:.0f} s {mine:.4f} | "
            f"{after_s / before_s:.2f} | {until[0] / before_s:.2f} {until[1] / before_s:.2f}",
            flush=True,
        )
        medians = np.median(rows, axis=0)
        print(
            f"  medians of {len(rows)}: L-BFGS {medians[0]:.0f} s {medians[1]:.4f} {medians[2]:.4f}, "
            f"default {medians[3]:.0f} s {medians[4]:.4f}, time {medians[5]:.2f}, until saved {medians[6]:.2f}, "
            f"until seen {medians[7]:.2f}, loss/saved {medians[8]:.3f}, loss/seen {medians[9]:.3f}",
            flush=True,
        )


def recipes(bench, count=2, steps=60, size=256):
    """Loss against seconds for each recipe and start, as shares of the photo's loss; compiled beforehand."""
    for name, recipe in RECIPES.items():
        for init in ("photo", "stylized", "noise"):
            scales = ("auto", 1) if name == "arbstyle" else (1,)
            for scale in scales:
                refiner = bench.refiner(recipe.with_changes(init=init, scales=scale, steps=steps))
                table = []
                refiner.refine(*bench.pictures(*pairs()[0], 64))
                for pair in pairs()[:count]:
                    photo, style, start = bench.pictures(*pair, size)
                    whole = bench.loss(recipe, photo, photo, style)
                    history = refiner.refine(photo, style, start).history
                    full = [step for step in history if step.scale == size]
                    late = [min(s.total for s in full[: max(1, round(share * len(full)))]) for share in (0.25, 0.5, 1)]
                    table.append((history[0].total / whole, *(x / whole for x in late), history[-1].seconds))
                start, *late, seconds = np.median(table, axis=0)
                print(
                    f"{name}, {refiner.precision}, from {init}, scales {scale}: start {start:.3g}, "
                    f"after 1/4, 1/2, all of the finest {', '.join(f'{x:.3g}' for x in late)}; {seconds:.0f} s",
                    flush=True,
                )


def precision(bench, size=SIZE, steps=40):
    """Seconds per step and final loss, f32 and bf16, of each optimiser."""
    for optimizer in ("adam", "lbfgs"):
        recipe = get("arbstyle").with_changes(optimizer=optimizer, scales=1, steps=steps)
        results = []
        for kind in ("f32", "bf16"):
            refiner, rows = bench.refiner(recipe, kind), []
            for pair in pairs()[:2]:
                photo, style, start = bench.pictures(*pair, size)
                refined = refiner.refine(photo, style, start)
                seconds = np.median(np.diff([step.seconds for step in refined.history]))
                rows.append((seconds, bench.loss(recipe, refined.pixels, photo, style)))
            results.append(np.array(rows))
        ratios = np.median(results[1] / results[0], axis=0)
        print(f"{optimizer} {size} px: f32 {np.median(results[0][:, 0]):.3f} s per step, bf16 {ratios[0]:.2f} of it, "
              f"final loss {ratios[1]:.3f} of f32's", flush=True)  # fmt: skip


def memory(_):
    """Peak memory of a refinement at 512, 1024 and 1448 px, each in a process of its own."""
    for kind in ("bf16", "f32"):
        for size in (256, 1024, 1448):
            call = [sys.executable, __file__, "one", kind, str(size)]
            print(subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip(), flush=True)


def one(kind, size):
    rng = np.random.default_rng(0)
    photo, style = (rng.random((size, size, 3)).astype(np.float32) for _ in range(2))
    bench = Bench()
    recipe = get("arbstyle").with_changes(scales=1, steps=3, init="photo")
    refined = Refiner(Refinement(recipe), bench.vgg19, precision=kind, max_memory=10**11).refine(photo, style)
    seconds = np.median(np.diff([step.seconds for step in refined.history]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{kind} {size} px: peak {peak / 1e9:.2f} GB, {peak / size**2:.0f} bytes per px, {seconds:.2f} s per step")


def main():
    if sys.argv[1:2] == ["one"]:
        one(sys.argv[2], int(sys.argv[3]))
        return
    bench = Bench()
    for name in sys.argv[1:] or ["default", "recipes", "precision", "memory"]:
        {"default": default, "recipes": recipes, "precision": precision, "memory": memory}[name](bench)


if __name__ == "__main__":
    main()
