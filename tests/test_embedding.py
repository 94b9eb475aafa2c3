"""A Stylizer inside other programs: threads, forks, spawned processes and pickles, over the real `mini`."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from arbitrary_nst import NSTError, Stylizer
from arbitrary_nst.engines import loaded
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.hardware.loading import loaded_once
from arbitrary_nst.options import ModelOptions

ROOT = Path(__file__).resolve().parent.parent
PHOTO = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)
FORKED = """
import os, signal, sys, warnings
import numpy as np
from arbitrary_nst import EngineError, Stylizer
warnings.simplefilter("ignore")  # Python's own, that the process has threads
photo = np.zeros((32, 32, 3), np.uint8)
stylizer, other = (Stylizer("mini", offline=True, engine="openvino") for _ in range(2))
stylizer.model
if "used" in sys.argv:
    stylizer.stylize(photo, photo)
if os.fork() == 0:
    signal.alarm(30)
    for each in (stylizer, other):
        try:
            print(each.stylize(photo, photo).shape)
        except EngineError as exc:
            print(exc)
    sys.stdout.flush()
    os._exit(0)
os.wait()
"""


def mini(**options):
    return Stylizer("mini", offline=True, engine="openvino", **options)


def drawn(stylizer):
    return stylizer.stylize(PHOTO, PHOTO[::-1].copy())


@pytest.fixture(scope="module")
def used():
    one = mini()
    return one, drawn(one)


# --- threads


def test_a_property_is_computed_by_one_thread_only():
    computed, together = [], threading.Barrier(8)

    class Slow:
        @loaded_once
        def value(self):
            """What it says."""
            computed.append(1)
            return object()

    slow = Slow()

    def ask(_):
        together.wait()
        return slow.value

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1
    assert len(computed) == 1
    assert Slow.value.__doc__ == "What it says."


class Flaky:
    """What fails to load once."""

    tries = 0

    @loaded_once
    def value(self):
        self.tries += 1
        return 1 // (self.tries - 1)


def test_what_failed_to_load_is_tried_again():
    flaky = Flaky()
    with pytest.raises(ZeroDivisionError):
        _ = flaky.value
    assert flaky.value == 1


def test_what_fails_ahead_is_told_once_where_it_is_asked_for_and_then_tried_again():
    flaky = Flaky()
    assert not Flaky.value.ahead(flaky)
    with pytest.raises(ZeroDivisionError):
        _ = flaky.value
    assert flaky.tries == 1
    assert Flaky.value.ahead(flaky) and flaky.value == 1


def test_a_session_loads_ahead_what_it_would_load_when_asked(used):
    one = mini()
    one.load_ahead()
    np.testing.assert_array_equal(drawn(one), used[1])
    again = pickle.loads(pickle.dumps(Stylizer("no-such-model")))
    again.load_ahead()
    with pytest.raises(NSTError, match="no-such-model"):
        _ = again.engine
    pickle.dumps(again)


def test_a_session_goes_on_with_what_was_begun(used, monkeypatch):
    begun, one = loaded.Loaded(used[0].options, print), mini()
    begun.load_ahead()
    one.go_on_with(begun)
    np.testing.assert_array_equal(drawn(one), used[1])
    assert one.engine is begun.engine
    np.testing.assert_array_equal(drawn(pickle.loads(pickle.dumps(one))), used[1])
    failing = Stylizer("no-such-model")
    begun = loaded.Loaded(failing.options, print)
    begun.load_ahead()
    failing.go_on_with(begun)
    with pytest.raises(NSTError, match="no-such-model"):
        _ = failing.engine


def test_only_what_is_here_is_begun(tmp_path):
    for model, here in (("mini", True), ("auto", False), ("lite", False), (str(tmp_path), False)):
        assert loaded.Loaded(ModelOptions(model=model), print).is_here() == here


def test_eight_threads_load_once_and_draw_the_same(used, monkeypatch):
    loads, load = [], loaded.load_engine
    monkeypatch.setattr(loaded, "load_engine", lambda *arguments: loads.append(1) or load(*arguments))
    shared, together = mini(), threading.Barrier(8)

    def work(_):
        together.wait()
        return drawn(shared)

    with ThreadPoolExecutor(8) as pool:
        for picture in pool.map(work, range(8)):
            np.testing.assert_array_equal(picture, used[1])
    assert len(loads) == 1


def test_threads_are_limited_and_the_picture_is_the_same():
    one, free = mini(threads=1, precision="f32"), mini(precision="f32")
    np.testing.assert_allclose(drawn(one), drawn(free), atol=1)  # levels; sums in another order
    assert one.engine._transform.get_property("INFERENCE_NUM_THREADS") == 1
    assert one.threads == 1


# --- processes


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("used", [True, False])
def test_after_a_fork_it_works_or_says_why_not(used):
    command = [sys.executable, "-c", FORKED, *["used"] * used]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    lines = ran.stdout.splitlines()
    assert len(lines) == 2, ran.stderr
    for line in lines:
        assert line.startswith("openvino: used before fork") if used else line == "(32, 32, 3)"


def test_a_used_one_is_pickled_and_loads_anew(used):
    again = pickle.loads(pickle.dumps(used[0]))
    assert not {"engine", "model"} & again.__dict__.keys()
    np.testing.assert_array_equal(drawn(again), used[1])
    assert "engine" in used[0].__dict__


def test_styles_and_settings_are_pickled(used):
    style = used[0].style(PHOTO, name="noise")
    again = pickle.loads(pickle.dumps(style))
    assert (again.name, again.model) == (style.name, style.model)
    np.testing.assert_array_equal(again.numbers, style.numbers)
    assert pickle.loads(pickle.dumps(Settings(quality=80))) == Settings(quality=80)


@pytest.mark.slow
def test_a_spawned_process_draws_the_same(used):
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(drawn, (used[0],)), used[1])


def test_engines_that_go_in_any_order_leave_signals_as_they_were():
    """OpenVINO's cores each lay a stack for signals under their thread: one that was freed would crash the next."""
    script = (
        "import signal\nfrom arbitrary_nst import Stylizer\n"
        "first, second = (Stylizer('mini', offline=True) for _ in range(2))\n"
        "first.engine, second.engine\ndel first\ndel second\n"
        "signal.signal(signal.SIGTERM, lambda *heard: print('heard'))\nsignal.raise_signal(signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
