"""Ctrl-C, wherever it lands."""

import subprocess
import sys

ANYWHERE = """
import signal, sys
from arbitrary_nst.cli import interrupt

def after(lines):  # raises the signal once so many lines of Python have run
    def trace(frame, event, _):
        nonlocal lines
        lines -= 1
        if lines == 0:
            signal.raise_signal(signal.SIGINT)
        return None if frame.f_code.co_name == "_hear" else trace
    return trace

for lines in range(1, 60):
    asked = interrupt.Interrupt(grace=600)
    sys.settrace(after(lines))
    asked.wait(0.001)
    for _ in range(60):  # whatever of the lines is left
        asked.is_set()
    sys.settrace(None)
    assert asked.is_set(), lines
"""

GRACE = """
import signal, time
from arbitrary_nst.cli import interrupt

asked = interrupt.Interrupt(grace=0.05)
signal.raise_signal(signal.SIGINT)
time.sleep(60)
"""

TWICE = GRACE.replace("grace=0.05", "grace=600").replace("time.sleep", "signal.raise_signal(signal.SIGINT)\ntime.sleep")


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)


def test_no_moment_is_the_wrong_one():
    """It comes between any two lines, of the library's code too, and is heard: no lock is taken twice."""
    ran = run(ANYWHERE)
    assert ran.returncode == 0, ran.stderr


def test_what_is_in_flight_has_its_time():
    ran = run(GRACE)
    assert ran.returncode == 130
    assert ran.stderr == "arbstyle: finishing what is in flight; Ctrl-C again stops at once\narbstyle: interrupted\n"


def test_the_second_stops_at_once():
    ran = run(TWICE)
    assert ran.returncode == 130 and ran.stderr.endswith("arbstyle: interrupted\n")
