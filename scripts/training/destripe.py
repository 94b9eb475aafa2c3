#!/usr/bin/env python3
"""Take stripes and coloured dots out of a `mini`, in minutes: its last two convolutions learn from its own pictures.

The four subpixels of a cell sum alike over a flat map, but their taps differ, and the sigmoid bends what one swings
more than its neighbour: a column of 2 px stands out, and along edges dots of green and magenta. The last convolutions
and the normalisation between them learn the network's own pictures anew, less colour that changes from pixel to pixel,
with ``pixel_losses.stripe`` against what alternates. What comes before is left alone, so a step costs a hundredth of
one with VGG19.

    python destripe.py --start EXPORT --minutes 5
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pictures
import pixel_losses
from export import export, exported
from keras import Model, ops, optimizers
from pool import STYLE_SIZE
from train_mini import BUNDLE, SHARED

LAST = ("subpixels_2", "halves", "expand_2_norm", "subpixels_1", "pixels")
SIZE = 256  # px of a photo's crop
BATCH = 2


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="the exported model to go on from")
    parser.add_argument("--minutes", type=float, default=5, help="training time (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=300, help="pairs to learn from (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1e-3, help="first learning rate (default: %(default)s)")
    parser.add_argument("--stripe", type=float, default=0.01, help="weight of what alternates (default: %(default)s)")
    parser.add_argument("--detail", type=float, default=2.0, help="weight of detail lost (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a folder to export to (default: models/mini and its card)")
    return parser.parse_args()


def smooth_colours(picture):
    """The picture with its brightness, and its colours averaged over neighbours 1-2-1 both ways."""
    brightness = ops.mean(picture, axis=-1, keepdims=True)
    colour = picture - brightness
    for axis in (1, 2):
        pad = [(1, 1) if each == axis else (0, 0) for each in range(4)]
        lines = ops.moveaxis(ops.pad(colour, pad, mode="reflect"), axis, 0)
        colour = ops.moveaxis(0.25 * (lines[:-2] + lines[2:]) + 0.5 * lines[1:-1], 0, axis)
    return ops.clip(brightness + colour, 0, 1)


def detail_lost(picture, target):
    """How far a picture's contrast of neighbours is off the target's, in logarithms squared: blur is no cure.

    By each picture, colour and way, at distances of 1, 2 and 3 px.
    """

    def contrast(x, distance):
        ways = (x[:, :, distance:] - x[:, :, :-distance], x[:, distance:] - x[:, :-distance])
        return ops.stack([ops.log(ops.mean(ops.square(way), axis=(1, 2)) + 1e-5) for way in ways])

    apart = [ops.square(contrast(picture, distance) - contrast(target, distance)) for distance in (1, 2, 3)]
    return ops.mean(ops.stack(apart))


def samples(networks, count, rng):
    """What the last layers see, and what they are to draw: (features, bottleneck, picture) in f32, each of one pair."""
    style_net, transfer_net = networks
    inside = Model(transfer_net.inputs, [transfer_net.get_layer(LAST[0]).input, transfer_net.output])
    listed = {kind: pictures.training(SHARED, kind) for kind in ("photos", "styles")}
    sources = {
        kind: [pictures.read(paths[n]) for n in rng.permutation(len(paths))[:count]] for kind, paths in listed.items()
    }
    for _ in range(count):
        style = pictures.augmented_style(sources["styles"], STYLE_SIZE, rng)
        photo = pictures.augmented_photo(sources["photos"], SIZE, rng)[None]
        bottleneck = style_net(style[None])
        features, picture = inside([photo, ops.convert_to_numpy(bottleneck)])
        yield [ops.convert_to_numpy(each)[0] for each in (features, bottleneck, smooth_colours(picture))]


def last_layers(transfer_net):
    """(features, bottleneck) -> picture, of the network's own layers."""
    find = transfer_net.get_layer
    features, bottleneck = find(LAST[0]).input, transfer_net.inputs[1]
    x = find("halves")(find("subpixels_2")(features))
    x = ops.relu(find("expand_2_norm")([x, bottleneck]))
    return Model([features, bottleneck], find("pixels")(ops.sigmoid(find("subpixels_1")(x))))


def train(args, net, held, rng):
    def loss(target, picture):
        known = pixel_losses.distillation(picture, target) + args.detail * detail_lost(picture, target)
        return known + args.stripe * pixel_losses.stripe(picture)

    net.compile(optimizers.Adam(args.rate, clipnorm=1.0), loss)
    began, step, losses = time.monotonic(), 0, []
    while (progress := (time.monotonic() - began) / 60 / args.minutes) < 1:
        features, bottlenecks, targets = (
            np.stack(column) for column in zip(*(held[n] for n in rng.integers(len(held), size=BATCH)), strict=True)
        )
        net.optimizer.learning_rate = args.rate * min(1, (step + 1) / 50) * max(0.01, 1 - progress)
        losses.append(float(net.train_on_batch([features, bottlenecks], targets)))
        step += 1
        if step % 200 == 0:
            print(f"step {step}  {progress * args.minutes:.1f} min  loss {np.mean(losses):.4f}", flush=True)
            losses.clear()


def main():
    args = arguments()
    rng = np.random.default_rng(args.seed)
    networks = exported(args.start)
    held = list(samples(networks, args.pairs, rng))
    print(f"{len(held)} pairs", flush=True)
    train(args, last_layers(networks[1]), held, rng)
    export(*networks, *((args.output,) if args.output else BUNDLE))


if __name__ == "__main__":
    main()
