"""A landscape in pixels: rays marched through a height field, a lake that mirrors it, a sky of clouds."""

import numpy as np

SUN = np.array([-0.74, 0.36, 0.10], np.float32) / np.float32(np.linalg.norm([-0.74, 0.36, 0.10]))
CELL = 0.012  # world units per cell of the noise fields
FAR = 34.0
FIELD = 2048


def noise(shape, slope, seed, stretch=1.0):
    """Periodic fractal noise, mean 0, deviation 1: random phases under a spectrum that falls with frequency**slope."""
    rng = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(shape[0])[:, None] * stretch, np.fft.rfftfreq(shape[1])[None]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = np.inf
    phases = np.exp(2j * np.pi * rng.random(frequency.shape))
    field = np.fft.irfft2(phases / frequency**slope, shape)
    return ((field - field.mean()) / field.std()).astype(np.float32)


def sample(field, x, y):
    """Bilinear lookup in a periodic field; x and y in its cells."""
    height, width = field.shape
    x0, y0 = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    xa, xb, ya, yb = x0 % width, (x0 + 1) % width, y0 % height, (y0 + 1) % height
    top = field[ya, xa] * (1 - fx) + field[ya, xb] * fx
    return top * (1 - fy) + (field[yb, xa] * (1 - fx) + field[yb, xb] * fx) * fy


