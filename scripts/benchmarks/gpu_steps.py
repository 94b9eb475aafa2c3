"""Steps of refining and learning on a GPU, where their time goes, and a refinement from start to file."""

import contextlib
import importlib
import importlib.util
import itertools
import logging
import os
import re
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from gpu_rows import bf16_peak, goal, guarded, jpeg, picture, row, rows_of_kernels, vgg19

PRECISIONS = {"torch": ("f32", "bf16", "f16"), "jax": ("bf16", "f32")}  # JAX compiles each for long
VGG_CHANNELS = {"block1": (64, 64), "block2": (128,) * 2, "block3": (256,) * 4, "block4": (512,) * 4, "block5": (512,)}


def vgg_flop(height, width):
    """Of a forward pass to block5_conv1 and its gradient to the picture."""
    total, before = 0, 3
    for level, channels in enumerate(VGG_CHANNELS.values()):
        for after in channels:
            total += 2 * 9 * before * after * (height >> level) * (width >> level)
            before = after
    return 2 * total


def refine(args, backend):
    """Steps of the default recipe, its share of arithmetic, bf16 against f32, and on PyTorch all 150 steps."""
    from arbitrary_nst.refinement.recipes import RECIPES
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement

    kernels, weights = vgg19(args)
    ends, peak = {}, bf16_peak(args)
    if backend == "jax":
        tell_compilations()
    for side, steps in ((48, 4),) if args.smoke else ((512, 60), (1024, 40)):
        photo, style = (picture(args, name, (side, side)).astype(np.float32) / 255 for name in ("photo", "style"))
        for precision in PRECISIONS[backend]:
            with guarded(f"refine {backend} {side} {precision}"):
                recipe = RECIPES["arbstyle"].with_changes(steps=steps, scales=1)
                refiner = Refiner(Refinement(recipe), kernels, precision=precision, max_memory=10**12)
                history = refiner.refine(photo, style, photo).history
                between = [after.seconds - before.seconds for before, after in itertools.pairwise(history[2:])]
                taken = statistics.median(between or [history[-1].seconds])
                rate = vgg_flop(side + 16, side + 16) / taken
                note = f"{rate / 1e12:.3g} TFLOP/s, {100 * rate / peak:.0f} % of bf16's peak; "
                note += f"first step {history[0].seconds:.1f} s; {weights}"
                what = f"refinement step, {backend}, {side} px, {precision}"
                row(what, round(1000 * taken, 2), "ms", note + goal(what))
                ends[side, precision] = min(step.total for step in history)
        for precision in ("bf16", "f16"):
            with contextlib.suppress(KeyError):
                apart = 100 * (ends[side, precision] / ends[side, "f32"] - 1)
                note = f"{precision}'s loss beyond f32's; goal: within 1"
                row(f"end of refinement, {backend}, {side} px", round(apart, 3), "%", note)
    if not args.smoke and backend == "torch":
        refiner = Refiner(Refinement(RECIPES["arbstyle"]), kernels, precision="bf16", max_memory=10**12)
        for what in ("first picture", "next picture"):
            began = time.perf_counter()
            steps = len(refiner.refine(photo, style, photo).history) - 1
            taken = round(time.perf_counter() - began, 2)
            row(f"refinement whole, {backend}, 1024 px, {what}", taken, "s", f"{steps} steps over its scales")


def tell_compilations():
    """A row for each function that JAX compiles for longer than a second, at once: that it ends in time is not sure."""
    import jax

    class Told(logging.Handler):
        def emit(self, record):
            if found := re.search(r"Finished XLA compilation of (\S+) in ([\d.]+) s", record.getMessage()):
                taken = float(found[2])
                if taken > 1:
                    row(f"JAX compiling {found[1]}", round(taken, 1), "s")

    jax.config.update("jax_log_compiles", True)
    logging.getLogger("jax").addHandler(Told())


def step_at(args, kernels, side, steps):
    """A refiner of so many steps, and a photo."""
    from arbitrary_nst.refinement.recipes import RECIPES
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement

    recipe = RECIPES["arbstyle"].with_changes(steps=steps, scales=1)
    photo = picture(args, "photo", (side, side)).astype(np.float32) / 255
    return Refiner(Refinement(recipe), kernels, precision="bf16", max_memory=10**12), photo


