"""One pass of each model on a GPU, alone, with copies and from file to file."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from gpu_rows import Torch, goal, guarded, jpeg, picture, row, rows_of_kernels, seconds


def one_pass(args, model):
    """The photo half by size and precision: on the device alone, and with both copies; and where its time goes."""
    import torch

    from arbitrary_nst.engines.program import Program
    from arbitrary_nst.engines.torch.network import Network

    on, random = Torch(args.smoke), np.random.default_rng(0)
    program = filled(Program.load(args.bundle / "programs" / f"{model}.npz"), random)
    numbers = random.normal(0, 1, (1, numbers_of(program))).astype(np.float32)
    sizes = [(64, 64)] if args.smoke else [(512, 512), (1024, 1024), (3000, 4000)]
    for dtype, name in ((torch.bfloat16, "bf16"), (torch.float32, "f32")):
        network = Network(program, on.device, dtype)
        for height, width in sizes:
            photo, what = random.random((1, height, width, 3), np.float32), f"{model} {width}x{height} {name}"
            with torch.inference_mode(), guarded(what):
                rows_of_pass(args, on, what, network, photo, numbers)


def rows_of_pass(args, on, what, network, photo, numbers):
    from arbitrary_nst.engines.torch import copies
    from arbitrary_nst.hardware.recording import Recorded

    repeats = 2 if args.smoke else 10
    recorded = Recorded(network)  # as the engine has it
    there = [copies.there(each, on.device) for each in (photo, numbers)]
    taken = seconds(lambda: recorded(*there), on.sync, repeats)
    how = "not recorded, which failed" if recorded.failed else "on the device, as the engine draws a size again"
    row(what, round(1000 * taken, 3), "ms", how + goal(what))

    def engine_run():
        copies.back(recorded(*(copies.there(each, on.device) for each in (photo, numbers))))

    row(what, round(1000 * seconds(engine_run, on.sync, repeats), 3), "ms", "with copies there and back")
    if photo.shape[1] <= 512:
        taken = seconds(lambda: network(*there), on.sync, repeats)
        row(what, round(1000 * taken, 3), "ms", "step by step, not recorded as a CUDA graph")
    if "bf16" in what:
        side = f"copies {photo.shape[2]}x{photo.shape[1]}"
        taken = seconds(lambda: copies.there(photo, on.device), on.sync, repeats)
        row(side, round(1000 * taken, 3), "ms", "there")
        taken = seconds(lambda: copies.back(there[0]), on.sync, repeats)
        row(side, round(1000 * taken, 3), "ms", "back")
    if "bf16" in what and (args.smoke or photo.shape[1] > 1024):
        rows_of_kernels(args, lambda: recorded(*there), what)


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
    from arbitrary_nst.engines.torch import copies
    from arbitrary_nst.engines.torch.network import Network
    from arbitrary_nst.hardware.recording import Recorded

    on, random = Torch(args.smoke), np.random.default_rng(0)
    program = filled(Program.load(args.bundle / "programs" / f"{model}.npz"), random)
    recorded = Recorded(Network(program, on.device, torch.bfloat16))
    numbers = random.normal(0, 1, (1, numbers_of(program))).astype(np.float32)

    def drawn(pixels, network, device):
        return copies.back(network(*(copies.there(each, device) for each in (pixels, numbers))))

    size, several = ((96, 64), 4) if args.smoke else ((1224, 816), 200)
    data = jpeg(picture(args, "photo", size))

    def decode(_):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32)[np.newaxis] / 255

    def encode(pixels):
        jpeg((pixels[0].clip(0, 1) * 255).round().astype(np.uint8))

    with ThreadPoolExecutor(os.cpu_count()) as pool, torch.inference_mode():
        began = time.perf_counter()
        list(pool.map(decode, range(several)))
        decoded = several / (time.perf_counter() - began)
        row("JPEGs decoded", round(decoded, 1), "1/s", f"{os.cpu_count()} threads")
        for _ in range(6):  # until it is recorded
            drawn(decode(0), recorded, on.device)
        began, waiting = time.perf_counter(), []
        for pixels in pool.map(decode, range(several)):
            waiting.append(pool.submit(encode, drawn(pixels, recorded, on.device)))
        for each in waiting:
            each.result()
        rate = several / (time.perf_counter() - began)
        what = f"{model}, JPEG to JPEG, {size[0]}x{size[1]}"
        row(what, round(rate, 1), "1/s", f"{100 * rate / decoded:.0f} % of decoding alone; goal: limited by it alone")
        cpu, few = torch.device("cpu"), 2
        on_cpu = Network(program, cpu)
        began = time.perf_counter()
        for pixels in pool.map(decode, range(few)):
            encode(drawn(pixels, on_cpu, cpu))
        rate = few / (time.perf_counter() - began)
        row(what, round(rate, 2), "1/s", "the same on this machine's CPU, in f32 in PyTorch")