def smoothstep(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    return a + (b - a) * t[..., None]


class Terrain:
    """Height over (x, z): a valley with a lake, mountains behind it, trees on what is neither steep nor high."""

    def __init__(self):
        self.broad = noise((FIELD, FIELD), 2.2, 5)
        self.rough = noise((FIELD, FIELD), 1.75, 8)
        self.crowns = noise((FIELD, FIELD), 0.7, 3)

    def ground(self, x, z):
        broad = sample(self.broad, x / CELL / 2.2, z / CELL / 2.2)
        ridged = 1 - np.abs(sample(self.broad, x / CELL / 1.3 + 700, z / CELL / 1.3 + 300))
        rough = sample(self.rough, x / CELL, z / CELL)
        far = smoothstep(7, 20, z)
        sides = smoothstep(1.2, 7, np.abs(x + 0.8 * np.sin(z * 0.45)))
        lift = -0.30 + 0.75 * sides + far * (1.6 + 2.0 * ridged) + 0.34 * broad * (0.35 + sides + far)
        shore = 0.42 * smoothstep(3.2, 1.6, z + 0.5 * x)
        return lift + shore + rough * (0.03 + 0.13 * far + 0.06 * sides)

    def forest(self, x, z, height):
        patches = sample(self.rough, x / CELL / 3 + 99, z / CELL / 3)
        belt = smoothstep(0.06, 0.16, height) * smoothstep(1.75, 1.05, height + 0.25 * patches)
        return belt * smoothstep(2.4, 3.6, z) * smoothstep(-0.9, 0.1, patches + 0.45)

    def height(self, x, z):
        ground = self.ground(x, z)
        crowns = np.maximum(sample(self.crowns, x / CELL * 2.6, z / CELL * 2.6), -0.5) + 0.5
        return ground + self.forest(x, z, ground) * (0.05 + 0.055 * crowns)


def march(terrain, origin, direction):
    """Distance along each ray to the terrain; FAR where it meets none. Steps grow with distance."""
    distance = np.full(len(direction), FAR, np.float32)
    active = np.arange(len(direction))
    t = np.full(len(direction), 0.05, np.float32)
    while len(active):
        at = origin[active] + direction[active] * t[:, None]
        gap = at[:, 1] - terrain.height(at[:, 0], at[:, 2])
        hit = gap < 0.0008 * t
        distance[active[hit]] = t[hit]
        t = t + np.maximum(np.abs(gap) * 0.35, 0.0035 * t)
        going = ~hit & (t < FAR) & (at[:, 1] < 7.5)
        active, t = active[going], t[going]
    return distance


def sky(direction, clouds):
    """Blue above, warm towards the sun and the horizon, a sheet of clouds lit from behind."""
    up = np.clip(direction[:, 1], 0.0, 1)
    to_sun = np.clip(direction @ SUN, 0, 1)
    colour = mix(np.array([0.86, 0.80, 0.74]), np.array([0.10, 0.29, 0.68]), smoothstep(-0.03, 0.55, up) ** 0.7)
    colour = colour + (0.55 * to_sun**10 + 0.9 * to_sun**160)[:, None] * np.array([1.0, 0.72, 0.38])
    scale = 1.4 / (up + 0.10)
    density = sample(clouds, direction[:, 0] * scale * 70 + 400, direction[:, 2] * scale * 70 + 900)
    inner = sample(clouds, direction[:, 0] * scale * 70 + 404, direction[:, 2] * scale * 70 + 914)
    cover = smoothstep(-0.3, 0.9, density) * smoothstep(0.01, 0.10, up) * 0.95
    lit = np.clip(0.92 + 0.8 * (density - inner) - 0.12 * density + 0.5 * to_sun**5, 0, 1.3)
    return mix(colour, np.array([1.0, 0.94, 0.88]) * lit[:, None] + np.array([0.0, 0.01, 0.04]), cover)


def shade(terrain, at, distance):
    """Colour of the terrain: grass, forest, rock or snow, sunlit or shadowed, then haze."""
    x, z = at[:, 0], at[:, 2]
    step = 0.004 + 0.0012 * distance
    here = terrain.height(x, z)
    slope_x = (terrain.height(x + step, z) - here) / step
    slope_z = (terrain.height(x, z + step) - here) / step
    normal = np.stack([-slope_x, np.ones_like(slope_x), -slope_z], -1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    grain = sample(terrain.crowns, x / CELL * 5, z / CELL * 5)[:, None]
    ground = terrain.ground(x, z)
    grass = np.array([0.27, 0.30, 0.10]) * (1 + 0.30 * grain)
    colour = mix(grass, np.array([0.36, 0.32, 0.29]) * (1 + 0.18 * grain), smoothstep(0.80, 0.62, normal[:, 1]))
    colour = mix(colour, np.array([0.43, 0.38, 0.30]) * (1 + 0.1 * grain), smoothstep(0.055, 0.01, ground))
    autumn = smoothstep(0.2, 1.4, sample(terrain.rough, x / CELL * 1.7 + 50, z / CELL * 1.7))
    trees = mix(np.array([0.075, 0.15, 0.075]), np.array([0.42, 0.25, 0.06]), autumn) * (1 + 0.3 * grain)
    colour = mix(colour, trees, terrain.forest(x, z, ground))
    colour = mix(colour, np.array([0.90, 0.92, 0.97]),
                 smoothstep(1.9, 2.4, ground + 0.10 * grain[:, 0]) * smoothstep(0.45, 0.70, normal[:, 1]))  # fmt: skip
    shadow = march(terrain, at + normal * 0.01 + SUN * 0.02, np.broadcast_to(SUN, at.shape)) >= FAR * 0.5
    light = np.clip(normal @ SUN, 0, 1) * (0.08 + 0.92 * shadow)
    colour = colour * (
        light[:, None] * np.array([1.75, 1.42, 1.02]) + (0.5 + 0.5 * normal[:, 1:2]) * [0.30, 0.38, 0.52]
    )
    return mix(colour, np.array([0.62, 0.68, 0.78]), 1 - np.exp(-((distance / 36) ** 1.7)))


def scene(terrain, clouds, origin, direction):
    """Colours along rays, and where they end."""
    distance = march(terrain, origin, direction)
    colour = sky(direction, clouds)
    hit = np.flatnonzero(distance < FAR)
    colour[hit] = shade(terrain, origin[hit] + direction[hit] * distance[hit, None], distance[hit])
    return colour, distance


def landscape(width=1280, height=853):
    """(height, width, 3) in [0, 1] or a little beyond."""
    terrain, clouds = Terrain(), noise((FIELD, FIELD), 1.6, 21)
    eye = np.array([0.1, 0.62, 0.0], np.float32)
    u, v = np.meshgrid((np.arange(width) + 0.5) / width - 0.5, (np.arange(height) + 0.5) / width - 0.5 * height / width)
    direction = np.stack([u * 1.05, -v * 1.05 - 0.005, np.ones_like(u)], -1).reshape(-1, 3).astype(np.float32)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    origin = np.broadcast_to(eye, direction.shape)
    colour, distance = scene(terrain, clouds, origin, direction)
    to_water = np.where(direction[:, 1] < -1e-4, -eye[1] / np.minimum(direction[:, 1], -1e-4), np.inf)
    wet = np.flatnonzero(to_water < np.minimum(distance, FAR))
    surface = origin[wet] + direction[wet] * to_water[wet, None]
    ripples = noise((FIELD, FIELD), 1.3, 77, stretch=0.35)
    tilt = sample(ripples, surface[:, 0] * 60, surface[:, 2] * 60) * 0.012
    mirrored = direction[wet] * np.array([1, -1, 1], np.float32)
    mirrored[:, 1] = np.abs(mirrored[:, 1] + tilt)
    mirrored[:, 0] += 0.4 * tilt
    reflected, _ = scene(terrain, clouds, surface + np.float32([0, 0.002, 0]), mirrored.astype(np.float32))
    fresnel = 0.25 + 0.75 * (1 - np.abs(direction[wet, 1])) ** 4
    colour[wet] = mix(np.array([0.03, 0.10, 0.12]), reflected, fresnel)
    x = colour.reshape(height, width, 3)
    grey = x.mean(axis=2, keepdims=True)
    x = np.clip(1.05 * (grey + (x - grey) * 1.15), 0, None)
    x = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)  # Narkowicz 2015, a filmic curve
    return x ** (1 / 1.12) + 0.008 * np.random.default_rng(1).normal(size=(height, width, 1))
