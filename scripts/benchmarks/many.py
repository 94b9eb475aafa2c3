"""The tables of scripts/benchmarks/speed.py about many photos and large ones."""

import json
import subprocess
import sys

# Photos per second through the stream, and of the engine alone on the same photos decoded; model, folder, output, runs.
STREAM = """
import sys, time, json, shutil, statistics, numpy as np
from pathlib import Path
from arbitrary_nst import Stylizer, images
stylizer = Stylizer(sys.argv[1], engine=sys.argv[5], offline=True, trust_model=True, max_memory=20 * 10**9,
                    notify=lambda line: None)
style = stylizer.style(sys.argv[4])
paths = sorted(Path(sys.argv[2]).glob("*.jpg"))
photos = [images.decode(path.read_bytes(), name=path.name).pixels[None] for path in paths[:4]]
stylizer.engine.transform(photos[0], style.numbers[None])
alone, stream = [], []
for _ in range(2 if len(paths) < 5 else 3):
    began = time.perf_counter()
    for number in range(len(paths)):
        stylizer.engine.transform(photos[number % len(photos)], style.numbers[None])
    alone.append(len(paths) / (time.perf_counter() - began))
    shutil.rmtree(sys.argv[3], ignore_errors=True)
    began = time.perf_counter()
    results = list(stylizer.stylize_many(sys.argv[2], style, output=sys.argv[3]))
    stream.append(len(paths) / (time.perf_counter() - began))
    assert not [result for result in results if result.error]
print(json.dumps([statistics.median(alone), statistics.median(stream)]))
"""
# The tutorial's loop: one call per photo, the style computed again, Pillow in line.
LOOP = """
import sys, time, json, numpy as np, tensorflow as tf
from pathlib import Path
from PIL import Image
def load(path, size=None):
    image = Image.open(path).convert("RGB")
    image = image.resize((size, size)) if size else image
    return tf.constant(np.asarray(image, np.float32)[None] / 255)
module, paths = tf.saved_model.load(sys.argv[1]), sorted(Path(sys.argv[2]).glob("*.jpg"))
Path(sys.argv[3]).mkdir(exist_ok=True)
def one(path):
    Image.fromarray(np.uint8(module(load(path), load(sys.argv[4], 256))[0][0] * 255)).save(Path(sys.argv[3], path.name))
one(paths[0])
began = time.perf_counter()
for path in paths: one(path)
print(json.dumps(len(paths) / (time.perf_counter() - began)))
"""
# Peak memory of the process in MB, and seconds per megapixel of the last run.
LARGE = """
import re, sys, time, json, numpy as np
from arbitrary_nst import DrawOptions, Stylizer
fine = DrawOptions(strokes="fine")
stylizer = Stylizer(sys.argv[1], offline=True, trust_model=True, max_memory=int(sys.argv[3]), notify=lambda line: None)
side = int(float(sys.argv[2]) ** 0.5 * 1000) // 4 * 4
photo = np.random.default_rng(0).random((side // 4, side // 4, 3), np.float32).repeat(4, axis=0).repeat(4, axis=1)
style = stylizer.style(np.zeros((256, 256, 3), np.float32))
for _ in range(int(sys.argv[4])):
    began = time.perf_counter(); stylizer.stylize(photo, style, strokes="fine"); seconds = time.perf_counter() - began
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) / 1000
print(json.dumps([peak, seconds / side**2 * 1e6, stylizer.needs_strips(side, side, fine)]))
"""
# Peak memory of the process in MB over a folder.
FLAT = """
import re, sys
from arbitrary_nst import Stylizer
for result in Stylizer("mini", offline=True).stylize_many(sys.argv[1], sys.argv[3], output=sys.argv[2]):
    assert result.error is None
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) / 1000)
"""


def _measured(script, *arguments):
    done = subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def photos_of(source, folder, megapixels, count):
    from PIL import Image

    folder.mkdir()
    width = int((megapixels * 1e6 * 1.5) ** 0.5)
    with Image.open(source) as image:
        photo = image.convert("RGB").resize((width, int(width / 1.5)), Image.Resampling.LANCZOS)
    for number in range(count):
        photo.save(folder / f"{number}.jpg", quality=90)
    return folder


def many(standin, source, style, work, lite):
    """Photos per second, and whether memory stays flat."""
    print("\n| photos per second | engine alone | stream | share |\n|---|---|---|---|")
    rows = (("mini", "openvino"), (lite, "openvino"), (standin, "openvino"), (standin, "tensorflow"))
    for megapixels, counts in ((0.3, (60, 60, 12, 12)), (1, (24, 24, 6, 6)), (12, (4, 4, 2, 1))):
        for (model, engine), count in zip(rows, counts, strict=True):
            name = {"mini": "mini", lite: "lite"}.get(model, "magenta")
            folder = photos_of(source, work / f"in-{megapixels}-{name}-{engine}", megapixels, count)
            alone, stream = _measured(STREAM, model, folder, work / "out", style, engine)
            line = f"| {name}, {engine}, {megapixels} MP | {alone:.2f} | {stream:.2f} | {stream / alone:.2f} |"
            print(line, flush=True)
            if (name, engine, megapixels) == ("magenta", "openvino", 1):
                loop = _measured(LOOP, standin, folder, work / "loop", style)
                print(f"| ... the tutorial's loop | | {loop:.2f} | {stream / loop:.2f} times |", flush=True)
    few, lots = (photos_of(source, work / f"flat{count}", 0.3, count) for count in (50, 1000))
    peaks = [_measured(FLAT, folder, work / f"{folder.name}-out", style) for folder in (few, lots)]
    print(f"\npeak memory over 50 and 1,000 photos of 0.3 MP: {peaks[0]:.0f} and {peaks[1]:.0f} MB", flush=True)


def large(standin):
    """One large photo, whole and in strips."""
    print("\n| magenta, one photo | peak memory | s per MP |\n|---|---|---|")
    for megapixels, allowed in (
        (4, 10**11),
        (4, 15 * 10**8),
        (12, 10**11),
        (12, 3 * 10**9),
        (50, 8 * 10**9),
        (100, 12 * 10**9),
    ):
        peak, seconds, strips = _measured(LARGE, standin, megapixels, allowed, 2 if megapixels < 100 else 1)
        print(
            f"| {megapixels} MP, {'strips' if strips else 'whole'} | {peak / 1000:.1f} GB | {seconds:.2f} |", flush=True
        )