def whole(args, backend):
    """The default refinement of 1024 px in a process of its own, as the command does it: from its start to the file."""
    spent, before = {}, float(os.environ["PART_BEGAN"])

    def passed(what):
        nonlocal before
        spent[what], before = time.time() - before, time.time()

    passed("starting Python")
    module = importlib.import_module(backend)
    passed(f"importing {backend}")
    from arbitrary_nst.hardware import backends, lean_keras

    lean_keras.PROCESS_IS_OURS = True  # as the command says of itself
    backends.set_backend()
    from arbitrary_nst.refinement import losses  # noqa: F401  which imports Keras
    from arbitrary_nst.refinement.recipes import RECIPES
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement

    passed("importing Keras and ours")
    side, changes = (48, {"steps": 4}) if args.smoke else (1024, {})
    kernels, weights = vgg19(args)
    photo, style = (picture(args, name, (side, side)).astype(np.float32) / 255 for name in ("photo", "style"))
    passed("reading weights and pictures")
    recipe = RECIPES["arbstyle"].with_changes(**changes)
    refiner = Refiner(Refinement(recipe), kernels, precision="bf16", max_memory=10**12)
    passed("placing weights")
    refined = refiner.refine(photo, style, photo)
    passed("refining")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "out.jpg").write_bytes(jpeg((refined.pixels * 255).round().astype(np.uint8)))
    passed("encoding and writing")
    how, history = args.part.partition(", ")[2], refined.history
    is_compiled = Path(importlib.util.cache_from_source(module.__file__)).exists()
    note = f"{weights}; {backend}'s files {'are' if is_compiled else 'are not'} compiled; goal: under 6"
    row(
        f"refinement, {backend}, {side} px, from start to file, {how} process", round(sum(spent.values()), 2), "s", note
    )
    for what, taken in spent.items():
        row(f"... of it {what}", round(taken, 2), "s")
    coarse = [step for step in history if step.scale < side] or history[:1]
    finest = history[-1].seconds - coarse[-1].seconds
    note = f"{len(coarse)} steps of the smaller scales, the first after {history[0].seconds:.2f} s; "
    note += f"{len(history) - len(coarse)} of {side} px took {finest:.2f} s more"
    row("... of its refining", round(coarse[-1].seconds, 2), "s", note)


def profile(args, backend):
    """Where a step's time goes: the kernels that take most of it."""
    kernels, _ = vgg19(args)
    side = 48 if args.smoke else 1024
    refiner, photo = step_at(args, kernels, side, 8)
    refiner.refine(photo, photo, photo)
    rows_of_kernels(args, lambda: refiner.refine(photo, photo, photo), f"9 evaluations at {side} px, {backend}", 12)


def learn(args, backend):
    """A style learnt as `arbstyle style learn` does, by its numbers, in mini's photo network."""
    from arbitrary_nst import images
    from arbitrary_nst.model_zoo.networks import mini
    from arbitrary_nst.options import LearnOptions
    from arbitrary_nst.refinement.crops import material
    from arbitrary_nst.refinement.learning import Learner, Subject

    kernels, weights = vgg19(args)
    transfer = mini.transfer_net()
    numbers = np.ones((1, transfer.input[1].shape[1]), np.float32)
    subject = Subject([numbers], lambda values, photo: transfer([photo, values[0]]))
    taught_on, how = material([], 0, 4), LearnOptions(steps=3 if args.smoke else 400)
    crops = taught_on.crops[:2] if args.smoke else taught_on.crops
    several, side = (2, 64) if args.smoke else (8, 256)
    larger = [images.resize(crop, (side, side)) for crop in crops]
    eights = [np.stack(larger[n : n + several]) for n in range(0, len(larger), several)]
    style = images.resize(picture(args, "style", (256, 256)).astype(np.float32) / 255, (256, 256))
    learner = Learner(kernels, precision="bf16")
    for what, taught, note in (
        ("a 192-px crop", crops, "as arbstyle learns"),
        (f"{several} crops of {side} px", eights, "goal: under 20"),
    ):
        with guarded(f"learning numbers, {backend}, {what} a step"):
            began = time.perf_counter()
            history = learner.learn(subject, style, taught, how).history
            taken = round(time.perf_counter() - began, 2)
            step = statistics.median(after.seconds - before.seconds for before, after in itertools.pairwise(history))
            note = f"{len(history) - 1} steps of {1000 * step:.1f} ms, bf16; {weights}; {note}"
            row(f"learning numbers, {backend}, {what} a step", taken, "s", note)
