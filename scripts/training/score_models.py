#!/usr/bin/env python3
"""Score models by VGG19 on pictures that no training saw, and print a table.

C: mean square difference of block4_conv2 to the photo. S: mean over block{1..5}_conv1 of sum (G - A)^2 / sum A^2,
Gram matrices divided by H*W. closed = 1 - S / S(photo): how much of the way to the style a picture went. All at
256x256, medians over the pairs. PSNR is to lite's picture of the same pair. mesh: how far fine detail repeats with the
cells of `mini`'s networks and lite's, mean over the pairs. stripe: levels by which every second column or row stands
out, mean over the pairs and worst tile. Both as arbitrary_nst/scores/grids.py measures them.

    python scripts/training/score_models.py                       # lite and mini, the published and the held-out pairs
    python scripts/training/score_models.py lite path/to/model
"""

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import perceptual
import pictures
from train_mini import SHARED, VGG

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.scores import grids

SIZE = 256


def published_pairs():
    """(photo, style, the full model's published picture) of the ten pairs."""
    images = SHARED / "images"
    for path in sorted((images / "published").glob("*.jpg")):
        photo, style = path.stem.removesuffix("_0").split("_stylized_")
        style_path = next(p for p in (images / "styles").iterdir() if p.stem in (style, f"{style}_sq"))
        yield tuple(pictures.square(pictures.read(p), SIZE) for p in (images / "photos" / f"{photo}_sq.jpg",
                                                                     style_path, path))  # fmt: skip


def held_out_pairs():
    photos, styles = ([pictures.square(pictures.read(path), SIZE) for path in paths]
                      for paths in pictures.held_out(SHARED))  # fmt: skip
    return [(photo, style) for photo in photos for style in styles]


class Scorer:
    """VGG19's view of a pair's pictures; what it saw of photos and styles is kept."""

    def __init__(self):
        self._features = perceptual.features_model(SHARED / VGG)
        self._seen = {}

    def see(self, picture):
        """Gram matrices and content features."""
        *style, content = (np.asarray(f) for f in self._features(picture[None]))
        return [np.asarray(perceptual.gram(f)) for f in style], content

    def remember(self, picture):
        key = picture.tobytes()[:4096] + picture.tobytes()[-4096:]
        if key not in self._seen:
            self._seen[key] = self.see(picture)
        return self._seen[key]

    def score(self, photo, style, picture):
        """closed and C of a picture."""
        (photo_grams, photo_content), (style_grams, _) = self.remember(photo), self.remember(style)
        grams, content = self.see(picture)
        s = float(perceptual.style_distance(grams, style_grams)[0])
        untouched = float(perceptual.style_distance(photo_grams, style_grams)[0])
        return perceptual.closed(s, untouched), float(perceptual.content_distance(content, photo_content)[0])


def stylized(engine, pairs):
    bottlenecks = {}
    for photo, style, *_ in pairs:
        key = style.tobytes()
        if key not in bottlenecks:
            bottlenecks[key] = engine.predict_style(style[None])
        yield engine.transform(photo[None], bottlenecks[key])[0]


def psnr(picture, reference):
    return 10 * np.log10(1 / max(float(np.mean((picture - reference) ** 2)), 1e-10))


def table(title, pairs, engines, scorer):
    print(f"\n{title}, {len(pairs)} pairs\n")
    print("| model | closed | C | PSNR to lite, dB | mesh | stripe: mean, worst |\n|---|---|---|---|---|---|")
    if len(pairs[0]) == 3:
        report("published pictures of magenta", pairs, [pair[2] for pair in pairs], None, scorer)
        report("the photos", pairs, [pair[0] for pair in pairs], None, scorer)
    reference = list(stylized(engines["lite"], pairs)) if "lite" in engines else None
    for name, engine in engines.items():
        made = reference if name == "lite" else list(stylized(engine, pairs))
        report(name, pairs, made, None if name == "lite" else reference, scorer)


def report(name, pairs, made, reference, scorer):
    scores = [scorer.score(pair[0], pair[1], picture) for pair, picture in zip(pairs, made, strict=True)]
    closed, content = np.median(scores, axis=0)
    distance = (
        "" if reference is None else f"{np.median([psnr(*both) for both in zip(made, reference, strict=True)]):.1f}"
    )
    mesh = np.mean([grids.mesh(picture) for picture in made])
    stripes = [grids.stripe(picture) for picture in made]
    stripe = f"{np.mean([each.mean for each in stripes]):.2f}, {max(each.worst for each in stripes):.1f}"
    print(f"| {name} | {closed:.3f} | {content / 1000:.0f} k | {distance} | {mesh:.4f} | {stripe} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["lite", "mini"], help="names or folders (default: lite mini)")
    parser.add_argument("--pairs", choices=["all", "published"], default="all", help="the ten, or the held-out too")
    args = parser.parse_args()
    engines = {}
    for name in args.models:
        model = model_zoo.resolve(name, model_dir=SHARED / "models", offline=True, trust=True)
        engines[name] = load_engine(model, "openvino", "f32")
    scorer = Scorer()
    table("The ten published pairs", list(published_pairs()), engines, scorer)
    if args.pairs == "all":
        table("Held-out pairs", held_out_pairs(), engines, scorer)


if __name__ == "__main__":
    main()
