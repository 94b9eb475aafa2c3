"""Training pictures as the networks see them, and pairs of them with what they are to be judged by."""

import itertools
import os
from queue import Empty

import numpy as np
import perceptual
import pictures
from keras import ops

STYLE_SIZE = 256  # what the Gram targets are measured at, as the score is
MORE_STYLES = 8  # styles per batch of pairs that only their bottleneck is learnt of
POOL_START = 256  # pairs in the pool before the first step of phase 2
RENEWED = 3  # steps of phase 2 after which a batch of the pool is renewed, if the next is made
THREADS = max(1, (os.cpu_count() or 2) // 2)  # that make pictures


class Pictures:
    """Augmented training pictures and what the teacher makes of them."""

    def __init__(self, shared, teacher):
        self.teacher = teacher
        self.style_images = [pictures.read(path) for path in pictures.training(shared, "styles")]
        self.photo_images = [pictures.read(path) for path in pictures.training(shared, "photos")]

    def styles(self, count, rng):
        """Styles, one in four of them from a photo: whatever the teacher tells apart is worth telling apart."""
        sources = [self.photo_images if rng.random() < 0.25 else self.style_images for _ in range(count)]
        return np.stack([pictures.augmented_style(images, STYLE_SIZE, rng) for images in sources])

    def pairs(self, count, size, more, rng):
        """Inputs and targets: ``count`` photos and styles, and ``more`` styles without a photo."""
        photos = np.stack([pictures.augmented_photo(self.photo_images, size, rng) for _ in range(count)])
        styles = self.styles(count + more, rng)
        bottleneck = self.teacher.bottlenecks(styles)
        taught = self.teacher.pictures(photos, bottleneck[:count])
        return {"photo": photos, "style": styles}, {"teacher": taught, "bottleneck": bottleneck}

    def taught_styles(self, count, rng):
        """Styles in f16 and the teacher's bottlenecks of them."""
        styles = self.styles(count, rng)
        return styles.astype(np.float16), self.teacher.bottlenecks(styles)


class Pool:
    """Batches of pairs with the targets of phase 2, renewed while training, where the backend computes.

    With targets at hand a step costs VGG19 one pass forward and back over the network's picture, and nothing else.
    """

    def __init__(self, features, made, capacity, rng):
        """``made`` is a queue of what ``Pictures.pairs`` returns, ``capacity`` in batches."""
        self._features, self._made, self._capacity, self._rng = features, made, capacity, rng
        self._batches = []

    def fill(self, count):
        """Wait for so many batches, or for as many as there is room for."""
        while len(self._batches) < min(count, self._capacity):
            self._batches.append(self._judged(*self._made.get()))

    def renew(self):
        """Add a batch, or put it in another's place, if one is made already."""
        try:
            batch = self._judged(*self._made.get_nowait())
        except Empty:
            return
        if len(self._batches) < self._capacity:
            self._batches.append(batch)
        else:
            self._batches[self._rng.integers(self._capacity)] = batch

    def batch(self):
        """Inputs and targets of one phase-2 step."""
        return self._batches[self._rng.integers(len(self._batches))]

    def _judged(self, x, y):
        x, y = ({name: ops.convert_to_tensor(value) for name, value in part.items()} for part in (x, y))
        count = len(x["photo"])
        *style, _ = self._features(x["style"][:count])
        *photo, content = self._features(x["photo"])
        grams = [perceptual.gram(f) for f in style]
        s = perceptual.style_distance([perceptual.gram(f) for f in photo], grams)
        c = perceptual.content_distance(self._features(y["teacher"])[-1], content)
        y |= {
            "content": content,
            # Floors: a photo like its style already, a blank crop.
            "untouched_s": ops.maximum(s, 0.1),
            "teacher_c": ops.maximum(c, 0.05 * ops.mean(ops.square(content), axis=(1, 2, 3))),
        }
        return x, y | dict(zip(perceptual.STYLE_LAYERS, grams, strict=True))


def distilled_batches(training, count, size, rng):
    """Pairs of phase 1, where the photo network draws the teacher's bottlenecks, for ever."""
    made = pictures.made_ahead(lambda own: training.pairs(count, size, 0, own), rng, THREADS)
    while True:
        x, y = made.get()
        yield x | {"bottleneck": y["bottleneck"]}, y


def judged_batches(training, features, count, size, capacity, rng, more=MORE_STYLES):
    """Pairs of phase 2 from a pool of ``capacity`` pairs, for ever, with ``more`` styles per batch."""
    made = pictures.made_ahead(lambda own: training.pairs(count, size, more, own), rng, THREADS)
    pool = Pool(features, made, max(1, capacity // count), rng)
    pool.fill(max(1, min(POOL_START, capacity // 4) // count))
    for step in itertools.count():
        if step % RENEWED == 0:
            pool.renew()
        yield pool.batch()


def style_batches(training, count, rng):
    """Styles in f16 and the teacher's bottlenecks of them, for ever."""
    made = pictures.made_ahead(lambda own: training.taught_styles(count, own), rng, THREADS)
    while True:
        yield made.get()
