"""Ctrl-C, SIGTERM and SIGHUP, wherever they land."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst.cli import interrupt
from arbitrary_nst.files.find import Input

FAKE = Path(__file__).parent / "fake_command.py"

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


# --- the command


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "style.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    return tmp_path


def started(folder, *arguments, busy="", before=()):
    """The command over the fake engine; where it is busy, once it is."""
    call = [*before, sys.executable, FAKE, *map(str, arguments)]
    environment = {**os.environ, "ARBSTYLE_TEST_BUSY": busy}
    process = subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
    )
    if busy in ("sleep", "compute"):
        assert process.stdout.readline() == "busy\n"
    return process


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_second_signal_stops_at_once_even_while_the_engine_computes(folder, name, code):
    process = started(folder, "run", "a.jpg", "-s", "style.png", busy="compute")
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    assert "finishing" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code and time.monotonic() - began < 2.5 and err == "arbstyle: interrupted\n"
    assert sorted(each.name for each in folder.iterdir()) == ["a.jpg", "b.jpg", "style.png"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_finishes_what_is_in_flight_and_sums_up(folder, name, code):
    for number in range(60):
        shutil.copy(folder / "a.jpg", folder / f"{number:02}.jpg")
    process = started(folder, "run", ".", "-s", "style.png", "-o", "out", "--json", busy="0.05")
    done = [process.stdout.readline()]
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    done += out.splitlines()
    assert process.returncode == code and "Traceback" not in err
    assert len(list((folder / "out").glob("*.jpg"))) == len(done) < 62
    assert f"{len(done)} done" in err and f"{62 - len(done)} not begun" in err


def test_the_best_of_a_refinement_is_kept(folder, monkeypatch):
    """The stream hands on the wish to stop, and writes what it is given."""
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.stream import stylize_many
    from arbitrary_nst.refinement.record import Refined, Step
    from arbitrary_nst.refinement.settings import Refinement

    class Refiner:
        def refine(self, photo, style, start, on_step):
            steps = [Step(number, 20, 0.0, 1.0, 1.0, 1.0, 3.0, 100, 1.0) for number in range(100)]
            for number, step in enumerate(steps):
                if on_step(step, photo):
                    return Refined(photo, steps[: number + 1], "stopped")
            raise AssertionError("never stopped")

    stylizer, seen, ended = fake_stylizer(), [], []
    stylizer.vgg19 = stylizer.refiner = lambda how: Refiner()
    settings = Settings(
        folder / "out", refinement=Refinement(), on_step=lambda *step: seen.append(step), on_end=ended.append
    )
    photos = [Input(folder / name) for name in ("a.jpg", "b.jpg")]
    (result,) = stylize_many(stylizer, photos, [folder / "style.png"], settings, stop=lambda: len(seen) > 4)
    assert result.error is None and Path(result.output).is_file() and "the best of 4 steps" in result.notes[0]
    assert ended == [result.output]


@pytest.mark.slow
def test_what_timeout_sends_twice_is_one(folder):
    script = GRACE.replace("grace=0.05", "grace=0.6").replace(
        "time.sleep(60)", "signal.raise_signal(signal.SIGTERM)\ntime.sleep(.05)\nsignal.raise_signal(signal.SIGHUP)\n"
        "time.sleep(.3)\nprint('still here', flush=True)\ntime.sleep(60)",
    ).replace("signal.SIGINT", "signal.SIGTERM")  # fmt: skip
    ran = run(script)
    assert ran.returncode == 143 and ran.stdout == "still here\n"


@pytest.mark.slow
def test_nohup_is_respected(folder):
    ignoring = [sys.executable, "-c", "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                                      "os.execv(sys.argv[1], sys.argv[1:])"]  # fmt: skip
    process = started(folder, "run", "a.jpg", "b.jpg", "-s", "style.png", busy="0.5", before=ignoring)
    time.sleep(0.3)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_dry_run_hears_it(folder):
    process = started(folder, "run", "a.jpg", "b.jpg", "-s", "style.png", "--dry-run", busy="sleep")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == "arbstyle: interrupted\n"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_while_importing_it_leaves_without_a_traceback(folder, name, code):
    script = (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == '{module}': os.kill(os.getpid(), {number})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from arbitrary_nst.__main__ import main\n"
        "main()\n"
    )
    for module in ("typer", "arbitrary_nst.cli.run", "numpy", "arbitrary_nst.stylizer"):
        now = script.format(module=module, number=int(getattr(signal, name)))
        call = [sys.executable, "-c", now, "run", "a.jpg", "-s", "style.png", "-m", "mini"]
        ran = subprocess.run(call, capture_output=True, text=True, cwd=folder, timeout=60)
        assert (ran.returncode, ran.stderr) == (code, "arbstyle: interrupted\n"), (module, ran.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_watch_ends_too(folder, name, code):
    (folder / "in").mkdir()
    process = started(folder, "watch", "in", "-s", "style.png", "-o", "out")
    assert "watching" in process.stderr.readline()
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=30)
    assert process.returncode == code and "Traceback" not in err


def test_what_listened_before_listens_again():
    handlers = [signal.getsignal(each) for each in interrupt.SIGNALS]
    wakeup, threads = signal.set_wakeup_fd(-1), psutil.Process().num_threads()
    signal.set_wakeup_fd(wakeup)
    with interrupt.Interrupt(5) as outer, interrupt.Interrupt(5, raises=True):
        with pytest.raises(interrupt.Interrupted):
            signal.raise_signal(signal.SIGTERM)
        assert not outer.is_set()
    assert [signal.getsignal(each) for each in interrupt.SIGNALS] == handlers
    again = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(again)
    assert again == wakeup
    deadline = time.monotonic() + 5
    while psutil.Process().num_threads() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert psutil.Process().num_threads() <= threads


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_as_the_first_process_of_a_container(folder):
    apart = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*apart, "true"], capture_output=True).returncode:
        pytest.skip("not allowed to make a process namespace")
    (folder / "in").mkdir()
    for number in range(99):
        shutil.copy(folder / "a.jpg", folder / "in" / f"{number:02}.jpg")
    process = started(folder, "run", "in", "-s", "style.png", "-o", "out", "--json", busy="0.05", before=apart)
    process.stdout.readline()
    (inner,) = psutil.Process(process.pid).children()
    inner.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert "finishing" in err and "not begun" in err and process.returncode == 143
