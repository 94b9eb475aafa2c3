#!/usr/bin/env python3
"""Everything that runs on a GPU, measured in one run of under six minutes; prints and writes a Markdown table.

On a bare machine with PyTorch and JAX, in the folder that scripts/benchmarks/gpu_bundle.sh has made:

    bash run.sh                     # table.md beside it
    python gpu.py --bundle . --smoke    # the same code on a CPU, small: that it runs

Each part runs in a process of its own, within its share of the time: one that fails costs no other figure. Weights that
did not travel are random there (marked so): they cost the same arithmetic.
"""

import argparse
import contextlib
import importlib
import io
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

# Part, and the most seconds it may take; the order is that of what is wanted most.
PARTS = {
    "device": 30,
    "pass mini": 30,
    "pass magenta": 45,
    "refine torch": 70,
    "whole torch": 30,
    "learn torch": 60,
    "profile torch": 30,
    "stream mini": 30,
    "pass lite": 30,
    "refine jax": 110,
    "learn jax": 90,
}
# Of an H100-class card, by words of a row.
GOALS = {
    "refinement 512 bf16": "12 ms",
    "refinement 1024 bf16": "35 ms",
    "magenta 512x512 bf16": "4 ms",
    "magenta 4000x3000 bf16": "80 ms",
    "mini 1024x1024 bf16": "1 ms",
}
ALL_SECONDS = 355
SMOKE_TIMES = 6  # as long may they take on a CPU, that others may use too
PRECISIONS = {"torch": ("f32", "bf16", "f16"), "jax": ("bf16", "f32")}  # JAX compiles each for long
VGG_CHANNELS = {"block1": (64, 64), "block2": (128,) * 2, "block3": (256,) * 4, "block4": (512,) * 4, "block5": (512,)}


def row(what, value, unit, note=""):
    print("ROW " + json.dumps([what, value, unit, note]), flush=True)


def seconds(run, sync, repeats):
    """The median of some calls after those in which it warms up and is recorded."""
    for _ in range(5):
        run()
    sync()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        sync()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


class Torch:
    """PyTorch on the GPU, or for the smoke run on the CPU."""

    def __init__(self, smoke):
        import torch

        self.torch = torch
        has_cuda = torch.cuda.is_available()
        assert has_cuda or smoke or torch.backends.mps.is_available(), "PyTorch sees no GPU"
        self.device = torch.device("cpu" if smoke else "cuda" if has_cuda else "mps")

    def sync(self):
        if self.device.type != "cpu":
            getattr(self.torch, self.device.type).synchronize()


def device(args):
    """Names, versions, and the card's peak in bf16 as a plain matrix product reaches it."""
    import torch

    on = Torch(args.smoke)
    name = torch.cuda.get_device_name() if on.device.type == "cuda" else f"{platform.machine()} CPU"
    row("device", name, "", f"torch {torch.__version__}; TF32 in convolutions {torch.backends.cudnn.allow_tf32}")
    with contextlib.suppress(Exception):
        import jax

        row("jax", jax.__version__, "", str(jax.devices()[0]))
    row("bf16 matrix product", round(bf16_peak(args) / 1e12, 3), "TFLOP/s", "what shares of the peak are of")


