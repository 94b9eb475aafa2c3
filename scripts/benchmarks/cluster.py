"""What a cluster costs: python scripts/benchmarks/cluster.py overhead|memory [--photos N] [--rounds N] [--paths N ...]

overhead: photos per second of `run` and of one worker with all CPUs, after start-up, in turns on the same photos of
1 MP. memory: of the driver, at so many planned paths of 3 MB each; the files are made for it, without contents.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Photos per second, and CPU seconds per photo, from the first result on; source, output, style.
RUN = """
import sys, time, json
from arbitrary_nst import Stylizer
times, used = [], []
for result in Stylizer("mini", offline=True).stylize_many(sys.argv[1], sys.argv[3], output=sys.argv[2]):
    assert result.error is None, result.error
    times.append(time.perf_counter()); used.append(time.process_time())
more = len(times) - 1
print(json.dumps([more / (times[-1] - times[0]), (used[-1] - used[0]) / more]))
"""
# The same of the cluster, from the first block on, whose results come together, and when that came; its CPU seconds are
# the driver's and the worker's per photo, and those of Ray's other processes per second.
CLUSTER = """
import sys, time, json, psutil
from arbitrary_nst import ModelOptions
from arbitrary_nst.cluster import stylize
from arbitrary_nst.cluster.settings import ClusterOptions
def cpu():
    ours, rays = time.process_time(), 0.0
    for each in psutil.Process().children(recursive=True):
        try:
            is_worker = "MapWorker" in " ".join(each.cmdline())
            ours, rays = (total + sum(each.cpu_times()[:2]) * (which == is_worker)
                          for which, total in ((True, ours), (False, rays)))
        except psutil.Error:
            pass
    return ours, rays
blocks, began = [], time.perf_counter()
for result in stylize(sys.argv[1], sys.argv[3], sys.argv[2], model=ModelOptions(model="mini", offline=True),
                      cluster=ClusterOptions(address="local", workers=1)):
    assert result.error is None, result.error
    now = time.perf_counter()
    if not blocks or now - blocks[-1][0] > 0.2:
        blocks.append([now, cpu(), 0])
    blocks[-1][2] += 1
more = sum(count for _, _, count in blocks[1:])
(first, before, _), (last, after, _) = blocks[0], blocks[-1]
ours, rays = (late - early for late, early in zip(after, before))
print(json.dumps([more / (last - first), ours / more, first - began, rays / (last - first)]))
"""
# Seconds of planning, and the process's peak of memory in MB: after planning, and with Ray Data holding the blocks.
PLAN = """
import re, sys, time, json
from pathlib import Path
from arbitrary_nst.cluster import joining
from arbitrary_nst.cluster.blocks import Blocks
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.known import Known
from arbitrary_nst.cluster.listing import Sources
from arbitrary_nst.cluster.plan import Made, Plan
from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.files.given import Own
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.options import ModelOptions
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) / 1000
def now():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) / 1000
with joining.joined(ClusterOptions(address="local")) as ray:
    before, began = now(), time.perf_counter()
    destination = Destination(sys.argv[2]); destination.make()
    made = Made.of(StyleInUse("mosaic", None, (), "0" * 64), {"style": "0" * 64}, ModelOptions())
    known = Known.read(destination) if sys.argv[3] == "skip" else Known.nothing()
    plan = Plan([made], Settings(existing=sys.argv[3]), destination, known, {})
    blocks = Blocks(destination, "run-0", 4)
    for rows in plan.photos(Sources([sys.argv[1]], lambda: (), {}).find(destination, Own([]), print)):
        blocks.add(rows)
    described = blocks.described(); blocks.close()
    planned, seconds = peak(), time.perf_counter() - began
    held = ray.data.from_items(described, override_num_blocks=len(described))
    print(json.dumps([before, planned, peak(), seconds, len(described), time.perf_counter() - began - seconds]))
"""


def _measured(script, *arguments):
    done = subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def overhead(work, count, rounds):
    import numpy as np
    from PIL import Image

    for number in range(count):
        path = work / "in" / f"{number % 10}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (34, 51, 3), np.uint8)
        Image.fromarray(noise).resize((1224, 816), Image.Resampling.BICUBIC).save(path, quality=90)
    shares, cpu_shares = [], []
    print(f"{count} photos of 1 MP, mini, {os.cpu_count()} CPUs\n")
    print("| run | cluster | share | CPU of run | of worker and driver | share | Ray's other processes | first block |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for number in range(rounds):
        alone, cpu = _measured(RUN, work / "in", work / f"run{number}", "mosaic")
        spread, cpu_spread, start, rays = _measured(CLUSTER, work / "in", work / f"cluster{number}", "mosaic")
        shares.append(spread / alone)
        cpu_shares.append(cpu / cpu_spread)
        row = f"| {alone:.2f}/s | {spread:.2f}/s | {shares[-1]:.2f} | {cpu:.3f} s | {cpu_spread:.3f} s "
        print(f"{row}| {cpu_shares[-1]:.2f} | {rays:.3f} per s | after {start:.1f} s |", flush=True)
    print(f"\nmedian shares: {statistics.median(shares):.2f} by time, {statistics.median(cpu_shares):.2f} by CPU")


def memory(work, counts):
    print("| planned paths | before | planning | with Ray's blocks | seconds | blocks |\n|---|---|---|---|---|---|")
    there = 0
    for count in sorted(counts):
        for number in range(there, count):
            path = work / "many" / f"{number // 5000:04d}" / f"IMG_{number:07d}.jpg"
            if number % 5000 == 0:
                path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                file.truncate(3_000_000)
        there = count
        before, planned, held, seconds, blocks, more = _measured(PLAN, work / "many", work / f"out{count}", "fail")
        memory = " | ".join(f"{each:.0f} MB" for each in (before, planned, held))
        print(f"| {count:,} | {memory} | {seconds:.0f} + {more:.0f} | {blocks:,} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("overhead", "memory"))
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--paths", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arbitrary_nst-") as folder:
        if asked.what == "overhead":
            overhead(Path(folder), asked.photos, asked.rounds)
        else:
            memory(Path(folder), asked.paths)
