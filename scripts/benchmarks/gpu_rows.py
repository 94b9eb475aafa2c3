"""What the GPU's measurements share: rows, times, the device, and what travelled in the bundle."""

import contextlib
import io
import json
import statistics
import time

import numpy as np

# Of an H100-class card, by words of a row.
GOALS = {
    "refinement 512 bf16": "12 ms",
    "refinement 1024 bf16": "35 ms",
    "magenta 512x512 bf16": "4 ms",
    "magenta 4000x3000 bf16": "80 ms",
    "mini 1024x1024 bf16": "1 ms",
}


def row(what, value, unit, note=""):
    print("ROW " + json.dumps([what, value, unit, note]), flush=True)


def goal(what):
    """What was wanted of a figure, for its note."""
    for words, wanted in GOALS.items():
        if all(word in what for word in words.split()):
            return f"; goal: under {wanted}"
    return ""


@contextlib.contextmanager
def guarded(what):
    """Let a figure fail alone."""
    try:
        yield
    except Exception as exc:  # of whatever library
        row(what, "failed", "", " ".join(f"{type(exc).__name__}: {exc}".split())[:160])


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


def rows_of_kernels(args, run, what, several=8):
    """The kernels that most of a call's time on the device goes to, each with its share of their sum."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    where = "CPU" if args.smoke else "CUDA"
    with profiled(activities=[getattr(ProfilerActivity, each) for each in {"CPU", where}]) as seen:
        run()
        Torch(args.smoke).sync()
    here = [each for each in seen.key_averages() if each.device_type == getattr(DeviceType, where)]
    own = {each.key: getattr(each, f"self_{'cpu' if args.smoke else 'device'}_time_total") for each in here}
    total = sum(own.values())
    row(f"of {what}, all kernels", round(total / 1000, 2), "ms", f"{sum(each.count for each in here)} of them")
    for name, taken in sorted(own.items(), key=lambda pair: -pair[1])[:several]:
        row(f"of {what}", round(100 * taken / total, 1), "%", name[:150])


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


def bf16_peak(args):
    """FLOP/s that a plain matrix product reaches."""
    import torch

    on, side = Torch(args.smoke), 256 if args.smoke else 8192
    a, b = (torch.randn(side, side, device=on.device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / seconds(lambda: a @ b, on.sync, 5)


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