def bf16_peak(args):
    """FLOP/s that a plain matrix product reaches."""
    import torch

    on, side = Torch(args.smoke), 256 if args.smoke else 8192
    a, b = (torch.randn(side, side, device=on.device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, on.sync, 5)


def one_pass(args, model):
    """The photo half by size and precision: on the device alone, and with both copies."""
    import torch

    from arbitrary_nst.engines.program import Program
    from arbitrary_nst.engines.torch.network import Network

    on, random = Torch(args.smoke), np.random.default_rng(0)
    path = args.bundle / "programs" / f"{model}.npz"
    program = filled(Program.load(path), random)
    count = numbers_of(program)
    sizes = [(64, 64)] if args.smoke else [(512, 512), (1024, 1024), (3000, 4000)]
    torch.backends.cudnn.benchmark = True
    for dtype, name in ((torch.bfloat16, "bf16"), (torch.float32, "f32")):
        network = Network(program, on.device, dtype)
        numbers = torch.from_numpy(random.normal(0, 1, (1, count)).astype(np.float32)).to(on.device)
        for height, width in sizes:
            photo = torch.from_numpy(random.random((1, height, width, 3), np.float32))
            there = photo.to(on.device)
            with torch.inference_mode(), guarded(f"{model} {width}x{height} {name}"):
                row_of_pass(args, on, f"{model} {width}x{height} {name}", network, photo, there, numbers)


def row_of_pass(args, on, what, network, photo, there, numbers):
    from arbitrary_nst.hardware.recording import Recorded

    repeats = 2 if args.smoke else 10
    recorded = Recorded(network)
    taken = seconds(lambda: recorded(there, numbers), on.sync, repeats)
    how = "not recorded, which failed" if recorded.failed else "on the device, as the engine draws a size again"
    row(what, round(1000 * taken, 3), "ms", how + goal(what))
    if photo.shape[1] <= 512:
        taken = seconds(lambda: network(there, numbers), on.sync, repeats)
        row(what, round(1000 * taken, 3), "ms", "step by step, not recorded as a CUDA graph")
    taken = seconds(lambda: recorded(photo.to(on.device), numbers).float().cpu(), on.sync, repeats)
    row(what, round(1000 * taken, 3), "ms", "with copies there and back")


def filled(program, random):
    """The program, with random numbers for kernels that did not travel."""
    from arbitrary_nst.engines.program import Program

    def number(array):
        if array.dtype.kind != "f" or array.ndim < 4 or array.any():
            return array
        return random.normal(0, np.sqrt(2 / max(1, np.prod(array.shape[1:]))), array.shape).astype(np.float32)

    constants = {name: number(array) for name, array in program.constants.items()}
    return Program(program.inputs, program.output, program.steps, constants)


def numbers_of(program):
    """How many numbers a style has: what the split of them adds up to."""
    split = next(step for step in program.steps if step.kind == "VariadicSplit")
    return int(program.constants[split.inputs[2]].sum())


def stream(args, model):
    """Pictures of one megapixel from JPEG to JPEG, decoded and encoded beside the GPU, and decoding alone."""
    import torch
    from PIL import Image

    from arbitrary_nst.engines.program import Program
    from arbitrary_nst.engines.torch.network import Network

    on, random = Torch(args.smoke), np.random.default_rng(0)
    program = filled(Program.load(args.bundle / "programs" / f"{model}.npz"), random)
    network = Network(program, on.device, torch.bfloat16)
    numbers = torch.from_numpy(random.normal(0, 1, (1, numbers_of(program))).astype(np.float32)).to(on.device)
    size, several = ((96, 64), 4) if args.smoke else ((1224, 816), 200)
    data = jpeg(picture(args, "photo", size))

    def decode(_):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def encode(pixels):
        jpeg(pixels.numpy())

    with ThreadPoolExecutor(os.cpu_count()) as pool, torch.inference_mode():
        began = time.perf_counter()
        list(pool.map(decode, range(several)))
        decoded = several / (time.perf_counter() - began)
        row("JPEGs decoded", round(decoded, 1), "1/s", f"{os.cpu_count()} threads")
        began, waiting = time.perf_counter(), []
        for pixels in pool.map(decode, range(several)):
            drawn = network(torch.from_numpy(pixels[None]).to(on.device).float() / 255, numbers)
            waiting.append(pool.submit(encode, (drawn[0].clamp(0, 1) * 255).round().byte().cpu()))
        for each in waiting:
            each.result()
        rate = several / (time.perf_counter() - began)
        what = f"{model}, JPEG to JPEG, {size[0]}x{size[1]}"
        row(what, round(rate, 1), "1/s", f"{100 * rate / decoded:.0f} % of decoding alone; goal: limited by it alone")
        on_cpu, few = Network(program, torch.device("cpu")), 2
        began = time.perf_counter()
        for pixels in pool.map(decode, range(few)):
            drawn = on_cpu(torch.from_numpy(pixels[None]).float() / 255, numbers.cpu())
            encode((drawn[0].clamp(0, 1) * 255).round().byte())
        rate = few / (time.perf_counter() - began)
        row(what, round(rate, 2), "1/s", "the same on this machine's CPU, in f32 in PyTorch")


def picture(args, name, size):
    """(H, W, 3) uint8 of a picture in the bundle, or of noise where there is none."""
    from PIL import Image

    path = args.bundle / "pictures" / f"{name}.jpg"
    if path.exists():
        return np.asarray(Image.open(path).convert("RGB").resize(size, Image.Resampling.LANCZOS))
    return np.random.default_rng(len(name)).integers(0, 256, (size[1], size[0], 3), np.uint8)


def jpeg(pixels):
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=95)
    return data.getvalue()


