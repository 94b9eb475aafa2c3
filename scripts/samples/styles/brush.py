"""Painting in strokes that follow a field, large ones first: after Hertzmann 1998, with bristles."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from styles.fields import N, blur, grey, relief

STEPS = 6


@dataclass(frozen=True)
class Layer:
    """Strokes of one brush; pixels. ``detail`` 0 spreads them evenly, 1 puts them where the motif has edges."""

    width: float
    length: float
    count: int
    detail: float = 0.0
    jitter: float = 0.05  # of colour, per stroke
    streak: float = 0.08  # of tone, per bristle


def along_edges(x, sigma=9.0):
    """Angle along the edges of a motif, (N, N) radians: the structure tensor's minor axis."""
    level = blur(grey(x), 2.0)
    dv, du = np.gradient(level)
    uu, vv, uv = (blur(field, sigma) for field in (du * du, dv * dv, du * dv))
    return 0.5 * np.arctan2(2 * uv, uu - vv) + np.pi / 2


def blend_angles(a, b, weight):
    """Between two fields of directions, where an angle and its opposite are the same."""
    both = (1 - weight) * np.exp(2j * a) + weight * np.exp(2j * b)
    return np.angle(both) / 2


def starts(x, layer, rng):
    """(count, 2) places in pixels where strokes begin."""
    level = blur(grey(x), 1.5)
    edges = blur(np.hypot(*np.gradient(level)), layer.width / 2)
    weight = (1 - layer.detail) / edges.size + layer.detail * edges / edges.sum()
    flat = rng.choice(edges.size, layer.count, p=(weight / weight.sum()).ravel())
    return np.stack([flat % N, flat // N], -1) + rng.uniform(-0.5, 0.5, (layer.count, 2))


def traces(x, angle, begin, length, stop, rng):
    """(n, STEPS + 1, 2) paths along the field; a stroke stays where it is once the motif's colour has left its own."""
    path = [begin]
    inside = np.clip(begin, 0, N - 1).astype(int)
    colour = x[inside[:, 1], inside[:, 0]]
    alive = np.ones(len(begin), bool)
    sense = rng.choice((-1, 1), (len(begin), 1))  # a direction has no sign: start either way
    for _ in range(STEPS):
        at = np.clip(path[-1], 0, N - 1).astype(int)
        turn = angle[at[:, 1], at[:, 0]]
        alive &= np.abs(x[at[:, 1], at[:, 0]] - colour).max(axis=1) < stop
        step = np.stack([np.cos(turn), np.sin(turn)], -1) * (length / STEPS)[:, None]
        if len(path) > 1:  # then go on, not back
            sense = np.where((step * (path[-1] - path[-2])).sum(1) < 0, -1, 1)[:, None]
        step = step * sense
        path.append(path[-1] + step * np.where(alive, 1, 0.05)[:, None])
    return np.stack(path, 1), colour


def paint(x, angle, layers, seed, *, ground, stop=0.25, thick=1.0):
    """The motif in strokes on a ground colour; ``thick`` is how high the paint stands in the light."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGBA", (N, N), (*(int(255 * c) for c in ground), 0))
    draw = ImageDraw.Draw(image)
    for layer in layers:
        seen = blur(x, layer.width / 4)
        path, colour = traces(
            seen, angle, starts(x, layer, rng), layer.length * rng.uniform(0.5, 1.2, layer.count), stop, rng
        )
        colour = colour + rng.normal(0, layer.jitter, colour.shape)
        _bristles(draw, path, colour, layer, rng)
    drawn = np.asarray(image, np.float32) / 255
    return drawn[..., :3] * relief(blur(drawn[..., 3], 1.0), 1.2 * thick)


def _bristles(draw, path, colour, layer, rng):
    """Each stroke as a bundle of lines; the fourth channel takes the height of the paint."""
    count = max(int(layer.width // 2.5), 3)
    along = np.gradient(path, axis=1)
    across = np.stack([-along[..., 1], along[..., 0]], -1) / np.maximum(np.linalg.norm(along, axis=-1), 1e-6)[..., None]
    offsets = np.linspace(-layer.width / 2, layer.width / 2, count)
    lines = path[:, None] + across[:, None] * offsets[:, None, None]
    shift = rng.normal(0, layer.length * 0.07, (len(path), count, 1, 1)) * np.sign(along[:, None, :1])
    lines = (lines + np.clip(shift, -layer.length / 5, layer.length / 5)).astype(float)
    tone = 1 + rng.normal(0, layer.streak, (len(path), count, 1))
    paints = (np.clip(colour[:, None] * tone, 0, 1) * 255).astype(int)
    heights = np.clip(150 + 500 * (tone[..., 0] - 1) + rng.normal(0, 12, tone.shape[:2]), 10, 255).astype(int)
    ridge = np.where(np.abs(offsets) > layer.width * 0.4, 60, 0)
    for stroke in range(len(path)):
        for i in range(count):
            ink = (*paints[stroke, i].tolist(), min(int(heights[stroke, i] + ridge[i]), 255))
            draw.line(lines[stroke, i].ravel().tolist(), ink, 4)


def dots(x, radius, count, seed, *, ground, vivid):
    """The motif in round dots, whose colours stand off from it by ``vivid`` and mix again in the eye."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (N, N), tuple(int(255 * c) for c in ground))
    draw = ImageDraw.Draw(image)
    places = rng.uniform(0, N, (count, 2))
    for (u, v), size in zip(places, radius * rng.uniform(0.7, 1.15, count), strict=True):
        colour = x[int(v), int(u)] + vivid * rng.normal(0, 1, 3)
        ink = tuple(int(255 * c) for c in np.clip(colour, 0, 1))
        draw.ellipse((u - size, v - size, u + size, v + size), ink)
    return np.asarray(image, np.float32) / 255
