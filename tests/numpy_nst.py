"""The features and losses once more, in NumPy and float64, from the formulas: what `losses` is tested against."""

import numpy as np

MEANS = np.array([123.68, 116.779, 103.939])  # RGB
COUNTS = (2, 2, 4, 4, 4)
NAMES = [f"block{b}_conv{c}" for b, count in enumerate(COUNTS, 1) for c in range(1, count + 1)]


def thin_vgg19(seed=0, channels=(4, 6, 6, 8, 8)):
    """Random kernels of VGG19's shape with few channels, whose maps are about as large as the real ones."""
    rng = np.random.default_rng(seed)
    kernels, before = {}, 3
    for name in NAMES:
        after = channels[int(name[5]) - 1]
        kernel = rng.normal(0, np.sqrt(2 / (9 * before)), (3, 3, before, after)).astype(np.float32)
        kernels[name] = kernel, rng.normal(0, 0.5, after).astype(np.float32)
        before = after
    return kernels


def maps(picture, vgg19, pooling="max"):
    """(H, W, 3) in [0, 1] to every layer's (h, w, C)."""
    x = (np.asarray(picture, np.float64) * 255 - MEANS)[..., ::-1]
    found = {}
    for name in NAMES:
        if name.endswith("conv1") and name != "block1_conv1":
            h, w = x.shape[0] // 2, x.shape[1] // 2
            windows = x[: 2 * h, : 2 * w].reshape(h, 2, w, 2, -1)
            x = windows.max((1, 3)) if pooling == "max" else windows.mean((1, 3))
        kernel, bias = (np.asarray(a, np.float64) for a in vgg19[name])
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        h, w = x.shape[:2]
        x = bias + sum(padded[i : i + h, j : j + w] @ kernel[i, j] for i in range(3) for j in range(3))
        x = found[name] = np.maximum(x, 0)
    return found


def gram(f):
    flat = f.reshape(-1, f.shape[-1])
    return flat.T @ flat


def content(f, p, kind):
    d = f - p
    return {
        "half_sum": (d**2).sum() / 2,
        "mean": (d**2).mean(),
        "rms": np.sqrt((d**2).mean()),
        "relative": (d**2).sum() / (p**2).sum(),
    }[kind]


def style(f, s, kind, norm):
    m, n = f.shape[0] * f.shape[1], f.shape[2]
    m_style = s.shape[0] * s.shape[1]
    g, a = {
        "none": (gram(f), gram(s) * m / m_style),
        "hw": (gram(f) / m, gram(s) / m_style),
        "chw": (gram(f) / (m * n), gram(s) / (m_style * n)),
    }[norm]
    d = (g - a) ** 2
    return {
        "gatys": d.sum() / (4 * n**2 * m**2),
        "sum": d.sum(),
        "mean": d.mean(),
        "relative": d.sum() / (a**2).sum(),
    }[kind]


def variation(x, power=1):
    return (abs(x[1:] - x[:-1]) ** power).sum() + (abs(x[:, 1:] - x[:, :-1]) ** power).sum()


def total(picture, photo, style_picture, vgg19, recipe):
    """The weighted sum that a recipe means."""
    mine, of_photo, of_style = (maps(p, vgg19, recipe.pooling) for p in (picture, photo, style_picture))
    layer = recipe.content_layer
    value = recipe.content_weight * content(mine[layer], of_photo[layer], recipe.content_loss)
    for name, weight in recipe.style_layers.items():
        term = style(mine[name], of_style[name], recipe.style_loss, recipe.gram_norm)
        value += recipe.style_weight * weight * term
    return value + recipe.tv_weight * variation(np.asarray(picture, np.float64), recipe.tv_power)
