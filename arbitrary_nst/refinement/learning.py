"""Learning a style: Gatys's losses minimised over what a network draws by, on crops of photos, not over one picture.

A photo network that knows many styles needs a scale and a shift per channel to know one more (Dumoulin 2017, section
3): those alone, or all of its weights, go downhill from where the style network put them. After that every photo takes
one pass.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement import cells, losses
from arbitrary_nst.refinement.crops import SIDE
from arbitrary_nst.refinement.gradients import value_and_gradient
from arbitrary_nst.refinement.optimizers import to_numpy, to_tensor
from arbitrary_nst.refinement.precision import DTYPES, choose_precision, settle_tf32
from arbitrary_nst.refinement.recipes import STYLE_LAYERS, Recipe
from arbitrary_nst.refinement.record import OnStep, Step

with quiet():
    import keras
    from keras import ops

Array = NDArray[np.float32]
Tensor = Any
Target = tuple[Tensor, Tensor, list[Tensor], Tensor]  # photo, its content, the style's statistics, their distance

# What content weighs; with less, weights that learn a style of large shapes leave nothing of the photo.
CONTENT = {"numbers": 0.07, "weights": 0.15}
# Weighs the layers alike, and style against content without regard to sizes and contrasts: S and C as shares.
LEARNING = Recipe(
    name="learning",
    source="Dumoulin 2017, with losses as shares: Gram matrices against the style's, features against the photo's",
    content_layer="block4_conv2",
    content_loss="relative",
    content_weight=CONTENT["numbers"],
    style_layers=dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS)),
    style_loss="relative",
    style_weight=1.0,
    gram_norm="hw",
)
STRIPE, MESH = 0.005, 1.5  # weights of what shows the network's cells
RATES = {"numbers": 0.03, "weights": 0.002}  # Adam's
FALLING = 0.4  # share of the steps, the last, in which the rate falls to nothing
STEPS_A_MINUTE = {"numbers": 150, "weights": 150}  # on two cores in bf16
MINUTES = {"numbers": 3.0, "weights": 10.0}
ATTEMPTS = 4  # each with a quarter of the rate before, where a loss is no number


@dataclass(frozen=True)
class Subject:
    """What learns: ``draw`` takes the values as tensors and photos (N, H, W, 3), and draws them.

    ``values`` are where it begins: numbers first, then weights if these are learnt too, by their ``names``.
    ``constraints`` say what each has to meet after every step, or None.
    """

    values: list[Array]
    draw: Callable[[list[Tensor], Tensor], Tensor]
    constraints: list[Callable[[Tensor], Tensor] | None] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Learnt:
    """The best values, how they came about, and a line each about what was not as asked."""

    values: list[Array]
    history: list[Step]
    ended: Literal["steps", "stopped"]
    notes: tuple[str, ...] = ()


def steps_of(how: LearnOptions) -> int:
    """How many steps the options ask for: the same everywhere, so that a seed makes the same style."""
    if how.steps is not None:
        return how.steps
    minutes = MINUTES[how.depth] if how.minutes is None else how.minutes
    return max(1, round(minutes * STEPS_A_MINUTE[how.depth]))


class Learner:
    """Learns styles with one loaded VGG19.

    vgg19: ``losses.read_vgg19`` of a file. precision: ``f32``, ``bf16``, ``f16`` or ``auto``, which is what this
    machine is fastest in.
    """

    def __init__(self, vgg19: dict[str, Any], *, precision: str = "auto") -> None:
        self.precision = choose_precision(precision)
        settle_tf32()
        self._dtype = DTYPES[self.precision]
        self._vgg19 = losses.placed(vgg19, self._dtype)

    def learn(
        self,
        subject: Subject,
        style: Pixels,
        crops: Iterable[Pixels],
        how: LearnOptions,
        on_step: OnStep | None = None,
        shown: Pixels | None = None,
    ) -> Learnt:
        """Bring the subject's pictures of ``crops`` (SIDE, SIDE, 3) to the style, (H, W, 3), both RGB in [0, 1].

        The loss of a step is that of one crop: S as a share of the photo's own S, and ``content_weight`` times C as a
        share of the mean square of the photo's features. ``on_step`` is called after each with a ``Step``, whose terms
        are means of the last pass over all crops, and a function that draws ``shown``, (H, W, 3) with sides as the
        network takes them, as it would be now; what it returns, if true, ends the learning. The values come back that
        ended the best pass. Raises OptionError without crops, and EngineError where no loss is finite.
        """
        weight = CONTENT[how.depth] if how.content_weight is None else how.content_weight
        recipe = LEARNING.with_changes(content_weight=weight)
        targets = self._targets(style, crops, recipe)
        if not targets:
            raise OptionError("learning: no photo to learn on", "{photos} a folder that has some")
        values = [ops.convert_to_tensor(value) for value in subject.values]
        function = value_and_gradient(self._terms(subject, recipe), targets[0], values, self._dtype)
        return _Run(function, subject, targets, how, on_step, shown).run()

    def _targets(self, style: Pixels, crops: Iterable[Pixels], recipe: Recipe) -> list[Target]:
        maps = self._features(style, recipe)
        statistics = [losses.style_target(maps[name], recipe.gram_norm) for name in recipe.style_layers]
        targets = []
        for photo in crops:
            maps = self._features(photo, recipe)
            content, apart = maps[recipe.content_layer], losses.style_term(maps, statistics, recipe)
            if float(apart) > 0 and float(ops.sum(ops.square(content))) > 0:  # else no share of it is a number
                targets.append((to_tensor(photo), content, statistics, apart))
        return targets

    def _features(self, picture: Pixels, recipe: Recipe) -> dict[str, Tensor]:
        layers = {*recipe.style_layers, recipe.content_layer}
        return losses.features(to_tensor(picture), self._vgg19, layers, pooling=recipe.pooling, dtype=self._dtype)

    def _terms(self, subject: Subject, recipe: Recipe) -> Callable[[list[Tensor], Target], Tensor]:
        def terms(values: list[Tensor], target: Target) -> Tensor:
            photo, content, statistics, apart = target
            picture = subject.draw(values, photo)
            found = losses.terms(picture, (content, statistics), self._vgg19, recipe, self._dtype)
            return ops.stack([found[0], found[1] / apart, found[2] + what_cells_leave(picture)])

        return terms


def what_cells_leave(picture: Tensor) -> Tensor:
    """Stripes, coloured dots and mesh, weighted; of a picture too small for its neighbourhoods nothing."""
    if min(picture.shape[1:3]) < cells.SMALLEST:
        return ops.zeros(())
    return STRIPE * cells.stripe(picture) + MESH * cells.mesh(picture)


class _Diverged(Exception):
    """A loss or a gradient is no number."""


class _Run:
    """One learning: its variables, its record, and the best so far."""

    def __init__(
        self,
        function: Callable[[Any, Any], tuple[Any, Any]],
        subject: Subject,
        targets: list[Target],
        how: LearnOptions,
        on_step: OnStep | None,
        shown: Pixels | None,
    ) -> None:
        self._function, self._subject, self._targets = function, subject, targets
        self._depth, self._last = how.depth, steps_of(how)
        self._on_step, self._shown = on_step, shown
        self._rng = np.random.default_rng(how.seed)
        self._variables = [keras.Variable(value) for value in subject.values]
        for variable, constraint in zip(self._variables, subject.constraints, strict=False):
            variable.constraint = constraint
        self._pass = deque[Array](maxlen=len(targets))  # the terms of the last steps, one of each crop
        self._history: list[Step] = []
        self._best, self._lowest = [value.copy() for value in subject.values], math.inf
        self._began = time.monotonic()
        self._stopped = False

    def run(self) -> Learnt:
        """Go downhill to the last step, or until someone says stop."""
        notes, slower = list[str](), 1.0
        for _ in range(ATTEMPTS):
            try:
                self._descend(slower)
            except _Diverged:
                notes.append(f"step {len(self._history)}: the loss is no number; went on from the best more slowly")
                slower /= 4
                self._pass.clear()
                for variable, value in zip(self._variables, self._best, strict=True):
                    variable.assign(value)
            else:
                ended: Literal["steps", "stopped"] = "stopped" if self._stopped else "steps"
                return Learnt(self._best, self._history, ended, tuple(notes))
        raise EngineError("learning: the loss is no number", "{precision=f32}")

    def _descend(self, slower: float) -> None:
        own = len(self._variables) if self._depth == "numbers" else 1  # weights follow, and take smaller steps
        parts = [(RATES["numbers"] * slower, slice(own)), (RATES["weights"] * slower, slice(own, None))]
        optimizers = [(keras.optimizers.Adam(rate), rate, part) for rate, part in parts if self._variables[part]]
        waiting = list[int]()
        while True:
            if not waiting:  # every crop once, in an order of its own
                waiting = self._rng.permutation(len(self._targets)).tolist()
            terms, gradients = self._function(self._values(), self._targets[waiting.pop()])
            if not all(np.isfinite(to_numpy(each)).all() for each in (terms, *gradients)):
                raise _Diverged
            self._note(to_numpy(terms))
            if self._stopped or len(self._history) > self._last:
                return
            falling = min(1.0, (1 - len(self._history) / self._last) / FALLING)
            for optimizer, rate, part in optimizers:
                optimizer.learning_rate = rate * max(0.02, falling)
                optimizer.apply(gradients[part], self._variables[part])

    def _note(self, terms: Array) -> None:
        """Record a step; keep the values if the last pass was the best, or too short to tell."""
        self._pass.append(terms)
        content, style, tv = map(float, np.mean(self._pass, axis=0))
        total = content + style + tv
        step, seconds = len(self._history), time.monotonic() - self._began
        left = math.inf
        if step:  # before that most of the time went into compiling
            left = (seconds - self._history[0].seconds) / step * (self._last - step)
        self._history.append(Step(step, SIDE, seconds, content, style, tv, total, self._last, left))
        is_whole = len(self._pass) == len(self._targets)
        if not is_whole or total < self._lowest:
            self._best = [np.array(to_numpy(value)) for value in self._values()]
            self._lowest = total if is_whole else math.inf
        self._stopped = self._on_step is not None and bool(self._on_step(self._history[-1], self._draw_shown))

    def _draw_shown(self) -> Pixels:
        """The photo to be shown, drawn as it would be now."""
        photo = self._targets[0][0] if self._shown is None else to_tensor(self._shown)
        drawn: Pixels = to_numpy(self._subject.draw(self._values(), photo))[0]
        return drawn

    def _values(self) -> list[Tensor]:
        return [ops.copy(variable) for variable in self._variables]
