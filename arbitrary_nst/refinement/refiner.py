"""Refinement: optimise a picture's pixels until VGG19 sees the photo's content and the style's statistics in it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from arbitrary_nst import images
from arbitrary_nst.drawing.sought import Sought
from arbitrary_nst.errors import EngineError, EngineMemoryError, OptionError, PhotoError
from arbitrary_nst.hardware.backends import free_memory_of_gpu
from arbitrary_nst.hardware.devices import KEPT_FREE, is_out_of_memory
from arbitrary_nst.hardware.memory import allowed_memory
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.images.upscale import add_change, guided
from arbitrary_nst.refinement import optimizers
from arbitrary_nst.refinement.optimizers import to_numpy
from arbitrary_nst.refinement.precision import DTYPES, choose_precision, settle_tf32
from arbitrary_nst.refinement.record import OnStep, Refined, Run
from arbitrary_nst.refinement.scales import SMALLEST, Size, scale_sizes, scaled, split_steps, split_time
from arbitrary_nst.refinement.settings import Refinement

ATTEMPTS = 6  # at a scale, each with a quarter of the step before, where losses are not finite or rise too far
TOO_FAR = 10  # times the lowest loss, from where Adam would need the rest of its steps to come back
# Memory as scripts/benchmarks/refine.py measures it: of the process before, and for each pixel.
BASE_BYTES, BYTES_PER_PIXEL = 10**9, {"bf16": 2100, "f16": 2100, "f32": 2600}


class _Ended(Exception):
    """Steps or seconds are used up, or someone said stop."""


class _Diverged(Exception):
    """A loss that is no number or too high, in words."""


class Refiner:
    """Refines pictures by one recipe; what was compiled for one serves the next.

    vgg19: ``losses.read_vgg19`` of a file. precision: ``f32``, ``bf16``, ``f16`` or ``auto``, which is what this
    machine is fastest in.
    max_memory: bytes; what takes more is refined smaller, and what that changed is carried up to the full size. None
    is half of what is free.
    """

    def __init__(
        self, how: Refinement, vgg19: dict[str, Any], *, precision: str = "auto", max_memory: int | None = None
    ) -> None:
        from arbitrary_nst.refinement import losses

        self._how, self.recipe, self._max_memory = how, how.recipe, max_memory
        self.precision = choose_precision(precision)
        settle_tf32()
        self._dtype = DTYPES[self.precision]
        self._vgg19 = losses.placed(vgg19, self._dtype)
        self._functions: dict[int, Callable[[Any, Any], tuple[Any, Any]]] = {}  # by the number of regions

    def refine(
        self,
        photo: Pixels,
        style: Pixels | Sequence[Sought],
        start: Pixels | None = None,
        on_step: OnStep | None = None,
    ) -> Refined:
        """Optimise a picture of the photo's size, (H, W, 3) RGB in [0, 1], for photo and style.

        A style is one picture, or what is sought region by region.
        ``start`` is the feed-forward picture, which only recipes with init ``stylized`` need. ``on_step`` is called
        after each evaluation with the step and what brings the picture, at its scale, from Keras's device; what it
        returns, if true, ends the search.
        The picture comes back that had the lowest total. Raises PhotoError
        for one that is too small, EngineError where no loss is finite.
        """
        full: Size = (photo.shape[0], photo.shape[1])
        if min(full) < SMALLEST:
            raise PhotoError(f"{full[1]}x{full[0]}: too small to refine", f"{SMALLEST} px or more, or no {{refine}}")
        if isinstance(style, np.ndarray):
            style = [Sought([(style, 1.0)])]
        first = self._first(photo, style, start)
        largest = self._fitting(full)
        while True:
            try:
                return self._refine(photo, style, first, largest, on_step)
            except Exception as exc:  # each backend has an error of its own for this
                if not is_out_of_memory(exc) or min(largest) < 2 * SMALLEST:
                    raise
            largest = scaled(largest, 0.5**0.5)

    def _refine(
        self, photo: Pixels, style: Sequence[Sought], first: Pixels, largest: Size, on_step: OnStep | None
    ) -> Refined:
        """From coarse to fine up to ``largest``, and from there at once to the full size."""
        height, width = photo.shape[:2]
        sizes = scale_sizes(largest, self.recipe.scales)
        budgets, deadlines = split_steps(self.recipe.steps, sizes), split_time(self._how.time_limit, sizes)
        work = np.repeat([h * w for h, w in sizes], [budgets[0] + 1, *budgets[1:]])
        run = Run(on_step, np.cumsum(work), deadlines[-1])
        if largest != (height, width):
            run.notes.append(
                f"refined at {largest[1]}x{largest[0]}, as memory allows no more, and carried up to {width}x{height}"
            )
        picture = first
        for size, budget, deadline in zip(sizes, budgets, deadlines, strict=True):
            picture = images.resize(picture, size)
            picture = self._descend(run, photo, style, picture, budget, deadline)
            if run.ended == "stopped":
                break
        return Refined(self._carried(photo, first, picture), run.history, run.ended, tuple(run.notes))

    def _carried(self, photo: Pixels, first: Pixels, picture: Pixels) -> Pixels:
        """A picture of any scale at the photo's size, with the edges that are the photo's."""
        if self.recipe.init in ("photo", "stylized") or picture.shape == photo.shape:
            return add_change(first, picture)
        # it began with what the photo shows nothing of, which would come back at the full size
        return guided(photo, images.resize(photo, (picture.shape[0], picture.shape[1])), np.clip(picture, 0, 1))

    def _first(self, photo: Pixels, style: Sequence[Sought], start: Pixels | None) -> Pixels:
        """The picture to begin with, at the photo's size."""
        height, width = photo.shape[:2]
        match self.recipe.init:
            case "photo":
                return photo
            case "style":
                pictures = style[0].pictures
                return images.resize(max(pictures, key=lambda each: each[1])[0], (height, width))
            case "noise":
                return np.random.default_rng(self._how.seed).random((height, width, 3), np.float32)
            case "stylized":
                if start is None:
                    raise OptionError("init stylized: needs the feed-forward picture", "give it, or {init=photo}")
                return start

    def _fitting(self, full: Size) -> Size:
        """The largest size of the same shape that memory allows: the GPU's, where Keras computes on one."""
        on_gpu = free_memory_of_gpu()
        allowed = allowed_memory(self._max_memory)
        spare = max(0, allowed - BASE_BYTES)
        if on_gpu is not None:
            allowed = spare = min(int(KEPT_FREE * on_gpu), self._max_memory or on_gpu)
        share = math.sqrt(spare / (BYTES_PER_PIXEL[self.precision] * full[0] * full[1]))
        size = full if share >= 1 else scaled(full, share)
        if min(size) < SMALLEST:
            raise EngineMemoryError(f"refinement: {allowed / 1e9:.2f} GB are too little", "more {max_memory}")
        return size

    def _descend(
        self, run: Run, photo: Pixels, style: Sequence[Sought], start: Pixels, budget: int, deadline: float
    ) -> Pixels:
        """The best picture of one scale."""
        size: Size = (start.shape[0], start.shape[1])
        margin = self._margin(size)
        evaluate, remember = self._objective(photo, style, size), _Best(_widened(start, margin))
        begun, end = len(run.history), len(run.history) + budget + (not run.history)
        began = run.history[-1].seconds if run.history else 0.0

        def share() -> float:
            """How much of this scale's way is behind, by steps or by time."""
            spent = (run.history[-1].seconds - began) / (deadline - began) if deadline > began else 1.0
            return min(1.0, max((len(run.history) - begun - 1) / max(1, budget), spent))

        def judged(picture: Any) -> tuple[float, Any]:
            values, gradient, is_finite = evaluate(picture)
            run.note(max(size), values, lambda: _narrowed(to_numpy(picture)[0], margin))
            total = run.history[-1].total
            if not (math.isfinite(total) and is_finite):
                raise _Diverged("is no number")
            if self.recipe.optimizer == "adam" and total > TOO_FAR * remember.total:  # L-BFGS tries such points
                raise _Diverged(f"rose more than {TOO_FAR} times over")
            remember(total, picture)
            if run.ended == "stopped" or len(run.history) >= end:
                raise _Ended
            if run.history[-1].seconds >= deadline:
                run.ended = "time limit"
                raise _Ended
            return total, gradient

        search = optimizers.adam if self.recipe.optimizer == "adam" else optimizers.lbfgs
        rate = 1.0
        for _ in range(ATTEMPTS):
            try:  # L-BFGS returns by itself where its line search finds no lower point: it begins anew
                search(judged, remember.pixels, self.recipe, rate, share)
            except _Ended:
                break
            except _Diverged as exc:
                rate /= 4
                run.notes.append(
                    f"step {run.history[-1].step}: the loss {exc}; went on from the best with smaller steps"
                )
                if len(run.history) >= end:
                    break
        if not math.isfinite(remember.total):
            raise EngineError("refinement: the loss is no number from the start", "{precision=f32}")
        return _narrowed(remember.pixels, margin)

    def _margin(self, size: Size) -> int:
        """What of the recipe's margin a picture of this size can be reflected by."""
        return min(self.recipe.margin, min(size) - 1)

    def _objective(
        self, photo: Pixels, style: Sequence[Sought], size: Size
    ) -> Callable[[Any], tuple[Pixels, Any, bool]]:
        """Weighted terms, the gradient of their sum and whether it is finite, of a picture of this size with margin."""
        from keras import ops

        from arbitrary_nst.refinement import guided, losses
        from arbitrary_nst.refinement.gradients import value_and_gradient

        margin = self._margin(size)
        regions = [
            Sought(
                [(self._seen(each, size), share) for each, share in region.pictures],
                None if region.weights is None else _at(region.weights, size, margin),
            )
            for region in style
        ]
        photo = _widened(images.resize(photo, size), margin)
        target = guided.targets(photo, regions, self._vgg19, self.recipe, self._dtype)
        if len(regions) not in self._functions:
            style_term = losses.style_term if len(regions) == 1 else guided.style_term
            self._functions[len(regions)] = value_and_gradient(
                lambda picture, target: losses.terms(
                    picture, target, self._vgg19, self.recipe, self._dtype, style_term
                ),
                target,
                None,
                self._dtype,
            )
        function = self._functions[len(regions)]

        def evaluate(picture: Any) -> tuple[Pixels, Any, bool]:
            values, gradient = function(picture, target)
            # the sum of all is no number if one is none: four numbers come from the device, and not the gradient
            *terms, check = to_numpy(ops.append(values, ops.sum(gradient * 0)))
            return np.asarray(terms, np.float32), gradient, math.isfinite(check)

        return evaluate

    def _seen(self, style: Pixels, size: Size) -> Pixels:
        """A style's picture at the size at which it is looked at beside a picture of ``size``."""
        share = max(max(size) * self._how.style_scale / max(style.shape[:2]), SMALLEST / min(style.shape[:2]))
        return images.resize(style, scaled((style.shape[0], style.shape[1]), share))


def _widened(picture: Pixels, margin: int) -> Pixels:
    """A picture with what lies within its sides reflected around them, ``margin`` px wide."""
    return np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="reflect") if margin else picture


def _at(weights: Pixels, size: Size, margin: int) -> Pixels:
    """A region's weights (H, W) beside a picture of this size with its margin."""
    return _widened(images.resize(weights[..., np.newaxis], size), margin)[..., 0]


def _narrowed(picture: Pixels, margin: int) -> Pixels:
    """A picture without its margin."""
    return picture[margin:-margin, margin:-margin] if margin else picture


class _Best:
    """The picture with the lowest total so far, left on Keras's device until it is asked for."""

    def __init__(self, start: Pixels) -> None:
        self.picture: Any = start
        self.total = math.inf

    def __call__(self, total: float, picture: Any) -> None:
        if total < self.total:
            self.picture, self.total = picture, total

    @property
    def pixels(self) -> Pixels:
        """(H, W, 3)."""
        pixels = self.picture if isinstance(self.picture, np.ndarray) else to_numpy(self.picture)[0]
        return np.asarray(pixels, np.float32)
