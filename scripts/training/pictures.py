"""Training and held-out pictures: which they are, and what is done to them before the networks see them."""

import csv
import threading
from pathlib import Path
from queue import Queue

import numpy as np
from PIL import Image

# Held out whole, so that no held-out picture has a sibling in training.
HELD_OUT_PHOTOS = ("gb82", "wus")
HELD_OUT_STYLES = ("wp21", "metx", "metoa", "secover", "kde")
# These repositories also hold the published test pictures, or may: no part of any score.
NEVER = ("mgnt", "mgntc", "rein", "gord", "gordc", "titu", "adain", "adainc")

HARDENED = 0.35  # share of styles; their bottlenecks lie as far out as those of zigzags and sketches


def _source(path):
    return path.name.split("_")[0]


def listed(shared: Path, kind: str) -> list[Path]:
    """The pictures of a kind, ``photos`` or ``styles``, that PROVENANCE.csv vouches for."""
    with (shared / "data" / "PROVENANCE.csv").open(newline="") as file:
        return sorted(shared / "data" / row["file"] for row in csv.DictReader(file) if row["file"].startswith(kind))


def training(shared: Path, kind: str) -> list[Path]:
    out = (*HELD_OUT_PHOTOS, *HELD_OUT_STYLES, *NEVER)
    return [path for path in listed(shared, kind) if _source(path) not in out]


def held_out(shared: Path) -> tuple[list[Path], list[Path]]:
    """40 photos and 12 styles, by source, evenly spread over each source's pictures."""
    photos = [path for path in listed(shared, "photos") if _source(path) in HELD_OUT_PHOTOS]
    styles = [path for path in listed(shared, "styles") if _source(path) in HELD_OUT_STYLES]
    return _spread(photos, 40), _spread(styles, 12)


def _spread(paths, count):
    return [paths[i] for i in np.linspace(0, len(paths) - 1, count).round().astype(int)]


def read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def square(image: Image.Image, size: int) -> np.ndarray:
    """Centre square, (size, size, 3) float32 in [0, 1]."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box), np.float32) / 255


def crop(image: Image.Image, size: int, rng, smallest=0.4) -> np.ndarray:
    """A random square of ``smallest`` to all of the short side, mirrored half the time."""
    side = min(image.size) * rng.uniform(smallest, 1)
    left, top = rng.uniform(0, image.width - side), rng.uniform(0, image.height - side)
    box = (left, top, left + side, top + side)
    x = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box), np.float32) / 255
    return x[:, ::-1] if rng.random() < 0.5 else x


def recolour(x, rng):
    """A colour matrix near the identity, a gamma, now and then an inversion."""
    matrix = np.eye(3) + rng.normal(0, 0.25, (3, 3))
    matrix /= np.maximum(matrix.sum(axis=1, keepdims=True), 0.3)
    x = np.clip(x @ matrix.astype(np.float32), 0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
    return 1 - x if rng.random() < 0.1 else x


def harden(x, rng):
    """Poster-like: more contrast around a lighter or darker middle, more or less colour, or a few flat tones."""
    kind = rng.integers(3)
    if kind == 0:
        x = (x - x.mean()) * np.float32(rng.uniform(1.2, 3)) + np.float32(rng.uniform(0.2, 0.9))
    elif kind == 1:
        grey = x.mean(axis=-1, keepdims=True)
        x = grey + (x - grey) * np.float32(rng.choice([0, rng.uniform(1.5, 3)]))
    else:
        tones = rng.integers(2, 5)
        x = np.floor(np.minimum(x, 0.999) * tones) / np.float32(tones - 1)
    return np.clip(x, 0, 1, dtype=np.float32)


def blend(x, other, rng):
    """Two pictures mixed, or one laid on the other as ink (multiplied) or as light (screened)."""
    kind = rng.integers(3)
    if kind == 0:
        return x + (other - x) * np.float32(rng.uniform(0.2, 0.8))
    return x * other if kind == 1 else 1 - (1 - x) * (1 - other)


def texture(size, rng):
    """Procedural: a few random waves through random colours, from zigzags to clouds."""
    axis = np.linspace(0, 1, size, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    layers = []
    for _ in range(3):
        angle, frequency = rng.uniform(0, np.pi), np.exp(rng.uniform(1, 4.2))
        along = u * np.cos(angle) + v * np.sin(angle)
        across = v * np.cos(angle) - u * np.sin(angle)
        bend = rng.uniform(0, 0.12) * np.abs((across * rng.uniform(2, 12)) % 2 - 1)
        wave = np.sin(2 * np.pi * frequency * (along + bend))
        layers.append(np.sign(wave) if rng.random() < 0.5 else wave)
    mix = np.stack(layers, -1) @ rng.uniform(-0.4, 0.4, (3, 3)).astype(np.float32)
    return np.clip(mix + rng.uniform(0.1, 0.9, 3).astype(np.float32), 0, 1).astype(np.float32)


def augmented_style(images, size, rng):
    if rng.random() < 0.08:
        return texture(size, rng)
    x = crop(images[rng.integers(len(images))], size, rng, 0.5)
    if rng.random() < 0.2:
        x = blend(x, crop(images[rng.integers(len(images))], size, rng, 0.5), rng)
    x = np.rot90(x, rng.integers(4)) if rng.random() < 0.25 else x
    x = harden(x, rng) if rng.random() < HARDENED else x
    return np.ascontiguousarray(recolour(x, rng) if rng.random() < 0.4 else x, np.float32)


def augmented_photo(images, size, rng):
    x = crop(images[rng.integers(len(images))], size, rng)
    return np.ascontiguousarray(recolour(x, rng) if rng.random() < 0.3 else x, np.float32)


def made_ahead(make, rng, threads, depth=6):
    """A queue of what ``make(rng)`` returns, filled for ever by threads, each with a generator of its own."""
    ready = Queue(depth)

    def work(own):
        while True:
            ready.put(make(own))

    for own in rng.spawn(threads):
        threading.Thread(target=work, args=(own,), daemon=True).start()
    return ready
