#!/usr/bin/env python3
"""Measure speed and memory against what people would run instead; both sides in turn in one run, medians and ratios.

    python scripts/benchmarks/speed.py                 # every table
    python scripts/benchmarks/speed.py start lite      # some: start, warm, lite, mini, cli, many, large, strokes, carry
    python scripts/benchmarks/speed.py versions --before ../0.2.0    # everyday runs against a checkout of that version

Needs the folder ../shared (or ARBSTYLE_SHARED) with the published graph, which gets random weights: they run as fast
as trained ones. Needs the `dev` extra for the TFLite interpreter. Figures go to the README by hand.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import many as streams
import versions as checkouts

from arbitrary_nst.engines.openvino import openvino
from arbitrary_nst.hardware.precision import cpu_has_bf16

SHARED = Path(os.environ.get("ARBSTYLE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
ARBSTYLE = "from arbitrary_nst.cli import main; main()"
# What the hub tutorial does, less its plots.
TUTORIAL = """
import sys, numpy as np, tensorflow as tf
from PIL import Image
def load(path, size):
    return tf.constant(np.asarray(Image.open(path).convert("RGB").resize((size, size)), np.float32)[None] / 255)
module = tf.saved_model.load(sys.argv[1])
photo, style = load(sys.argv[2], 512), load(sys.argv[3], 256)
{body}
"""
TUTORIAL_ONCE = "Image.fromarray(np.uint8(module(photo, style)[0] * 255)).save(sys.argv[4])"
TUTORIAL_WARM = """
import time, json
np.asarray(module(photo, style))
times = []
for _ in range(5):
    began = time.perf_counter(); np.asarray(module(photo, style)); times.append(time.perf_counter() - began)
print(json.dumps(times))
"""
# Seconds per call of an engine's photo half, warm: model, height, width, precision.
OURS_WARM = """
import sys, time, json, numpy as np
from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
model = model_zoo.resolve(sys.argv[1], trust=True, offline=True)
engine = load_engine(model, "openvino", sys.argv[4])
photo = np.random.default_rng(0).random((1, int(sys.argv[2]), int(sys.argv[3]), 3), np.float32)
numbers = engine.predict_style(np.zeros((1, 256, 256, 3), np.float32))
times = []
for _ in range(9):
    began = time.perf_counter(); engine.transform(photo, numbers); times.append(time.perf_counter() - began)
print(json.dumps(times[2:]))
"""
INTERPRETER_WARM = """
import sys, time, json, os, numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(sys.argv[1], num_threads=os.cpu_count())
inputs = sorted(interpreter.get_input_details(), key=lambda detail: -int(np.prod(detail["shape"])))
shape = (1, int(sys.argv[2]), int(sys.argv[3]), 3)
interpreter.resize_tensor_input(inputs[0]["index"], shape)
interpreter.allocate_tensors()
interpreter.set_tensor(inputs[0]["index"], np.random.default_rng(0).random(shape, np.float32))
interpreter.set_tensor(inputs[1]["index"], np.zeros((1, 1, 1, 100), np.float32))
times = []
for _ in range(5):
    began = time.perf_counter(); interpreter.invoke(); times.append(time.perf_counter() - began)
print(json.dumps(times[1:]))
"""


# A photo of so many megapixels, drawn once in memory.
STROKES = """
import sys, numpy as np
from arbitrary_nst import Stylizer
side = int(float(sys.argv[1]) ** 0.5 * 250)
photo = np.random.default_rng(0).random((side, side, 3), np.float32).repeat(4, axis=0).repeat(4, axis=1)
stylizer = Stylizer("mini", offline=True, notify=lambda line: None)
stylizer.stylize(photo, stylizer.style(np.zeros((256, 256, 3), np.float32)), strokes=sys.argv[2])
"""


# CPU seconds of carrying up a picture of so many megapixels, after one that warms up, with so many threads.
CARRY = """
import sys, time, json, numpy as np
from arbitrary_nst.drawing.strokes import seen_size
from arbitrary_nst.images.photo import resize
from arbitrary_nst.images.upscale import guided
side = int(float(sys.argv[1]) ** 0.5 * 250)
photo = np.random.default_rng(0).random((side, side, 3), np.float32).repeat(4, axis=0).repeat(4, axis=1)
small, times = resize(photo, seen_size(4 * side, 4 * side, "auto")), []
for _ in range(5):
    began = time.process_time()
    guided(photo, small, 1 - small, int(sys.argv[2]))
    times.append(time.process_time() - began)
