#!/usr/bin/env python3
"""Train `mini`: distil Google's mobile model, then let VGG19 judge. Exports models/mini when done.

Phase 1 (the first sixth of the time) copies the teacher: the photo network its pictures, given its bottlenecks, by L1
on pixels and on their gradients; the style network the bottlenecks. Phase 2 joins the two and minimises what
score_models.py measures against the style and the photo themselves: S as a share of the untouched photo's,
plus content * what C exceeds `free` times the teacher's C by, as a share of it; so every pair, easy or hard, is held
to its own measure of change. Meanwhile the pull of the teacher's picture fades, and what shows the network's cells
costs: edges that gather on their grid, and a weave that repeats with them. The style network stays near the teacher's
bottlenecks, which know more styles than we have.
Any Keras 3 backend: set KERAS_BACKEND.

    cd scripts/training
    python train_mini.py --minutes 200            # from random weights
    python train_mini.py --minutes 200 --resume   # after an interruption
    # Then at the size that is scored, from an export: what learnt from smaller crops alone falls off there.
    python train_mini.py --start EXPORT --style-minutes 0 --minutes 200 --size 256 --batch 1 --rate 5e-4
    # Which bottleneck draws a style best, VGG19 knows better than the teacher: the style network alone, held loosely.
    python train_mini.py --start EXPORT --styles-only --style-minutes 0 --minutes 160 --batch 2 --bottleneck 0.5
    # Last, a network that learnt by mean squares is a little timid in what is unusual.
    python train_mini.py --start EXPORT --stretch 1.07
    # Stripes of 2 px and coloured dots, in minutes: destripe.py
    # On a GPU a thousand pairs per second; TensorFlow then exports the checkpoint.
    export KERAS_BACKEND=jax
    python train_mini.py --start EXPORT --style-minutes 0 --minutes 20 --size 256 --batch 64 --pairs 4096
    KERAS_BACKEND=tensorflow python train_mini.py --export
"""

import argparse
import math
import os
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import perceptual
import pictures
import pixel_losses
from checkpoint import put_back, restore, save, snapshot
from export import averaged, export, exported, mean, stretch, take_back
from keras import ops
from pool import STYLE_SIZE, Pictures, distilled_batches, judged_batches, style_batches
from teacher import Teacher