def vgg19(args):
    """Its kernels as they travelled, or random ones."""
    from arbitrary_nst import model_zoo
    from arbitrary_nst.refinement import losses
    from arbitrary_nst.refinement.recipes import VGG_LAYERS

    found = sorted((args.bundle / "vgg19").glob("*.h5"))
    if found and not args.smoke:
        return losses.read_vgg19(model_zoo.resolve_vgg19(found[0], offline=True)), "VGG19"
    random, before, kernels = np.random.default_rng(0), 3, {}
    for name, after in VGG_LAYERS.items():
        after = 8 if args.smoke else after
        kernel = random.normal(0, np.sqrt(2 / (9 * before)), (3, 3, before, after)).astype(np.float32)
        kernels[name], before = (kernel, np.zeros(after, np.float32)), after
    return kernels, "random weights of VGG19's shape"


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


def step_at(args, kernels, side, steps):
    """A refiner of so many steps, and a photo."""
    from arbitrary_nst.refinement.recipes import RECIPES
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement

    recipe = RECIPES["arbstyle"].with_changes(steps=steps, scales=1)
    photo = picture(args, "photo", (side, side)).astype(np.float32) / 255
    return Refiner(Refinement(recipe), kernels, precision="bf16", max_memory=10**12), photo


def whole(args, backend):
    """The default refinement of 1024 px in a process of its own: from its start to the file."""
    from PIL import Image

    began = time.time()
    importlib.import_module(backend)
    imported = [time.time() - began]
    importlib.import_module("keras")
    imported.append(time.time() - began - imported[0])
    from arbitrary_nst.refinement.recipes import RECIPES
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement

    side, changes = (48, {"steps": 4}) if args.smoke else (1024, {})
    kernels, weights = vgg19(args)
    data = jpeg(picture(args, "photo", (side, side)))
    photo = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32) / 255
    style = picture(args, "style", (side, side)).astype(np.float32) / 255
    recipe = RECIPES["arbstyle"].with_changes(**changes)
    refiner = Refiner(Refinement(recipe), kernels, precision="bf16", max_memory=10**12)
    began = time.time()
    refined = refiner.refine(photo, style, photo)
    steps = time.time() - began
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "out.jpg").write_bytes(jpeg((refined.pixels * 255).round().astype(np.uint8)))
    taken = time.time() - float(os.environ["PART_BEGAN"])
    note = f"{len(refined.history) - 1} steps over its scales take {steps:.1f} s of it, to import {backend} "
    note += f"{imported[0]:.1f} s, and Keras {imported[1]:.1f} s; {weights}; goal: under 6"
    row(f"refinement, {backend}, {side} px, from start to file", round(taken, 2), "s", note)


