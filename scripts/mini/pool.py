"""Training pictures as the networks see them, and pairs of them with what they are to be judged by."""

import numpy as np
import perceptual
import pictures
from keras import ops

STYLE_SIZE = 256  # what the Gram targets are measured at, as the score is


class Pictures:
    """Augmented training pictures, and a pool of pairs with the targets of phase 2, renewed while training.

    With targets at hand a step costs VGG19 one pass forward and back over the network's picture, and nothing else.
    """

    def __init__(self, shared, features, teacher, size, capacity, rng):
        self.features, self.teacher, self.size, self.rng = features, teacher, size, rng
        self.style_images = [pictures.read(path) for path in pictures.training(shared, "styles")]
        self.photo_images = [pictures.read(path) for path in pictures.training(shared, "photos")]
        self.pairs, self.capacity = [], capacity

    def styles(self, count):
        """Styles, one in four of them from a photo: whatever the teacher tells apart is worth telling apart."""
        sources = [self.photo_images if self.rng.random() < 0.25 else self.style_images for _ in range(count)]
        return np.stack([pictures.augmented_style(images, STYLE_SIZE, self.rng) for images in sources])

    def photos(self, count, size):
        return np.stack([pictures.augmented_photo(self.photo_images, size, self.rng) for _ in range(count)])

    def renew(self, count):
        """Replace, or add while there is room, ``count`` pairs: (inputs, targets), as ``Mini`` takes them."""
        x = {"photo": self.photos(count, self.size), "style": self.styles(count)}
        bottleneck = self.teacher.bottlenecks(x["style"])
        taught = self.teacher.pictures(x["photo"], bottleneck)
        *style, _ = self.features(x["style"])
        *photo, content = self.features(x["photo"])
        grams = [perceptual.gram(f) for f in style]
        s = perceptual.style_distance([perceptual.gram(f) for f in photo], grams)
        c = perceptual.content_distance(self.features(taught)[-1], content)
        y = {
            "teacher": taught,
            "bottleneck": bottleneck,
            "content": content,
            # Floors: a photo like its style already, a blank crop.
            "untouched_s": ops.maximum(s, 0.1),
            "teacher_c": ops.maximum(c, 0.05 * ops.mean(ops.square(content), axis=(1, 2, 3))),
            **dict(zip(perceptual.STYLE_LAYERS, grams, strict=True)),
        }
        y = {name: ops.convert_to_numpy(value) for name, value in y.items()}
        for i in range(count):
            pair = {name: value[i] for name, value in x.items()}, {name: value[i] for name, value in y.items()}
            if len(self.pairs) < self.capacity:
                self.pairs.append(pair)
            else:
                self.pairs[self.rng.integers(self.capacity)] = pair

    def batch(self, count, pull):
        """Inputs and targets of one phase-2 step."""
        chosen = [self.pairs[i] for i in self.rng.integers(len(self.pairs), size=count)]
        x, y = (
            {name: np.stack([part[name] for part in parts]) for name in parts[0]} for parts in zip(*chosen, strict=True)
        )
        y["pull"] = np.full(count, pull, np.float32)
        return x, y


def distillation_batches(training, count, size):
    """Photos of a size and styles, and what the teacher makes of them, for ever."""

    def make():
        x = {"photo": training.photos(count, size), "style": training.styles(count)}
        bottleneck = training.teacher.bottlenecks(x["style"])
        y = {"teacher": training.teacher.pictures(x["photo"], bottleneck), "bottleneck": bottleneck}
        return x | {"bottleneck": bottleneck}, y

    return pictures.in_background(make)


def style_batches(training, count):
    """Styles in f16 and the teacher's bottlenecks of them, for ever."""

    def make():
        styles = training.styles(count)
        return styles.astype(np.float16), training.teacher.bottlenecks(styles)

    return pictures.in_background(make)
