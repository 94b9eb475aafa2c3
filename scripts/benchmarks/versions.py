"""The table of scripts/benchmarks/speed.py that sets this version beside another: the same photos, in turn."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
# Seconds by the clock and of the processors for each picture, once the first is there; folder, output, styles.
STREAM = """
import sys, time, shutil
from arbitrary_nst import Stylizer
shutil.rmtree(sys.argv[2], ignore_errors=True)
clock, processors = [], []
for result in Stylizer("mini", offline=True).stylize_many(sys.argv[1], sys.argv[3:], output=sys.argv[2]):
    assert result.error is None, result.error
    clock.append(time.perf_counter()), processors.append(time.process_time())
n = len(clock) - 1
print((clock[-1] - clock[0]) / n, (processors[-1] - processors[0]) / n)
"""
COMMAND = "from arbitrary_nst.cli import main; main()"


def _in(checkout):
    return {**os.environ, "PYTHONPATH": str(checkout)}


def _stream(checkout, folder, out, styles):
    done = subprocess.run(
        [sys.executable, "-c", STREAM, *map(str, (folder, out, *styles))],
        capture_output=True, text=True, env=_in(checkout), cwd=out.parent,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return tuple(map(float, done.stdout.split()))


def _command(checkout, source, out, styles):
    """A whole process, `arbstyle run`: its manifest is written too."""
    given = ["run", source, "-m", "mini", "--offline", "-o", out, "--existing", "overwrite"]
    given += [each for style in styles for each in ("-s", style)]
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *map(str, given)], env=_in(checkout), cwd=out.parent,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{checkout}: a measured command failed")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def versions(before, photos, style, second, work):
    """``before`` is a checkout of another version; ``photos`` makes a folder of so many of so many megapixels."""
    print(f"\n| {before} against this, least of {ROUNDS} | clock | ratio | processors | ratio |\n|---|---|---|---|---|")
    one, many, large = photos(1, 1), photos(1, 40), photos(12, 10)
    rows = (
        ("stylize_many, 1 MP, a photo", _stream, many, [style]),
        ("stylize_many, 1 MP, two styles, a picture", _stream, many, [style, second]),
        ("arbstyle run, 40 photos of 1 MP, the process", _command, many, [style]),
        ("arbstyle run, one photo of 1 MP, the process", _command, one, [style]),
        ("arbstyle run, ten photos of 12 MP, the process", _command, large, [style]),
    )
    for name, measure, folder, styles in rows:
        taken = {checkout: [] for checkout in (before, ROOT)}
        for _ in range(ROUNDS):
            for checkout, found in taken.items():
                found.append(measure(checkout, folder, work / "versions", styles))
        (clock, processors), (our_clock, ours) = (tuple(map(min, zip(*found, strict=True))) for found in taken.values())
        print(
            f"| {name} | {clock:.3f} and {our_clock:.3f} s | {our_clock / clock:.2f} "
            f"| {processors:.3f} and {ours:.3f} s | {ours / processors:.2f} |",
            flush=True,
        )