def profile(args, backend):
    """Where a step's time goes: the kernels that take most of it."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    kernels, _ = vgg19(args)
    side = 48 if args.smoke else 1024
    refiner, photo = step_at(args, kernels, side, 8)
    refiner.refine(photo, photo, photo)
    kind = "cpu" if args.smoke else "device"
    with profiled(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA][: 1 if args.smoke else 2]) as seen:
        refiner.refine(photo, photo, photo)
    own = {each.key: getattr(each, f"self_{kind}_time_total") for each in seen.key_averages()}
    total = sum(own.values())
    for name, taken in sorted(own.items(), key=lambda pair: -pair[1])[:8]:
        row(f"of a step at {side} px, {backend}", round(100 * taken / total, 1), "%", name[:100])


def goal(what):
    """What was wanted of a figure, for its note."""
    for words, wanted in GOALS.items():
        if all(word in what for word in words.split()):
            return f"; goal: under {wanted}"
    return ""


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


@contextlib.contextmanager
def guarded(what):
    """Let a figure fail alone."""
    try:
        yield
    except Exception as exc:  # of whatever library
        row(what, "failed", "", " ".join(f"{type(exc).__name__}: {exc}".split())[:160])


def run_part(args):
    kind, _, which = args.part.partition(" ")
    if kind in ("refine", "learn", "whole", "profile"):
        os.environ["KERAS_BACKEND"] = which
        if args.smoke:
            os.environ |= {"JAX_PLATFORMS": "cpu", "KERAS_TORCH_DEVICE": "cpu"}
    todo = {"pass": one_pass, "stream": stream, "refine": refine, "learn": learn, "whole": whole, "profile": profile}
    device(args) if kind == "device" else todo[kind](args, which)


def rows_of(part, args, limit):
    """What a part told, and why it ended early if it did."""
    command = [sys.executable, __file__, "--bundle", args.bundle, "--part", part, *["--smoke"] * args.smoke]
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PART_BEGAN"] = str(time.time())
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment, check=False)
        text, failure = done.stdout, (done.stderr.strip().splitlines() or ["no word"])[-1] if done.returncode else ""
    except subprocess.TimeoutExpired as exc:
        text, failure = (exc.stdout or b"").decode(errors="replace"), f"not done after {limit:.0f} s"
    rows = [json.loads(line[4:]) for line in text.splitlines() if line.startswith("ROW ")]
    if failure:
        rows.append([part, "failed", "", failure[:160]])
    print(f"{part}: {len(rows)} rows in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return rows


def table(rows, args):
    head = f"Measured {time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"
    if args.smoke:
        head += "; a smoke run on a CPU: these figures say only that the code runs"
    lines = [f"| {what} | {value} | {unit} | {note.replace('|', '/')} |" for what, value, unit, note in rows]
    return "\n".join([head, "", "| what | value | unit | note |", "|---|---|---|---|", *lines, ""])


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--bundle", type=Path, required=True, help="the folder that gpu_bundle.sh made")
    asked.add_argument("--output", type=Path, help="where the table goes besides stdout")
    asked.add_argument("--smoke", action="store_true", help="small, on a CPU")
    asked.add_argument("--part", choices=PARTS, help="this one alone, in this process")
    asked.add_argument("--only", nargs="+", choices=PARTS, help="these alone")
    args = asked.parse_args()
    if args.part:
        return run_part(args)
    began, rows = time.monotonic(), []
    for part in args.only or PARTS:
        times = SMOKE_TIMES if args.smoke else 1
        left = times * ALL_SECONDS - (time.monotonic() - began)
        rows += (
            rows_of(part, args, min(times * PARTS[part], left))
            if left > 5
            else [[part, "left out", "", "no time left"]]
        )
        if args.output:  # after each part: a run that is ended leaves what it has
            args.output.write_text(table(rows, args), encoding="utf-8")
    print(table(rows, args))


if __name__ == "__main__":
    main()
