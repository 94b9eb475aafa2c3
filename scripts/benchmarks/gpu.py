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
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

# Part, and the most seconds it may take; the order is that of what is wanted most.
PARTS = {
    "whole torch, first": 60,
    "whole torch, next": 30,
    "device": 30,
    "pass magenta": 60,
    "pass mini": 30,
    "refine torch": 60,
    "refine jax": 110,
    "learn torch": 60,
    "stream mini": 30,
    "pass lite": 40,
    "profile torch": 30,
    "refine jax, untuned": 60,
    "learn jax": 90,
}
ALL_SECONDS = 355
SMOKE_TIMES = 6  # as long may they take on a CPU, that others may use too


def device(args):
    """Names, versions, and the card's peak in bf16 as a plain matrix product reaches it."""
    import torch
    from gpu_rows import Torch, bf16_peak, row

    on = Torch(args.smoke)
    name = torch.cuda.get_device_name() if on.device.type == "cuda" else f"{platform.machine()} CPU"
    row("device", name, "", f"torch {torch.__version__}; TF32 in convolutions {torch.backends.cudnn.allow_tf32}")
    with contextlib.suppress(Exception):
        import jax

        row("jax", jax.__version__, "", str(jax.devices()[0]))
    row("bf16 matrix product", round(bf16_peak(args) / 1e12, 3), "TFLOP/s", "what shares of the peak are of")


def run_part(args):
    kind, _, which = args.part.partition(",")[0].partition(" ")
    if kind in ("refine", "learn", "whole", "profile"):
        os.environ["KERAS_BACKEND"] = which
        if args.smoke:
            os.environ |= {"JAX_PLATFORMS": "cpu", "KERAS_TORCH_DEVICE": "cpu"}
    from gpu_passes import one_pass, stream
    from gpu_steps import learn, profile, refine, whole

    todo = {"pass": one_pass, "stream": stream, "refine": refine, "learn": learn, "whole": whole, "profile": profile}
    device(args) if kind == "device" else todo[kind](args, which)


def rows_of(part, args, limit):
    """What a part told, and why it ended early if it did."""
    command = [sys.executable, __file__, "--bundle", args.bundle, "--part", part, *["--smoke"] * args.smoke]
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PART_BEGAN"] = str(time.time())
    if "untuned" in part:  # XLA takes the first way to compute that it knows, where it would measure all
        environment["XLA_FLAGS"] = "--xla_gpu_autotune_level=0"
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