print(json.dumps(times[1:]))
"""


def whole_process(script, *arguments):
    """Wall seconds and peak MB of a fresh process."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a measured command failed: {arguments}")
    per_mb = 1024 if sys.platform != "darwin" else 1024 * 1024
    return time.perf_counter() - began, usage.ru_maxrss / per_mb


def warm(script, *arguments):
    """Median seconds that a script measured within itself."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return statistics.median(json.loads(done.stdout.splitlines()[-1]))


def in_turn(runs, *sides):
    """Call each side ``runs`` times in turn; the median of each."""
    taken = [[side() for side in sides] for _ in range(runs)]
    return [
        tuple(map(statistics.median, zip(*column, strict=True)))
        if isinstance(column[0], tuple)
        else statistics.median(column)
        for column in zip(*taken, strict=True)
    ]


def row(name, theirs, ours, unit, digits=2):
    print(f"| {name} | {theirs:.{digits}f} {unit} | {ours:.{digits}f} {unit} | {ours / theirs:.2f} |", flush=True)


def start(standin, photo, style, work):
    """Process start to written file, second run on."""
    ours = ["run", photo, "-s", style, "-m", standin, "--trust-model", "--offline", "-o", work / "out.png",
            "--existing", "overwrite"]  # fmt: skip
    whole_process(ARBSTYLE, *ours)  # converts
    their_script = TUTORIAL.format(body=TUTORIAL_ONCE)
    theirs, mine, f32 = in_turn(
        3,
        lambda: whole_process(their_script, standin, photo, style, work / "theirs.png"),
        lambda: whole_process(ARBSTYLE, *ours),
        lambda: whole_process(ARBSTYLE, *ours, "--precision", "f32"),
    )
    row("magenta, 512x512, start to file", theirs[0], mine[0], "s")
    row("... peak memory", theirs[1], mine[1], "MB", 0)
    row("magenta, 512x512, f32, start to file", theirs[0], f32[0], "s")
    row("... peak memory", theirs[1], f32[1], "MB", 0)


def warm_photo(standin, photo, style, work):
    theirs, bf16, f32 = in_turn(
        3,
        lambda: warm(TUTORIAL.format(body=TUTORIAL_WARM), standin, photo, style),
        lambda: warm(OURS_WARM, standin, 512, 512, "auto"),
        lambda: warm(OURS_WARM, standin, 512, 512, "f32"),
    )
    row("magenta, 512x512, per photo, warm, precision auto", theirs, bf16, "s")
    row("magenta, 512x512, per photo, warm, f32", theirs, f32, "s")


def lite(standin, photo, style, work):
    folder = SHARED / "models" / "lite"
    theirs, bf16, f32 = in_turn(
        3,
        lambda: warm(INTERPRETER_WARM, folder / "style_transfer_quantized_dynamic.tflite", 680, 1024),
        lambda: warm(OURS_WARM, folder, 680, 1024, "auto"),
        lambda: warm(OURS_WARM, folder, 680, 1024, "f32"),
    )
    row("lite, 1024x680, warm, precision auto, against the LiteRT interpreter", theirs, bf16, "s", 3)
    row("lite, 1024x680, warm, f32, against the LiteRT interpreter", theirs, f32, "s", 3)


def mini(standin, photo, style, work):
    folder = SHARED / "models" / "lite"
    for precision in ("bf16", "f32") if cpu_has_bf16(openvino.Core()) else ("f32",):
        theirs, ours = in_turn(
            3,
            lambda precision=precision: warm(OURS_WARM, folder, 680, 1024, precision),
            lambda precision=precision: warm(OURS_WARM, "mini", 680, 1024, precision),
        )
        row(f"mini, 1024x680, warm, {precision}, against lite", theirs, ours, "s", 3)
    large = SHARED / "images" / "photos" / "stata.jpg"

    def run(model):
        return whole_process(ARBSTYLE, "run", large, "-s", style, "-m", model, "--offline", "-o", work / "m.jpg",
                             "--existing", "overwrite")  # fmt: skip

    run(folder), run("mini")
    theirs, ours = in_turn(5, lambda: run(folder), lambda: run("mini"))
    row("mini, 1024x680, start to file, against lite", theirs[0], ours[0], "s")
    row("... peak memory", theirs[1], ours[1], "MB", 0)


def cli(standin, photo, style, work):
    python, shown, version = in_turn(
        9,
        lambda: whole_process("pass"),
        lambda: whole_process(ARBSTYLE, "--help"),
        lambda: whole_process(ARBSTYLE, "--version"),
    )
    row("arbstyle --help, against bare Python", python[0], shown[0], "s", 3)
    row("arbstyle --version, against bare Python", python[0], version[0], "s", 3)


def many(standin, photo, style, work):
    streams.many(standin, SHARED / "images" / "photos" / "stata.jpg", style, work, SHARED / "models" / "lite")


def large(standin, photo, style, work):
    streams.large(standin)


def strokes(standin, photo, style, work):
    for megapixels in (1, 12, 24, 50):
        fine, auto = in_turn(
            1 if megapixels > 12 else 3,
            lambda size=megapixels: whole_process(STROKES, size, "fine"),
            lambda size=megapixels: whole_process(STROKES, size, "auto"),
        )
        row(f"mini, {megapixels} MP, --strokes auto against fine, process start to picture", fine[0], auto[0], "s")
        row("... peak memory", fine[1], auto[1], "MB", 0)


def carry(standin, photo, style, work):
    for megapixels in (12, 24):
        print(
            f"| carried up to {megapixels} MP, CPU | | {warm(CARRY, megapixels, os.cpu_count()):.2f} s | |", flush=True
        )


def versions(before, standin, photo, style, work):
    if before is None:
        raise SystemExit("benchmark: versions takes a checkout. Try: --before FOLDER")

    def photos(megapixels, count):
        source = SHARED / "images" / "photos" / "stata.jpg"
        return streams.photos_of(source, work / f"versions-{megapixels}-{count}", megapixels, count)

    checkouts.versions(before.resolve(), photos, style, style.with_name("towers_1916_sq.jpg"), work)


TABLES = {
    "start": start,
    "warm": warm_photo,
    "lite": lite,
    "mini": mini,
    "cli": cli,
    "many": many,
    "large": large,
    "strokes": strokes,
    "carry": carry,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[*TABLES, "versions", []], default=list(TABLES), help="which")
    parser.add_argument("--before", type=Path, help="a checkout of another version, for `versions`")
    given = parser.parse_args()
    tables, all_tables = given.tables, {**TABLES, "versions": functools.partial(versions, given.before)}
    if not (SHARED / "models").is_dir():
        raise SystemExit(f"benchmark: no {SHARED}. Try: ARBSTYLE_SHARED=FOLDER")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        os.environ["ARBSTYLE_CACHE_DIR"] = str(work / "cache")
        standin = work / "magenta"
        if {"start", "warm", "many", "large"} & set(tables):
            make_standin = SHARED / "tools" / "make_standin.py"
            subprocess.run([sys.executable, str(make_standin), str(standin)], check=True, capture_output=True)
        from PIL import Image

        photo, style = work / "photo.png", SHARED / "images" / "styles" / "udnie.jpg"
        with Image.open(SHARED / "images" / "photos" / "stata.jpg") as image:
            image.resize((512, 512)).save(photo)
        print("| what | before | arbstyle | ratio |\n|---|---|---|---|")
        for name in tables:
            all_tables[name](standin, photo, style, work)
    print(f"\n{os.cpu_count()} cores")


if __name__ == "__main__":
    main()
