#!/usr/bin/env python3
"""Measure whether memory stays flat over photos of ever new sizes: python scripts/benchmark_memory.py [SIZES]."""

import sys
import time

import numpy as np
import psutil

from arbitrary_nst import Stylizer

EVERY = 100


def main(sizes: int) -> None:
    stylizer, random = Stylizer("mini", offline=True), np.random.default_rng(0)
    style = stylizer.style(np.zeros((256, 256, 3), np.uint8))
    print("| photos, a size each | memory | s per photo |\n|---|---|---|")
    began = time.perf_counter()
    for number, code in enumerate(random.choice(64 * 64, sizes, replace=False), start=1):
        height, width = 64 + 4 * (code // 64), 64 + 4 * (code % 64)
        stylizer.stylize(np.zeros((height, width, 3), np.uint8), style)
        if number % EVERY == 0:
            seconds, began = (time.perf_counter() - began) / EVERY, time.perf_counter()
            print(f"| {number} | {psutil.Process().memory_info().rss / 1e6:.0f} MB | {seconds:.3f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