from arbitrary_nst.model_zoo.networks import mini

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("ARBSTYLE_SHARED", ROOT.parent / "shared"))
BUNDLE = ROOT / "models" / "mini", ROOT / "models" / "mini.toml"  # the export and its card
VGG = "models/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
PHASE_1 = 1 / 6  # of the training time
GRID, MESH, STRIPE = 1.0, 1.0, 0.05  # weights of the terms for what shows the networks' cells, phase 2
STYLE_BATCH, STYLE_POOL = 16, 1600  # styles per step while the style network learns alone; styles kept for such steps


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=200, help="training time, all phases (default: %(default)s)")
    parser.add_argument(
        "--style-minutes",
        type=float,
        default=30,
        help="time before that in which the style network learns alone (default: %(default)s)",
    )
    parser.add_argument("--batch", type=int, default=4, help="pictures per step (default: %(default)s)")
    parser.add_argument("--size", type=int, default=192, help="crop in px, phase 2 (default: %(default)s)")
    parser.add_argument(
        "--content",
        type=float,
        default=0.6,
        help="weight of what C exceeds the free part by, as a share of the teacher's (default: %(default)s)",
    )
    parser.add_argument(
        "--free",
        type=float,
        default=1.0,
        help="C up to so many times the teacher's costs nothing (default: %(default)s)",
    )
    parser.add_argument(
        "--bottleneck",
        type=float,
        default=3.0,
        help="weight of the distance to the teacher's bottleneck, phase 2 (default: %(default)s)",
    )
    parser.add_argument("--rate", type=float, default=1e-3, help="first learning rate (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=1000, help="pool of pairs with targets (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("mini_run"), help="folder for the checkpoint")
    parser.add_argument("--start", type=Path, help="go on from an exported model, at half of the time")
    parser.add_argument("--mean", type=Path, help="only export the mean of this exported model and of --start")
    parser.add_argument(
        "--share",
        type=float,
        default=0.5,
        help="share of --start in the mean; above 1 it goes on, away from the other (default: %(default)s)",
    )
    parser.add_argument(
        "--stretch", type=float, help="only export --start, its bottlenecks so many times as far from their mean"
    )
    parser.add_argument("--styles-only", action="store_true", help="leave the photo network as it is")
    parser.add_argument("--photos-only", action="store_true", help="leave the style network as it is")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --work")
    parser.add_argument("--export", action="store_true", help="only export the checkpoint in --work")
    parser.add_argument("--precision", default="bfloat16", help="what VGG19 computes in (default: %(default)s)")
    args = parser.parse_args()
    if (args.mean or args.stretch) and not args.start:
        parser.error("--mean and --stretch work on the export that --start names")
    return args


class Mini(keras.Model):
    """Both networks end to end; the loss of the current phase."""

    def __init__(self, features, content, free, bottleneck):
        super().__init__()
        self.predict_style = mini.style_net()
        self.transform = mini.photo_net()
        self._features = [features]  # in a list: Keras would track VGG's variables as ours
        self._content, self._bottleneck, self._free = content, bottleneck, free

    def call(self, x, training=False):
        bottleneck = self.predict_style(x["style"])
        own = bottleneck[: ops.shape(x["photo"])[0]]  # any further styles have no photo
        picture = self.transform([x["photo"], x.get("bottleneck", own)])  # phase 1 gives the teacher's
        return {"picture": picture, "bottleneck": bottleneck}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        pixels = pixel_losses.distillation(y_pred["picture"], y["teacher"])
        bottleneck = self.apart(y["bottleneck"], y_pred["bottleneck"])
        if "content" not in y:
            return pixels + bottleneck
        *style, content = self._features[0](y_pred["picture"])
        s = perceptual.style_distance([perceptual.gram(f) for f in style], [y[n] for n in perceptual.STYLE_LAYERS])
        c = perceptual.content_distance(content, y["content"])
        judged = s / y["untouched_s"] + self._content * ops.relu(c / y["teacher_c"] - self._free)
        pulls = ops.mean(y["pull"]) * pixels + self._bottleneck * bottleneck
        cells = GRID * pixel_losses.grid(y_pred["picture"]) + MESH * pixel_losses.mesh(y_pred["picture"])
        cells += STRIPE * pixel_losses.stripe(y_pred["picture"])
        return ops.mean(judged) + cells + pulls

    def apart(self, bottleneck, other):
        """Mean square difference of two bottlenecks, and of the scales and shifts that the photo network reads there.

        What it makes little of may differ: a fifth of the weight is on the bottleneck itself.
        """
        read = ops.concatenate([each.kernel[0, 0] for each in mini.number_maps(self.transform)], axis=-1)
        read = ops.stop_gradient(read)
        read = read / ops.sqrt(ops.mean(ops.sum(ops.square(read), axis=-1)))
        difference = bottleneck - other
        in_effect = ops.mean(ops.sum(ops.square(ops.matmul(difference, read)), axis=-1)) / mini.BOTTLENECK
        return 0.8 * in_effect + 0.2 * ops.mean(ops.square(difference))


def learning_rate(first, step, progress):
    """A warm-up of 300 steps, then half a cosine over the phase."""
    return first * min(1.0, (step + 1) / 300) * max(0.5 * (1 + math.cos(math.pi * progress)), 0.01)


def forget(optimizer):
    """Adam's moments belong to the loss they were measured on: under another their first steps would be wild."""
    for slot in (*optimizer._momentums, *optimizer._velocities):
        slot.assign(ops.zeros(slot.shape))
    optimizer.iterations.assign(0)  # also starts the moving average anew, from the weights as they are


def train(args, model, features, training, rng, state):
    checkpoint = args.work / "checkpoint.npz"
    distilled = distilled_batches(training, 2 * args.batch, 128, rng)
    more = {"more": 0} if args.photos_only else {}
    judged = judged_batches(training, features, args.batch, args.size, args.pairs, rng, **more)
    losses, saved, good = [], time.monotonic(), snapshot(model)
    while state["minutes"] < args.minutes:
        began = time.monotonic()
        progress = state["minutes"] / args.minutes
        if progress < PHASE_1:
            (x, y), rate = next(distilled), learning_rate(args.rate, state["step"], progress / PHASE_1)
        else:
            if state["joined_at"] is None:
                forget(model.optimizer)
                state["joined_at"], good = state["step"], snapshot(model)
            x, y = next(judged)
            y = y | {"pull": np.full(args.batch, max(0.0, 0.9 * (0.5 - progress)), np.float32)}
            since_joined = state["step"] - state["joined_at"]
            rate = learning_rate(0.6 * args.rate, since_joined, (progress - PHASE_1) / (1 - PHASE_1))
        model.optimizer.learning_rate = rate
        loss = float(model.train_on_batch(x, y))
        state["step"] += 1
        state["minutes"] += (time.monotonic() - began) / 60
        if not math.isfinite(loss):  # one freak batch must not cost the whole training
            spread = {name: float(np.std(array)) for name, array in (x | y).items()}
            print(f"step {state['step']}: loss {loss}, back to the last good weights; deviations {spread}", flush=True)
            put_back(model, good)
            continue
        losses.append(loss)
        if state["step"] % 50 == 0:
            good = snapshot(model)
        if state["step"] % 100 == 0:
            print(f"step {state['step']}  {state['minutes']:.1f} min  loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
        if time.monotonic() - saved > 180:
            save(checkpoint, good, state)
            saved = time.monotonic()
    save(checkpoint, good, state)


def learn_styles(args, model, training, rng, state):
    """The style network alone, by the teacher's bottlenecks: no picture is drawn, so a step costs little."""
    if state["style_minutes"] >= args.style_minutes:
        return
    net, checkpoint, saved = model.predict_style, args.work / "checkpoint.npz", time.monotonic()
    net.compile(keras.optimizers.Adam(args.rate, clipnorm=1.0, use_ema=True, ema_momentum=0.998), model.apart)
    made = style_batches(training, STYLE_BATCH, rng)
    pool, losses, step = [next(made) for _ in range(4)], [], 0
    while state["style_minutes"] < args.style_minutes:
        began = time.monotonic()
        if step % 2 == 0 and len(pool) < STYLE_POOL // STYLE_BATCH:
            pool.append(next(made))
        elif step % 2 == 0:
            pool[rng.integers(len(pool))] = next(made)
        picks = rng.integers(len(pool), size=2), rng.permutation(2 * STYLE_BATCH)[:STYLE_BATCH]
        x, y = (np.concatenate([pool[number][part] for number in picks[0]])[picks[1]] for part in range(2))
        net.optimizer.learning_rate = learning_rate(args.rate, step, state["style_minutes"] / args.style_minutes)
        losses.append(float(net.train_on_batch(x.astype(np.float32), y)))
        step += 1
        state["style_minutes"] += (time.monotonic() - began) / 60
        if step % 100 == 0:
            print(f"style step {step}  {state['style_minutes']:.1f} min  loss {np.mean(losses):.4f}", flush=True)
            losses.clear()
        if time.monotonic() - saved > 180:
            save(checkpoint, snapshot(model), state)
            saved = time.monotonic()
    net.optimizer.finalize_variable_values(net.trainable_variables)
    save(checkpoint, snapshot(model), state)


def build(args, features):
    keras.utils.set_random_seed(args.seed)
    model = Mini(features, args.content, args.free, args.bottleneck)
    model.transform.trainable = not args.styles_only
    model.predict_style.trainable = not args.photos_only
    optimizer = keras.optimizers.Adam(args.rate, clipnorm=1.0, use_ema=True, ema_momentum=0.998)
    model.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    example = np.zeros((1, 64, 64, 3), np.float32)
    model({"photo": example, "style": example})
    optimizer.build(model.trainable_variables)
    return model


def main():
    args = arguments()
    if args.mean or args.stretch:
        networks = exported(args.start)
        if args.mean:
            mean(networks, exported(args.mean), args.share)
        if args.stretch:
            usual = [pictures.square(pictures.read(path), STYLE_SIZE) for path in pictures.training(SHARED, "styles")]
            stretch(networks[0], usual, args.stretch)
        export(*networks, *BUNDLE)
        return
    args.work.mkdir(parents=True, exist_ok=True)
    features = perceptual.features_model(SHARED / VGG, args.precision)
    model = build(args, features)
    state = {"step": 0, "minutes": 0.0, "joined_at": None, "style_minutes": 0.0}
    if args.resume or args.export:
        state = restore(args.work / "checkpoint.npz", model)
    elif args.start:
        take_back(args.start, model.predict_style, model.transform)
        state["minutes"] = args.minutes / 2
    if not args.export:
        rng = np.random.default_rng(args.seed + state["step"])
        training = Pictures(SHARED, Teacher(SHARED / "models" / "lite"))
        learn_styles(args, model, training, rng, state)
        train(args, model, features, training, rng, state)
    export(*averaged(model), *BUNDLE)


if __name__ == "__main__":
    main()
